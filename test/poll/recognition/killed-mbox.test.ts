import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { createServer } from '../../../src/pop3-server/index.ts';
import { Ferry, mail, pollAndDie, serve, storedAll } from '../ferry.ts';
import { NO_UIDL, serveNamed, takeAway } from '../odd-server.ts';
import { DAY_MS, keptFor } from '../policies.ts';

// An mbox shows no names: what a killed poll has left there is known by its intents and by its content.

const [ONE, TWO, THREE] = [mail('first'), mail('two'), mail('three')] as const;
const TO_MBOX = { destinations: ['mbox'] } as const;

describe('what a killed poll has left in an mbox is recorded with what tells it from others:', () => {
  test.each([
    ['of another size', mail('new', 'line\r\n'.repeat(200))],
    ['of the same size', mail('neu', 'two')],
  ])('I1: mail under its unique-id is carried before it is deleted, %s', async (_, fresh) => {
    await using server = await serveNamed([
      [ONE, 'a'],
      [TWO, 'b'],
    ]);
    await using ferry = await Ferry.to(server.address, { ...TO_MBOX, account: keptFor(2) });
    await pollAndDie(ferry);
    await ferry.poll();
    await takeAway(server, 1);
    server.maildrop('alice').add(fresh, { uid: 'b' });
    for (let days = 0; days < 8; days += 1) {
      ferry.runtime.advance(DAY_MS);
      await ferry.poll();
    }
    expect(server.maildrop('alice').messages).toEqual([]);
    expect(await ferry.mail('mbox')).toEqual(storedAll(ONE, TWO, fresh));
  });

  test('I8: under another unique-id it is neither stored nor downloaded again', async () => {
    await using server = await serve(ONE, TWO);
    await using ferry = await Ferry.to(server.address, TO_MBOX);
    await pollAndDie(ferry);
    await ferry.poll();
    server.setFaults([{ do: 'uids', prefix: 'new-' }]);
    ferry.takeCommands();
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, kept: 2 });
    expect(ferry.takeCommands().filter((line) => line.startsWith('RETR'))).toEqual([]);
  });
});

const read = (text: string): string =>
  text.replaceAll('\n\n', '\nStatus: RO\n\n').replaceAll(/(?<=\n)Status: RO\n\n(?=From |$)/g, '\n');
const deleted = (text: string): string => text.slice(text.indexOf('\nFrom ') + 1);

describe('I3: what a killed poll has left in an mbox that a mail program rewrites before the next one', () => {
  test.each([
    ['since all was read', [], read],
    ['since what was before it was deleted', [], deleted],
    ['since what was before it was deleted, without unique-ids', NO_UIDL, deleted],
  ] as const)('is there once, and deleted on the server: %s', async (_, faults, change) => {
    await using server = await serve(ONE);
    server.setFaults(faults);
    await using ferry = await Ferry.to(server.address, TO_MBOX);
    await ferry.poll();
    for (const text of [TWO, THREE]) server.maildrop('alice').add(text);
    await pollAndDie(ferry);
    const path = ferry.folder.at('mbox');
    await writeFile(path, change(await readFile(path, 'latin1')), 'latin1');
    const subjects = async (): Promise<unknown> =>
      (await readFile(path, 'latin1')).match(/^Subject: .*$/gm)?.sort();
    const before = await subjects();
    expect(await ferry.poll({ deletion: { kind: 'after-delivery' } })).toMatchObject({ outcome: 'ok' });
    expect(await subjects()).toEqual(before);
    expect(server.maildrop('alice').messages).toEqual([]);
  });

  test('is not the equal mail of another account, which was recorded and has moved (I1)', async () => {
    const drops = {
      alice: { password: 'secret', messages: [ONE] },
      bob: { password: 'secret', messages: [ONE] },
    };
    await using server = await createServer({ users: drops });
    await using ferry = await Ferry.to(server.address, {
      ...TO_MBOX,
      account: { deletion: { kind: 'after-delivery' } },
    });
    await writeFile(
      ferry.folder.at('mbox'),
      'From x@y Thu Jan  1 00:00:00 2026\nSubject: other\n\nother\n\n',
    );
    await pollAndDie(ferry);
    const path = ferry.folder.at('mbox');
    const text = await readFile(path, 'latin1');
    await writeFile(path, text.slice(0, text.lastIndexOf('\nFrom ') + 1), 'latin1');
    await ferry.poll({ name: 'home', user: 'bob' });
    await writeFile(path, deleted(await readFile(path, 'latin1')), 'latin1');
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, deleted: 1 });
    expect(await ferry.mail('mbox')).toEqual(storedAll(ONE, ONE));
  });
});
