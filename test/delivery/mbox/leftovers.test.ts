import { mkdir, readdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { removeMboxLeftovers, spoolPath } from '../../../src/delivery/mbox/leftovers.ts';
import { FakeRuntime } from '../../support/fake-runtime.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const OLD = Date.UTC(2019, 0, 1) / 1000;
const YOUNG = Date.UTC(2026, 0, 3) / 1000;

test.each([
  ['a spool of a dead process', '.mbox.spool.ferry.example.99.0001', OLD, false],
  ['a spool of a process that had our process id', '.mbox.spool.ferry.example.4242.0001', OLD, false],
  ['a prepared lock of a dead process', 'mbox.lock.ferry.example.99.0001', OLD, false],
  ['a stale lock of a dead process', 'mbox.lock.ferry.example.99.0001.stale', OLD, false],
  ['a spool of a living process', '.mbox.spool.ferry.example.77.0001', OLD, true],
  ['a spool of this very process', '.mbox.spool.ferry.example.4242.0001', YOUNG, true],
  ['a young spool of a dead process', '.mbox.spool.ferry.example.99.0001', YOUNG, true],
  ['a spool of another host', '.mbox.spool.other.example.99.0001', OLD, true],
  ['a spool of another mbox', '.inbox.spool.ferry.example.99.0001', OLD, true],
  ['the lock itself', 'mbox.lock', OLD, true],
  ['the mbox', 'mbox', OLD, true],
  ['a file of somebody', '.mbox.spool.ferry.example.99.txt', OLD, true],
])('beside an mbox, %s is removed or stays as it should', async (_, name, seconds, stays) => {
  await using folder = await temporaryFolder();
  const runtime = new FakeRuntime();
  runtime.alive.add(77);
  await writeFile(folder.at(name), '');
  await utimes(folder.at(name), seconds, seconds);
  await removeMboxLeftovers(folder.at('mbox'), runtime);
  expect(await readdir(folder.path)).toEqual(stays ? [name] : []);
});

test('the name of a spool is one that is found again', async () => {
  await using folder = await temporaryFolder();
  const runtime = new FakeRuntime();
  runtime.hostName = 'a/b';
  const path = spoolPath(folder.at('mbox'), runtime);
  await writeFile(path, '');
  await utimes(path, OLD, OLD);
  await removeMboxLeftovers(folder.at('mbox'), runtime);
  expect(await readdir(folder.path)).toEqual([]);
});

test('a lock that a dead process has prepared beside the mbox that a symbolic link leads to is removed', async () => {
  await using folder = await temporaryFolder();
  await mkdir(folder.at('real'));
  await symlink('real/inbox', folder.at('mbox'));
  const path = folder.at('real/inbox.lock.ferry.example.99.0001');
  await writeFile(path, '');
  await utimes(path, OLD, OLD);
  await removeMboxLeftovers(folder.at('mbox'), new FakeRuntime());
  expect(await readdir(folder.at('real'))).toEqual([]);
});
