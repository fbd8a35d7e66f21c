import { copyFile, cp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { Database } from '../../src/ledger/database.ts';
import { isOfAnother, lookAt, type Sight, wasPutBack } from '../../src/ledger/seal.ts';
import { SqliteLedger } from '../../src/ledger/sqlite-ledger.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';
import { CLEAN_END, delivery, uid, WITHOUT_NEWEST_FORM } from './fixtures.ts';

/** Carries one message, by a process of its own. */
async function carryOne(folder: TemporaryFolder, name: string): Promise<void> {
  const ledger = await SqliteLedger.open(folder.at('state'));
  await write(ledger, name);
  ledger.close();
}

async function write(ledger: SqliteLedger, ...names: readonly string[]): Promise<void> {
  const account = ledger.account('work');
  await account.openPoll();
  for (const name of names) await account.recordDelivery(delivery({ uid: uid(name) }));
  await account.closePoll(CLEAN_END);
}

/** A process that has carried these, and is killed: nobody closes its ledger, and the kernel drops its lock. */
async function killed(folder: TemporaryFolder, ...names: readonly string[]): Promise<Disposable> {
  const ledger = await SqliteLedger.open(folder.at('state'));
  await write(ledger, ...names);
  await rename(folder.at('state', 'owner.lock'), folder.at('lock-of-the-dead'));
  return { [Symbol.dispose]: () => ledger.close() };
}

async function isTakenForPutBack(folder: TemporaryFolder): Promise<boolean> {
  const ledger = await SqliteLedger.open(folder.at('state'));
  const opened = await ledger.account('work').openPoll();
  ledger.close();
  return opened.ledgerWasPutBack;
}

/** Copies of these files of the state folder go to another one; without names, all of it. */
async function copyState(folder: TemporaryFolder, from: string, to: string): Promise<void> {
  await cp(folder.at(from), folder.at(to), { recursive: true, preserveTimestamps: true });
}

describe('I8: a ledger counts as put back from a backup when', () => {
  test('it was copied with its log while it was in use, and its user has ended well since', async () => {
    await using folder = await temporaryFolder();
    await carryOne(folder, 'u1');
    const ledger = await SqliteLedger.open(folder.at('state'));
    await write(ledger, 'u2');
    await copyState(folder, 'state', 'backup');
    await write(ledger, 'u3');
    ledger.close();
    for (const name of ['ledger.db', 'ledger.db-wal'])
      await copyFile(folder.at('backup', name), folder.at('state', name));
    expect(await isTakenForPutBack(folder)).toBe(true);
  });

  test.each(['u1', 'u2'])(
    'the whole folder was copied while it was in use (after %s), and its user was killed',
    async (last) => {
      await using folder = await temporaryFolder();
      await carryOne(folder, 'u0');
      const ledger = await SqliteLedger.open(folder.at('state'));
      await write(ledger, 'u1');
      if (last === 'u2') await write(ledger, 'u2');
      await copyState(folder, 'state', 'backup');
      await write(ledger, 'u3');
      await rename(folder.at('state'), folder.at('gone'));
      await copyState(folder, 'backup', 'state');
      expect(await isTakenForPutBack(folder)).toBe(true);
      ledger.close();
    },
  );

  test('another file was put in its place while it was in use, which is not sealed when it is closed', async () => {
    await using folder = await temporaryFolder();
    await carryOne(folder, 'u1');
    await copyFile(folder.at('state', 'ledger.db'), folder.at('yesterday'));
    const ledger = await SqliteLedger.open(folder.at('state'));
    await write(ledger, 'u2');
    await rename(folder.at('yesterday'), folder.at('state', 'ledger.db'));
    ledger.close();
    expect(await isTakenForPutBack(folder)).toBe(true);
  });

  test('it was put back after its user was killed, whose log is set aside and not mixed with it', async () => {
    await using folder = await temporaryFolder();
    await carryOne(folder, 'u1');
    await copyFile(folder.at('state', 'ledger.db'), folder.at('yesterday'));
    using _dead = await killed(folder, 'u2');
    await rename(folder.at('yesterday'), folder.at('state', 'ledger.db'));
    const ledger = await SqliteLedger.open(folder.at('state'));
    const account = ledger.account('work');
    expect([...account.listed().keys()]).toEqual(['u1']);
    expect(await account.openPoll()).toMatchObject({ ledgerWasPutBack: true });
    ledger.close();
  });

  test('it is a copy of two moments, which is set aside as damaged', async () => {
    await using folder = await temporaryFolder();
    const path = folder.at('state', 'ledger.db');
    await carryOne(folder, 'u1');
    const early = await readFile(path);
    const ledger = await SqliteLedger.open(folder.at('state'));
    await write(ledger, ...Array.from({ length: 100 }, (_, index) => `v${index}`));
    ledger.close();
    const late = await readFile(path);
    await rm(path);
    await writeFile(
      path,
      Buffer.concat([late.subarray(0, early.length / 2), early.subarray(early.length / 2)]),
    );
    const opened = await SqliteLedger.open(folder.at('state'));
    expect(opened.replaced).toBeDefined();
    opened.close();
  });
});

describe('I8: a ledger is the one that was used last', () => {
  test('when it was opened, and not written to before the process died', async () => {
    await using folder = await temporaryFolder();
    await carryOne(folder, 'u1');
    const ledger = await SqliteLedger.open(folder.at('state'));
    await rename(folder.at('state', 'owner.lock'), folder.at('lock-of-the-dead'));
    expect(await isTakenForPutBack(folder)).toBe(false);
    ledger.close();
  });

  test.each([[[]], [['u2']], [['u2', 'u3']]])(
    'when the process that has carried %j with it was killed',
    async (names) => {
      await using folder = await temporaryFolder();
      await carryOne(folder, 'u1');
      using _dead = await killed(folder, ...names);
      expect(await isTakenForPutBack(folder)).toBe(false);
    },
  );

  test('when somebody who looked at it has brought its log into it after a kill', async () => {
    await using folder = await temporaryFolder();
    await carryOne(folder, 'u1');
    using _dead = await killed(folder, 'u2');
    const database = Database.open(folder.at('state', 'ledger.db'));
    database.execute('PRAGMA wal_checkpoint(TRUNCATE)');
    database.close();
    expect(await isTakenForPutBack(folder)).toBe(false);
  });

  test('when a loss of power took its last seal', async () => {
    await using folder = await temporaryFolder();
    await carryOne(folder, 'u1');
    const seal = await readFile(folder.at('state', 'ledger.db.seal'));
    await carryOne(folder, 'u2');
    await writeFile(folder.at('state', 'ledger.db.seal'), seal);
    expect(await isTakenForPutBack(folder)).toBe(false);
  });

  test('when an older version has closed it', async () => {
    await using folder = await temporaryFolder();
    const path = folder.at('state', 'ledger.db');
    await carryOne(folder, 'u1');
    const database = Database.open(path);
    database.execute(`${WITHOUT_NEWEST_FORM} DROP TABLE generation; PRAGMA user_version = 13`);
    database.close();
    const { inode, changed } = lookAt(path).ledger ?? {};
    await writeFile(`${path}.seal`, `${inode} ${changed}\n`);
    expect(await isTakenForPutBack(folder)).toBe(false);
    expect(await isTakenForPutBack(folder)).toBe(false);
  });
});

describe('I8: what stands in the state folder before a ledger is opened tells', () => {
  const ledger = { inode: '7', born: '6', changed: '8' };
  const log = { inode: '9', born: '6', changed: '8' };
  const open = { state: 'open', generation: 'b', ledger, log } as const;
  const closed = { ...open, state: 'closed', log: undefined } as const;
  const older = { ...closed, generation: undefined, ledger: { ...ledger, born: undefined } };
  const sight = (changes: Partial<Sight>): Sight => ({
    ledger,
    log,
    hasLog: true,
    seal: open,
    sealFile: 's',
    ...changes,
  });
  const NO_LOG = { log: undefined, hasLog: false };
  const KNOWN = [
    { name: 'b', seal: 's' },
    { name: 'a', seal: null },
  ];
  const CHANGED = { ledger: { ...ledger, changed: '10' } };

  test.each<[string, Partial<Sight>, typeof KNOWN, boolean]>([
    ['a killed process', {}, KNOWN, false],
    ['a killed process whose log a reader has brought in', { ...NO_LOG, ...CHANGED }, KNOWN, false],
    ['a killed process whose log is gone', NO_LOG, KNOWN.slice(1), true],
    ['a copy of the whole folder that got the same numbers', { sealFile: 't' }, KNOWN, true],
    ['another file of the same number', { ledger: { ...ledger, born: '5' } }, KNOWN, true],
    [
      'a seal of a process before the one that was killed',
      { seal: { ...closed, generation: 'a' } },
      KNOWN,
      false,
    ],
    ['no ledger', { ledger: undefined }, [], false],
    ['no seal, and a log', { seal: undefined }, KNOWN, false],
    ['no seal and no log', { ...NO_LOG, seal: undefined }, KNOWN, true],
    ['a closed one', { ...NO_LOG, seal: closed }, KNOWN, false],
    ['a closed one that was changed since', { ...NO_LOG, ...CHANGED, seal: closed }, KNOWN, true],
    ['one that an older version has closed', { ...NO_LOG, seal: older }, [], false],
    ['one that an older version has closed, changed since', { ...NO_LOG, ...CHANGED, seal: older }, [], true],
    ['one that an older version has not closed', { ...CHANGED, seal: older }, [], false],
  ])('%s', (_, changes, generations, isPutBack) => {
    expect(wasPutBack(sight(changes), generations)).toBe(isPutBack);
  });

  test.each<[string, Partial<Sight>, boolean]>([
    ['its own', {}, false],
    ['that of the file before', { ledger: { ...ledger, inode: '10' } }, true],
    ['that of the file before, which had its number', { ledger: { ...ledger, born: '5' } }, true],
    ['its own of the same number', { ledger: { ...ledger, inode: '10' }, log: { ...log, born: '5' } }, false],
    ['one that nobody noted', { ledger: { ...ledger, inode: '10' }, seal: closed }, false],
  ])('whose log it is: %s', (_, changes, isAnothers) => {
    expect(isOfAnother(sight(changes))).toBe(isAnothers);
  });
});
