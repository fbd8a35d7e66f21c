import { cp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sha256 } from '../../../src/message/sha256.ts';
import type { UniqueId } from '../../../src/pop3/types.ts';
import type { Faults } from '../../../src/pop3-server/index.ts';
import { Ferry, mail, pollAndDie, serve, storedAll } from '../ferry.ts';
import { NO_TOP } from '../odd-server.ts';

const [ONE, TWO, THREE, FOUR] = ['one', 'two', 'three', 'four'].map((name) => mail(name)) as [
  string,
  string,
  string,
  string,
];

const BOTH = { destinations: ['maildir', 'mbox'] } as const;

/** What happens to the ledger once all but FOUR were carried; the save is of the time when only ONE was. */
const ACCIDENTS: readonly (readonly [string, (ferry: Ferry) => Promise<unknown>])[] = [
  ['lost', (ferry) => rm(ferry.folder.at('state'), { recursive: true })],
  ['put back', putBack],
];

const NATURES: readonly (readonly [string, Faults])[] = [
  ['a server', []],
  ['a server without TOP', NO_TOP],
];

describe.each(ACCIDENTS)('I8: a ledger that was %s, and a kill of the next poll', (_, accident) => {
  test.each(NATURES)(
    'make nothing be stored twice, or be retrieved at each poll, of %s',
    async (__, faults) => {
      await using server = await serve(ONE);
      server.setFaults(faults);
      await using ferry = await Ferry.to(server.address, BOTH);
      await ferry.poll();
      await ferry.restart(() => cp(ferry.folder.at('state'), ferry.folder.at('saved'), { recursive: true }));
      server.maildrop('alice').add(TWO);
      server.maildrop('alice').add(THREE);
      await ferry.poll();
      await ferry.restart(() => accident(ferry));
      await ferry.ledger.openPoll();
      await ferry.restart();
      expect(await ferry.poll()).toMatchObject({ outcome: 'ok', kept: 3 });
      ferry.takeCommands();
      server.maildrop('alice').add(FOUR);
      expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, kept: 4 });
      expect(ferry.takeCommands().filter((line) => line.startsWith('RETR'))).toEqual(['RETR 4']);
      for (const place of BOTH.destinations)
        expect(await ferry.mail(place)).toEqual(storedAll(ONE, TWO, THREE, FOUR));
    },
  );

  test('do not answer what somebody is asked about mail that is not there any more', async () => {
    await using server = await serve(ONE);
    await using ferry = await Ferry.to(server.address);
    await ferry.poll();
    await ferry.restart(() => cp(ferry.folder.at('state'), ferry.folder.at('saved'), { recursive: true }));
    server.maildrop('alice').add(TWO);
    server.maildrop('alice').add(THREE);
    await ferry.poll();
    await takeOut(ferry.folder.at('maildir', 'new'), TWO);
    await ferry.restart(() => accident(ferry));
    const asks = { outcome: 'failed', fetched: 0, error: { code: 'ledger-lost' } };
    for (const _kill of ['before somebody was asked', 'after that']) {
      await ferry.ledger.openPoll();
      await ferry.restart();
      expect(await ferry.poll()).toMatchObject(asks);
    }
    expect(await ferry.mail()).toEqual(storedAll(ONE, THREE));
  });
});

test('I8: a backup from the middle of a poll that had nothing to ask does not answer for what came after it', async () => {
  await using server = await serve(ONE);
  await using ferry = await Ferry.to(server.address);
  await ferry.poll();
  await ferry.ledger.openPoll();
  await ferry.ledger.notePastAsking();
  await ferry.restart(() => cp(ferry.folder.at('state'), ferry.folder.at('saved'), { recursive: true }));
  server.maildrop('alice').add(TWO);
  server.maildrop('alice').add(THREE);
  await ferry.poll();
  await takeOut(ferry.folder.at('maildir', 'new'), TWO);
  await ferry.restart(() => putBack(ferry));
  expect(await ferry.poll()).toMatchObject({ outcome: 'failed', fetched: 0, error: { code: 'ledger-lost' } });
  expect(await ferry.mail()).toEqual(storedAll(ONE, THREE));
});

async function putBack(ferry: Ferry): Promise<void> {
  await rm(ferry.folder.at('state'), { recursive: true });
  await rename(ferry.folder.at('saved'), ferry.folder.at('state'));
}

/** Its owner moves a message elsewhere. */
async function takeOut(folder: string, message: string): Promise<void> {
  const [id = ''] = message.split('\r\n');
  for (const name of await readdir(folder))
    if ((await readFile(join(folder, name), 'latin1')).startsWith(id)) await rm(join(folder, name));
}

test.each(['maildir', 'mbox'] as const)(
  'I3: what a killed poll has delivered is recorded with the hash of what came, which may have to tell it later (%s)',
  async (place) => {
    await using server = await serve(mail('one'));
    await using ferry = await Ferry.to(server.address, { destinations: [place] });
    await pollAndDie(ferry);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0 });
    const [uid] = server.maildrop('alice').uids as UniqueId[];
    expect(ferry.ledger.withUniqueId(uid as UniqueId)).toMatchObject([
      { outcome: 'delivered', sha256: sha256(Buffer.from(mail('one'))) },
    ]);
  },
);
