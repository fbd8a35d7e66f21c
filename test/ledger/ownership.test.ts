import { copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { SqliteLedger } from '../../src/ledger/sqlite-ledger.ts';
import { Ferry, mail, serve, storedAll } from '../poll/ferry.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';
import { delivery } from './fixtures.ts';

const AFTER_DELIVERY = { deletion: { kind: 'after-delivery' } } as const;

/** What happens to the state folder of a process that goes on. */
const MISHAPS: readonly (readonly [string, string, (folder: TemporaryFolder) => Promise<void>])[] = [
  ['the folder was moved away', 'owner.lock', (folder) => rename(folder.at('state'), folder.at('gone'))],
  ['the folder was removed', 'owner.lock', (folder) => rm(folder.at('state'), { recursive: true })],
  ['its lock was removed', 'owner.lock', (folder) => rm(folder.at('state', 'owner.lock'))],
  [
    'another ledger was put there',
    'ledger.db',
    async (folder) => {
      await copyFile(folder.at('state', 'ledger.db'), folder.at('copy'));
      await rename(folder.at('copy'), folder.at('state', 'ledger.db'));
    },
  ],
];

describe('I6: a process whose ledger is not at its place any more', () => {
  test.each(MISHAPS)('writes nothing to it (%s)', async (_, named, happen) => {
    await using folder = await temporaryFolder();
    const ledger = await SqliteLedger.open(folder.at('state'));
    const account = ledger.account('work');
    await account.openPoll();
    await happen(folder);
    const refusal = {
      code: 'ledger',
      message: expect.stringContaining(folder.at('state', named)) as string,
      hint: expect.stringContaining('started again') as string,
    };
    await expect(account.openPoll()).rejects.toMatchObject(refusal);
    await expect(account.recordDelivery(delivery())).rejects.toMatchObject(refusal);
    await expect(account.noteStanding('{}')).rejects.toMatchObject(refusal);
    expect(() => ledger.account('another')).toThrow(expect.objectContaining({ code: 'ledger' }) as Error);
    ledger.close();
  });

  test('leaves it to the next one, whose log it does not remove when it ends', async () => {
    await using folder = await temporaryFolder();
    const before = await SqliteLedger.open(folder.at('state'));
    await before.account('work').recordDelivery(delivery());
    await rename(folder.at('state'), folder.at('gone'));
    await mkdir(folder.at('state'));
    const next = await SqliteLedger.open(folder.at('state'));
    await next.account('work').recordDelivery(delivery());
    before.close();
    await next.account('work').openPoll();
    next.close();
    const last = await SqliteLedger.open(folder.at('state'));
    expect(last.account('work').listed().size).toBe(1);
    expect(await last.account('work').openPoll()).toMatchObject({
      interrupted: true,
      ledgerWasPutBack: false,
    });
    last.close();
  });

  test('goes on when the folder is at its place again', async () => {
    await using folder = await temporaryFolder();
    const ledger = await SqliteLedger.open(folder.at('state'));
    await rename(folder.at('state'), folder.at('gone'));
    expect(() => ledger.account('work')).toThrow();
    await rename(folder.at('gone'), folder.at('state'));
    expect(await ledger.account('work').openPoll()).toMatchObject({
      interrupted: false,
      ledgerWasPutBack: false,
    });
    ledger.close();
  });
});

describe('I1: a poll under way whose ledger vanishes', () => {
  test('deletes nothing on the server, and what it has stored comes no second time', async () => {
    const messages = ['one', 'two', 'three'].map((name) => mail(name));
    await using server = await serve(...messages);
    await using ferry = await Ferry.to(server.address, { account: AFTER_DELIVERY });
    let gone: Promise<void> | undefined;
    ferry.onReceived = () => void (gone ??= rename(ferry.folder.at('state'), ferry.folder.at('gone')));
    expect(await ferry.poll()).toMatchObject({ outcome: 'failed', deleted: 0, error: { code: 'ledger' } });
    await gone;
    expect(server.maildrop('alice').messages).toHaveLength(3);
    await ferry.restart();
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', deleted: 3 });
    expect(await ferry.mail()).toEqual(storedAll(...messages));
  });
});
