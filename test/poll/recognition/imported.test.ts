import { describe, expect, test } from 'vitest';
import { previewAccount } from '../../../src/poll/preview.ts';
import type { UniqueId } from '../../../src/pop3/types.ts';
import type { Pop3Server } from '../../../src/pop3-server/index.ts';
import { Ferry, mail, serve, storedAll } from '../ferry.ts';

const NEVER = new AbortController().signal;

async function serverWith(...uids: string[]): Promise<Pop3Server> {
  const server = await serve();
  for (const uid of uids) server.maildrop('alice').add(mail(uid), { uid });
  return server;
}

function remembered(...uids: string[]): { uid: UniqueId; seenAt: number }[] {
  return uids.map((uid) => ({ uid: uid as UniqueId, seenAt: 1000 }));
}

describe('what another program remembers', () => {
  test('is not downloaded, and never deleted, also with "after-delivery"', async () => {
    await using server = await serverWith('u1', 'u2', 'u3');
    await using ferry = await Ferry.to(server.address, { account: { deletion: { kind: 'after-delivery' } } });
    expect(await ferry.ledger.recordImported(remembered('u1', 'u3', 'u3', 'gone'), 'mpop')).toBe(3);
    for (const fetched of [1, 0]) expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched });
    expect(await ferry.mail()).toEqual(storedAll(mail('u2')));
    expect(server.maildrop('alice').uids).toEqual(['u1', 'u3']);
  });

  test('does not take the place of what the ledger knows', async () => {
    await using server = await serverWith('u1');
    await using ferry = await Ferry.to(server.address);
    await ferry.poll();
    expect(await ferry.ledger.recordImported(remembered('u1'), 'mpop')).toBe(0);
    expect(ferry.ledger.withUniqueId('u1' as UniqueId)).toMatchObject([{ outcome: 'delivered' }]);
  });

  test('getmail writes / as -: found again, by a dry run without a change, by a poll for good', async () => {
    await using server = await serverWith('a/b', 'c-d', 'e/f');
    await using ferry = await Ferry.to(server.address, { account: { deletion: { kind: 'after-delivery' } } });
    await ferry.ledger.recordImported(remembered('a-b', 'c-d'), 'getmail');
    const { decisions } = await previewAccount(ferry.account, ferry.deps(), { stop: NEVER, abort: NEVER });
    expect(decisions.map(({ reason }) => reason)).toEqual(['carried', 'carried', 'new']);
    expect([...ferry.ledger.listed().keys()]).toEqual(['a-b', 'c-d']);
    for (const fetched of [1, 0, 0]) expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched });
    expect(server.maildrop('alice').uids).toEqual(['a/b', 'c-d']);
  });

  test('getmail could mean either of two: the one that is listed as it stands there counts', async () => {
    await using server = await serverWith('a/b', 'a-b');
    await using ferry = await Ferry.to(server.address);
    await ferry.ledger.recordImported(remembered('a-b'), 'getmail');
    await ferry.poll();
    expect(await ferry.mail()).toEqual(storedAll(mail('a/b')));
  });

  test('another program means what it writes: u-1 is not u/1', async () => {
    await using server = await serverWith('u/1');
    await using ferry = await Ferry.to(server.address);
    await ferry.ledger.recordImported(remembered('u-1'), 'mpop');
    expect(await ferry.poll()).toMatchObject({ fetched: 1 });
  });
});
