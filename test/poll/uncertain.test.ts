import { readdir, rm } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { createServer } from '../../src/pop3-server/index.ts';
import { Ferry, mail, storedAll } from './ferry.ts';
import { NUMBERS, takeAway } from './odd-server.ts';

const DAY_MS = 86_400_000;
const AFTER = { deletion: { kind: 'after', milliseconds: 2 * DAY_MS } } as const;
/** As when its owner has moved all of it elsewhere. */
async function emptyMaildir({ folder }: Ferry): Promise<void> {
  for (const name of await readdir(folder.at('maildir/new'))) await rm(folder.at('maildir/new', name));
}

const [ONE, TWO] = [mail('one'), mail('two')];
const BARE = 'Message-ID: <bare@mail.example>\r\nSubject: bare\r\n\r\nFrom here\nbare\r\n';

describe('what may not be the message that is here, before it is deleted,', () => {
  test('is compared also under a number that another record has as well', async () => {
    await using server = await createServer({
      users: { alice: { password: 'secret', messages: [ONE, TWO] } },
    });
    server.setFaults(NUMBERS);
    await using ferry = await Ferry.to(server.address, { account: AFTER });
    await ferry.poll();
    await ferry.restart(() => rm(ferry.folder.at('state'), { recursive: true }));
    await ferry.poll();
    await takeAway(server);
    await ferry.poll();
    ferry.runtime.advance(2 * DAY_MS);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, deleted: 1 });
    expect(await ferry.mail()).toEqual(storedAll(ONE, TWO));
    expect(server.maildrop('alice').messages).toEqual([]);
  });

  test.each([
    ['ordinary, in a Maildir', 'maildir', ONE, () => Promise.resolve()],
    ['ordinary, in an mbox', 'mbox', ONE, () => Promise.resolve()],
    ['with bare LFs', 'maildir', BARE, () => Promise.resolve()],
    ['with bare LFs, and moved by its owner', 'maildir', BARE, emptyMaildir],
  ] as const)(
    'is not stored twice, and goes, though RETR was refused once: %s',
    async (_, kind, message, change) => {
      await using server = await createServer({
        users: { alice: { password: 'secret', messages: [message] } },
      });
      await using ferry = await Ferry.to(server.address, { account: AFTER, destinations: [kind] });
      await ferry.poll();
      await ferry.restart(() => rm(ferry.folder.at('state'), { recursive: true }));
      await ferry.poll();
      await change(ferry);
      const before = await ferry.mail(kind);
      ferry.runtime.advance(2 * DAY_MS);
      server.setFaults([{ do: 'refuse', command: 'RETR' }]);
      expect(await ferry.poll()).toMatchObject({ outcome: 'partial', deleted: 0 });
      server.setFaults([]);
      await ferry.poll();
      ferry.runtime.advance(2 * DAY_MS);
      await ferry.poll();
      expect(await ferry.mail(kind)).toEqual(before);
      expect(server.maildrop('alice').messages).toEqual([]);
    },
  );
});
