import { describe, expect, test } from 'vitest';
import type { Faults } from '../../src/pop3-server/index.ts';
import { Ferry, mail, storedAll } from './ferry.ts';
import { markedAsRead, NO_UIDL, rewrite, serveNamed } from './odd-server.ts';
import { NEVER } from './policies.ts';

const [ONE, TWO, THREE] = [mail('one'), mail('two'), mail('three')] as const;
const REFUSED: Faults = [{ do: 'refuse', command: 'UIDL', text: 'internal error' }];
const TRY_LATER = { outcome: 'failed', fetched: 0, error: { code: 'server-temporary' } };

describe('a server that has unique-ids, and refuses to list them,', () => {
  test('I8: is asked again in the next poll, and nothing is compared by its content', async () => {
    await using server = await serveNamed([[ONE], [TWO]]);
    await using ferry = await Ferry.to(server.address, { account: NEVER });
    await ferry.poll();
    await rewrite(server, (message) => `X-Scanned: twice\r\n${message}`);
    server.maildrop('alice').add(THREE);
    server.setFaults(REFUSED);
    ferry.takeCommands();
    expect(await ferry.poll()).toMatchObject(TRY_LATER);
    expect(ferry.takeCommands().filter((line) => /^(RETR|TOP)/.test(line))).toEqual([]);
    server.setFaults([]);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, kept: 3 });
    expect(await ferry.mail()).toEqual(storedAll(ONE, TWO, THREE));
  });

  test('does not block the account when it goes on: all is compared by its content, marked as read or not', async () => {
    await using server = await serveNamed([[ONE], [TWO]]);
    await using ferry = await Ferry.to(server.address, { account: NEVER });
    await ferry.poll();
    await rewrite(server, markedAsRead);
    server.maildrop('alice').add(THREE);
    server.setFaults(REFUSED);
    expect(await ferry.poll()).toMatchObject(TRY_LATER);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, kept: 3 });
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, kept: 3 });
    server.setFaults([]);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, kept: 3 });
    expect(await ferry.mail()).toEqual(storedAll(ONE, TWO, THREE));
  });

  test('is believed at once where its capabilities say so, and where it never had any', async () => {
    await using server = await serveNamed([[ONE], [TWO]], REFUSED);
    await using ferry = await Ferry.to(server.address, { account: NEVER });
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 2 });
    server.setFaults([]);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0 });
    server.setFaults(NO_UIDL);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, kept: 2 });
  });

  test('is no obstacle to a maildrop without mail', async () => {
    await using server = await serveNamed([[ONE]]);
    await using ferry = await Ferry.to(server.address, { account: NEVER });
    await ferry.poll();
    const maildrop = server.maildrop('alice');
    await maildrop.remove(await maildrop.list());
    server.setFaults(REFUSED);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', listed: 0 });
  });
});
