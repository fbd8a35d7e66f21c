import { readdir, readFile, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { Pop3Server } from '../../../src/pop3-server/index.ts';
import { systemRuntime } from '../../../src/runtime.ts';
import { withMethods } from '../../support/with-methods.ts';
import { Ferry, mail, pollAndDie, serve, stored, storedAll } from '../ferry.ts';
import { NO_UIDL } from '../odd-server.ts';
import { AFTER_DELIVERY, DAY_MS, keptFor, NEVER } from '../policies.ts';

const CONFIRMED = { confirmDelete: true };
const AFTER = keptFor(1);
const [ONE, TWO] = [mail('one'), mail('two')];

const many = (count: number): string[] => Array.from({ length: count }, (_, index) => mail(`m${index}`));

/** By the clock of an account whose mail is delivered before any folder is made that comes next. */
async function early({ address }: Pop3Server): Promise<Ferry> {
  const ferry = await Ferry.to(address, { account: NEVER });
  ferry.runtime.time = systemRuntime.now() - 60_000;
  return ferry;
}

/** Changes one octet of a message that is stored, and not its size. */
async function rot({ folder }: Ferry, name: string): Promise<void> {
  for (const file of await readdir(folder.at('maildir/new'))) {
    const path = folder.at('maildir/new', file);
    const text = await readFile(path, 'latin1');
    if (text.includes(`Subject: ${name}`)) await writeFile(path, `${text.slice(0, -2)}!\n`);
  }
}

describe('I1: what has waited because deletions failed', () => {
  test.each(['DELE', 'QUIT'] as const)(
    'is re-read before it is deleted (%s was refused)',
    async (command) => {
      await using server = await serve(ONE, TWO);
      await using ferry = await early(server);
      server.setFaults([{ do: 'refuse', command }]);
      await ferry.poll(AFTER_DELIVERY);
      server.setFaults([]);
      await ferry.loseMaildir();
      expect(await ferry.poll(AFTER_DELIVERY)).toMatchObject({
        deleted: 0,
        error: { code: 'deletion-unconfirmed' },
      });
      expect(server.maildrop('alice').messages).toHaveLength(2);
    },
  );

  test('counts as kept after a day, so that somebody is asked about many', async () => {
    await using server = await serve(...many(120));
    await using ferry = await Ferry.to(server.address);
    server.setFaults([{ do: 'cut', command: 'DELE', sessions: 2 }]);
    await ferry.poll(AFTER_DELIVERY);
    ferry.runtime.advance(2 * DAY_MS);
    expect(await ferry.poll(AFTER_DELIVERY)).toMatchObject({
      deleted: 0,
      error: { code: 'deletion-unconfirmed' },
    });
    expect(await ferry.poll(AFTER_DELIVERY, CONFIRMED)).toMatchObject({ outcome: 'ok', deleted: 120 });
  });
});

test('I2: no DELE is sent before the ledger has noted that it will be', async () => {
  await using server = await serve(ONE, TWO);
  await using ferry = await early(server);
  const sentBefore: boolean[] = [];
  ferry.wrapLedger = (ledger) =>
    withMethods(ledger, {
      noteDeleSent: async (records, at) => {
        await ledger.noteDeleSent(records, at);
        sentBefore.push(ferry.lines.some((line) => line.startsWith('sent DELE')));
      },
    });
  expect(await ferry.poll(AFTER_DELIVERY)).toMatchObject({ outcome: 'ok', deleted: 2 });
  expect(sentBefore).toEqual([false]);
});

describe('I1: what was only compared with what is here', () => {
  test.each([
    ['lost', (ferry: Ferry) => ferry.loseMaildir(), 'deletion-unconfirmed'],
    ['rotten', (ferry: Ferry) => rot(ferry, 'one'), 'message-changed'],
  ] as const)(
    'is re-read before it is deleted, on a server without UIDL: what is %s stays there',
    async (_, spoil, code) => {
      await using server = await serve(ONE);
      server.setFaults(NO_UIDL);
      await using ferry = await early(server);
      await ferry.poll();
      await spoil(ferry);
      ferry.runtime.advance(2 * DAY_MS);
      expect(await ferry.poll(AFTER)).toMatchObject({ deleted: 0, error: { code } });
      expect(server.maildrop('alice').messages).toHaveLength(1);
    },
  );
});

describe('I1: a word that confirms deletions', () => {
  test('counts for no question that was not asked, and all are asked at once', async () => {
    await using server = await serve(ONE, TWO);
    await using ferry = await early(server);
    await ferry.poll();
    await ferry.loseMaildir();
    ferry.runtime.advance(2 * DAY_MS);
    expect(await ferry.poll(AFTER, CONFIRMED)).toMatchObject({
      deleted: 0,
      error: { code: 'deletion-unconfirmed' },
    });
    expect(await ferry.poll(AFTER, CONFIRMED)).toMatchObject({ outcome: 'ok', deleted: 2 });
  });

  test('is asked for in the same report where other messages could not be carried', async () => {
    await using server = await serve(ONE, TWO);
    await using ferry = await early(server);
    await ferry.poll();
    await ferry.loseMaildir();
    server.maildrop('alice').add(mail('three'));
    server.setFaults([{ do: 'refuse', command: 'RETR', messages: [3] }]);
    ferry.runtime.advance(2 * DAY_MS);
    expect(await ferry.poll(AFTER)).toMatchObject({
      outcome: 'partial',
      skipped: 1,
      error: {
        code: 'deletion-unconfirmed',
        message: expect.stringContaining('2 of the messages') as string,
      },
    });
  });

  test('counts for twice as many as were asked about, and not for more', async () => {
    await using server = await serve(ONE);
    await using ferry = await early(server);
    await ferry.poll();
    await ferry.loseMaildir();
    ferry.runtime.advance(2 * DAY_MS);
    expect(await ferry.poll(AFTER)).toMatchObject({ deleted: 0 });
    for (const message of [TWO, mail('three')]) server.maildrop('alice').add(message);
    ferry.runtime.time = systemRuntime.now() - 60_000;
    await ferry.poll();
    await ferry.loseMaildir();
    ferry.runtime.advance(2 * DAY_MS);
    expect(await ferry.poll(AFTER, CONFIRMED)).toMatchObject({ deleted: 0 });
    expect(await ferry.poll(AFTER, CONFIRMED)).toMatchObject({ deleted: 3 });
  });

  test('tells of what is lost, too, when it is asked about many', async () => {
    await using server = await serve(...many(120));
    await using ferry = await early(server);
    await ferry.poll();
    await ferry.loseMaildir();
    ferry.runtime.advance(2 * DAY_MS);
    const { error } = await ferry.poll(AFTER);
    expect(error?.message).toMatch(/^120 messages that were kept .* 20 of the messages .* not in maildir:/);
    expect(error?.hint).toContain('mailferry refetch work');
    expect(await ferry.poll(AFTER, CONFIRMED)).toMatchObject({ deleted: 0 });
    expect(await ferry.poll(AFTER, CONFIRMED)).toMatchObject({ deleted: 120 });
  });
});

describe('I1: what is known only from what stands here, since the ledger was lost', () => {
  test('is compared with the message on the server before that is deleted, and comes once more where it has changed', async () => {
    await using server = await serve(ONE, TWO);
    await using ferry = await Ferry.to(server.address, { account: AFTER });
    await ferry.poll();
    await ferry.loseLedger();
    await rot(ferry, 'one');
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, deleted: 0 });
    expect(ferry.ledger.workedOut(`maildir:${ferry.folder.at('maildir')}`)).toBe(2);
    ferry.runtime.advance(2 * DAY_MS);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, deleted: 1 });
    const rotten = stored(ONE).replace(/one\n$/, 'on!\n');
    expect(await ferry.mail()).toEqual([...storedAll(ONE, TWO), rotten].sort());
    expect(server.maildrop('alice').messages.map(String)).toEqual([ONE]);
  });

  test('is compared once, also where it could not be deleted then', async () => {
    await using server = await serve(ONE);
    await using ferry = await Ferry.to(server.address, { account: AFTER });
    await ferry.poll();
    await ferry.loseLedger();
    await ferry.poll();
    ferry.runtime.advance(2 * DAY_MS);
    server.setFaults([{ do: 'refuse', command: 'DELE' }]);
    ferry.takeCommands();
    expect(await ferry.poll()).toMatchObject({ fetched: 0, deleted: 0 });
    expect(ferry.takeCommands()).toContain('RETR 1');
    expect(ferry.ledger.workedOut(`maildir:${ferry.folder.at('maildir')}`)).toBe(0);
    server.setFaults([]);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', deleted: 1 });
    expect(ferry.takeCommands()).not.toContain('RETR 1');
  });

  test('counts as such also where the first poll after the loss was killed', async () => {
    await using server = await serve(ONE);
    await using ferry = await Ferry.to(server.address, { account: AFTER });
    await ferry.poll();
    await ferry.loseLedger();
    await rot(ferry, 'one');
    await pollAndDie(ferry);
    await ferry.poll();
    ferry.runtime.advance(2 * DAY_MS);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, deleted: 0 });
  });

  test.each(['maildir', 'mbox'] as const)(
    'is deleted there where it is the same, with bare LFs, too (%s)',
    async (kind) => {
      const odd = 'Subject: odd\r\n\r\nFrom here\nbare\r\n';
      await using server = await serve(ONE, odd);
      await using ferry = await Ferry.to(server.address, { account: AFTER, destinations: [kind] });
      await ferry.poll();
      const before = await ferry.mail(kind);
      await ferry.loseLedger();
      expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, deleted: 0 });
      ferry.runtime.advance(2 * DAY_MS);
      expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, deleted: 2 });
      expect(await ferry.mail(kind)).toEqual(before);
    },
  );
});
