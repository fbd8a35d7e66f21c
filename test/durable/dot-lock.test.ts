import fs, { writeFileSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { describe, expect, test, vi } from 'vitest';
import { takeDotLock, takeDotLocks } from '../../src/durable/dot-lock.ts';
import { FakeRuntime } from '../support/fake-runtime.ts';
import { requireRoot } from '../support/programs.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

const STALE_MS = 900_000;

/** A runtime whose clock is that of the files, so that the age of a lock can be told. */
function runtimeNow(): FakeRuntime {
  const runtime = new FakeRuntime();
  runtime.time = new Date().getTime();
  runtime.startedAt = runtime.time - 3_600_000;
  runtime.readingMs = 60;
  return runtime;
}

function take(folder: TemporaryFolder, runtime: FakeRuntime, patienceMs = 50): Promise<() => Promise<void>> {
  return takeDotLock(folder.at('mbox'), { patienceMs, staleMs: STALE_MS, runtime });
}

/** As a user who may read nothing of others; the calls of all threads are his meanwhile. */
async function asNobody<T>(act: () => Promise<T>): Promise<T> {
  process.seteuid?.(65_534);
  try {
    return await act();
  } finally {
    process.seteuid?.(0);
  }
}

async function lockWith(
  folder: TemporaryFolder,
  text: string,
  { ageMs, runtime }: { ageMs: number; runtime: FakeRuntime },
): Promise<void> {
  await writeFile(folder.at('mbox.lock'), text);
  const at = new Date(runtime.time - ageMs);
  await utimes(folder.at('mbox.lock'), at, at);
}

describe('a dot-lock', () => {
  test('says whose it is, as Dovecot does, and leaves nothing behind when it is given back', async () => {
    await using folder = await temporaryFolder();
    const runtime = runtimeNow();
    const unlock = await take(folder, runtime);
    expect(await readdir(folder.path)).toEqual(['mbox.lock']);
    expect(await readFile(folder.at('mbox.lock'), 'utf8')).toBe('4242:ferry.example');
    await unlock();
    expect(await readdir(folder.path)).toEqual([]);
    await expect(unlock()).resolves.toBeUndefined();
  });

  test('can be taken for a host whose name is no file name', async () => {
    await using folder = await temporaryFolder();
    const runtime = runtimeNow();
    runtime.hostName = 'a/../b';
    await (await take(folder, runtime))();
    expect(await readdir(folder.path)).toEqual([]);
  });

  test.each([
    ['of a dead process of this host', '99 ferry.example\n', 0],
    ['of a dead process of this host, as Dovecot writes it', '99:ferry.example', 0],
    ['of a dead process that does not name its host, when it is old', '99\n', STALE_MS + 5000],
    ['of nobody, when it is old', '', STALE_MS + 5000],
    ['of process 0, as some write, when it is old', '0', STALE_MS + 5000],
    ['with text that says nothing, when it is old', 'locked by me', STALE_MS + 5000],
    ['of another host, when it is old', '99 other.example\n', STALE_MS + 5000],
    ['of another host, as Dovecot writes it, when it is old', '99:other.example', STALE_MS + 5000],
    ['of an earlier process that had our process id', '4242 ferry.example\n', 3_700_000],
    ['of an earlier process that had our process id, by a clock ahead', '4242 ferry.example\n', -60_000],
  ])('%s is removed', async (_, text, ageMs) => {
    await using folder = await temporaryFolder();
    const runtime = runtimeNow();
    await lockWith(folder, text, { ageMs, runtime });
    const unlock = await take(folder, runtime);
    expect(await readFile(folder.at('mbox.lock'), 'utf8')).toBe('4242:ferry.example');
    await unlock();
    expect(await readdir(folder.path)).toEqual([]);
  });

  test.each([
    ['of a living process of this host', '77 ferry.example\n', 0],
    ['of a living process of this host, however old', '77 ferry.example\n', 100 * STALE_MS],
    ['of a living process that does not name its host', '77\n', 100 * STALE_MS],
    ['of a process that does not name its host, when it is young', '99\n', 1000],
    ['of nobody, when it is young', '', 1000],
    ['of another host, when it is young', '99 other.example\n', 1000],
    ['of another host, as Dovecot writes it, when it is young', '99:other.example', 1000],
  ])('%s is respected', async (_, text, ageMs) => {
    await using folder = await temporaryFolder();
    const runtime = runtimeNow();
    runtime.alive.add(77);
    await lockWith(folder, text, { ageMs, runtime });
    await expect(take(folder, runtime)).rejects.toMatchObject({
      code: 'destination-locked',
      hint: expect.stringContaining('mbox.lock') as string,
    });
    expect(await readFile(folder.at('mbox.lock'), 'utf8')).toBe(text);
    expect(await readdir(folder.path)).toEqual(['mbox.lock']);
  });

  test.each([
    ['under the same path', ''],
    ['by way of a symbolic link', 'link'],
  ])(
    'that this very process holds is respected, however old the file server says it is: %s',
    async (_, link) => {
      await using folder = await temporaryFolder();
      const runtime = runtimeNow();
      if (link !== '') await symlink(folder.path, folder.at(link));
      const unlock = await take(folder, runtime);
      const longAgo = new Date(runtime.startedAt - 60_000);
      await utimes(folder.at('mbox.lock'), longAgo, longAgo);
      const options = { patienceMs: 50, staleMs: STALE_MS, runtime };
      await expect(takeDotLock(folder.at(link, 'mbox'), options)).rejects.toMatchObject({
        code: 'destination-locked',
      });
      expect(await readFile(folder.at('mbox.lock'), 'utf8')).toBe('4242:ferry.example');
      await unlock();
      await (await take(folder, runtime))();
      expect(await readdir(folder.path)).toEqual(link === '' ? [] : [link]);
    },
  );

  test('that was given back is not taken from its next holder by giving it back again', async () => {
    await using folder = await temporaryFolder();
    const runtime = runtimeNow();
    const first = await take(folder, runtime);
    await first();
    const second = await take(folder, runtime);
    await first();
    expect(await readdir(folder.path)).toEqual(['mbox.lock']);
    await second();
  });

  test('that another program has taken meanwhile, since it looked stale to it, is left to that one', async () => {
    await using folder = await temporaryFolder();
    const unlock = await take(folder, runtimeNow());
    await rm(folder.at('mbox.lock'));
    await writeFile(folder.at('mbox.lock'), '77 ferry.example\n');
    await unlock();
    expect(await readFile(folder.at('mbox.lock'), 'utf8')).toBe('77 ferry.example\n');
  });

  test('that may not be read, as mutt makes it, is respected while it is young, and removed when it is old', async (context) => {
    requireRoot(context);
    await using folder = await temporaryFolder();
    const runtime = runtimeNow();
    await chmod(folder.path, 0o777);
    await lockWith(folder, '', { ageMs: 0, runtime });
    await chmod(folder.at('mbox.lock'), 0);
    await expect(asNobody(() => take(folder, runtime))).rejects.toMatchObject({
      code: 'destination-locked',
    });
    runtime.time += STALE_MS + 5000;
    await (await asNobody(() => take(folder, runtime)))();
    expect(await readdir(folder.path)).toEqual([]);
  });

  test('that is a folder, as some make it, is respected', async () => {
    await using folder = await temporaryFolder();
    const runtime = runtimeNow();
    await mkdir(folder.at('mbox.lock'));
    runtime.time += STALE_MS + 5000;
    await expect(take(folder, runtime)).rejects.toMatchObject({ code: 'destination-locked' });
    expect(await readdir(folder.path)).toEqual(['mbox.lock']);
  });

  test.each(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])(
    'is taken, and waited for, where a file system has no links (%s)',
    async (code) => {
      await using folder = await temporaryFolder();
      const runtime = runtimeNow();
      vi.spyOn(fs.promises, 'link').mockRejectedValue(Object.assign(new Error('no links'), { code }));
      syncBuiltinESMExports();
      try {
        const unlock = await take(folder, runtime);
        expect(await readFile(folder.at('mbox.lock'), 'utf8')).toBe('4242:ferry.example');
        await expect(take(folder, runtime)).rejects.toMatchObject({ code: 'destination-locked' });
        await unlock();
        await lockWith(folder, '99:ferry.example', { ageMs: 0, runtime });
        await (await take(folder, runtime))();
        expect(await readdir(folder.path)).toEqual([]);
      } finally {
        vi.restoreAllMocks();
        syncBuiltinESMExports();
      }
    },
  );

  test('is waited for', async () => {
    await using folder = await temporaryFolder();
    const runtime = runtimeNow();
    runtime.readingMs = 0;
    const first = await take(folder, runtime);
    let second = false;
    const waiting = take(folder, runtime).finally(() => {
      second = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(second).toBe(false);
    await first();
    await (await waiting)();
    expect(await readdir(folder.path)).toEqual([]);
  });

  test('is never had by two, also when many find a stale one at the same time', async () => {
    await using folder = await temporaryFolder();
    const runtime = runtimeNow();
    runtime.readingMs = 0;
    await lockWith(folder, '99 ferry.example\n', { ageMs: 0, runtime });
    let holders = 0;
    let most = 0;
    const user = async (): Promise<void> => {
      const unlock = await take(folder, runtime);
      holders += 1;
      most = Math.max(most, holders);
      await new Promise((resolve) => setImmediate(resolve));
      holders -= 1;
      await unlock();
    };
    await Promise.all(Array.from({ length: 12 }, user));
    expect(most).toBe(1);
    expect(await readdir(folder.path)).toEqual([]);
  });

  test('that was replaced at the moment when the stale one was to be removed is put back', async () => {
    await using folder = await temporaryFolder();
    const runtime = runtimeNow();
    runtime.alive.add(77);
    await lockWith(folder, '99 ferry.example\n', { ageMs: 0, runtime });
    runtime.isAlive = (pid) => {
      if (pid === 99) writeFileSync(folder.at('mbox.lock'), '77 ferry.example\n');
      return pid === 77;
    };
    await expect(take(folder, runtime)).rejects.toMatchObject({ code: 'destination-locked' });
    expect(await readFile(folder.at('mbox.lock'), 'utf8')).toBe('77 ferry.example\n');
    expect(await readdir(folder.path)).toEqual(['mbox.lock']);
  });

  test('cannot be taken where there is no folder', async () => {
    await using folder = await temporaryFolder();
    const lock = takeDotLock(folder.at('missing', 'mbox'), {
      patienceMs: 50,
      staleMs: STALE_MS,
      runtime: runtimeNow(),
    });
    await expect(lock).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('the dot-locks of an mbox', () => {
  const options = { patienceMs: 50, staleMs: STALE_MS };

  test('that is a symbolic link are beside the link and beside what it leads to', async () => {
    await using folder = await temporaryFolder();
    await mkdir(folder.at('real'));
    await symlink('real/inbox', folder.at('other'));
    await symlink('other', folder.at('mbox'));
    const unlock = await takeDotLocks(folder.at('mbox'), { ...options, runtime: runtimeNow() });
    expect((await readdir(folder.path)).toSorted()).toEqual(['mbox', 'mbox.lock', 'other', 'real']);
    expect(await readdir(folder.at('real'))).toEqual(['inbox.lock']);
    await unlock();
    expect((await readdir(folder.path)).toSorted()).toEqual(['mbox', 'other', 'real']);
    expect(await readdir(folder.at('real'))).toEqual([]);
  });

  test('are all given back when one of them is had by others', async () => {
    await using folder = await temporaryFolder();
    await mkdir(folder.at('real'));
    await symlink('real/inbox', folder.at('mbox'));
    const runtime = runtimeNow();
    runtime.alive.add(77);
    await writeFile(folder.at('real/inbox.lock'), '77 ferry.example\n');
    await expect(takeDotLocks(folder.at('mbox'), { ...options, runtime })).rejects.toMatchObject({
      code: 'destination-locked',
      message: expect.stringContaining('real/inbox.lock') as string,
    });
    expect((await readdir(folder.path)).toSorted()).toEqual(['mbox', 'real']);
    expect(await readdir(folder.at('real'))).toEqual(['inbox.lock']);
  });

  test('are one where no file may be made beside what the link leads to', async (context) => {
    requireRoot(context);
    await using folder = await temporaryFolder();
    await chmod(folder.path, 0o777);
    await mkdir(folder.at('spool'), { mode: 0o755 });
    await symlink('spool/inbox', folder.at('mbox'));
    const unlock = await asNobody(() =>
      takeDotLocks(folder.at('mbox'), { ...options, runtime: runtimeNow() }),
    );
    expect((await readdir(folder.path)).toSorted()).toEqual(['mbox', 'mbox.lock', 'spool']);
    await unlock();
    expect((await readdir(folder.path)).toSorted()).toEqual(['mbox', 'spool']);
  });
});
