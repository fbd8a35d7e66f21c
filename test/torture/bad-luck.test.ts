import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { Database } from '../../src/ledger/database.ts';
import { createServer, type Pop3Server } from '../../src/pop3-server/index.ts';
import { systemRuntime } from '../../src/runtime.ts';
import { runProgram, startProgram, writeConfiguration } from '../support/program.ts';
import { requirePrograms } from '../support/programs.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';
import { pollInProcess } from './in-process.ts';
import { runInterrupted } from './interruption.ts';
import { asStored, fewMessages, shortMessages } from './mail.ts';
import { concurrently, FULL, SEED, seededRandom, slice } from './scale.ts';
import { DESTINATIONS, MAILDIR, MBOX, readMaildir, readMbox, whatIsWrong } from './stored.ts';

const MAIL = fewMessages(8);
const LATER = fewMessages(4, 100);
const FOREIGN = 'From x@mail.example Thu Jan  1 00:00:00 2026\nSubject: foreign\n\nforeign\n\n';
const YEAR_HOURS = 365 * 24;

describe('an mbox that others use too', () => {
  it.for([
    ['of a dead process', '4194000 HOST\n', 0],
    ['that does not tell the host, an hour old', '4194000\n', 3_600_000],
    ['that does not tell whose it is, an hour old', '', 3_600_000],
    ['of another host, an hour old', '77 elsewhere.example\n', 3_600_000],
  ] as const)('a lock %s is removed', async ([, content, age]) => {
    await using folder = await mboxFolder();
    await using server = await serverWith(MAIL);
    await configure(folder, server, { deliver: MBOX });
    await writeFile(folder.at('box/mbox.lock'), content.replace('HOST', hostname()));
    const then = new Date(systemRuntime.now() - age);
    await utimes(folder.at('box/mbox.lock'), then, then);
    expect(await pollInProcess(folder.path)).toMatchObject({ outcome: 'ok', fetched: MAIL.length });
    expect(await whatIsWrong(folder.path, MBOX, MAIL)).toEqual([]);
  });

  it('the lock of a living process is waited for', async () => {
    await using folder = await mboxFolder();
    await using server = await serverWith(MAIL);
    await configure(folder, server, { deliver: MBOX });
    await writeFile(folder.at('box/mbox.lock'), `${process.pid} ${hostname()}\n`);
    const { ended } = startProgram(['fetch', '--quiet'], { cwd: folder.path });
    await wait(1500);
    expect(server.maildrop('alice').messages.length).toBe(MAIL.length);
    await rm(folder.at('box/mbox.lock'));
    expect(await ended).toMatchObject({ status: 0 });
    expect(await whatIsWrong(folder.path, MBOX, MAIL)).toEqual([]);
  });

  // It takes the whole patience for a lock, so it is a part of the long form only.
  if (FULL) {
    it('the lock of a living process that does not end: exit 75, nothing is touched', async () => {
      await using folder = await mboxFolder();
      await using server = await serverWith(MAIL);
      await configure(folder, server, { deliver: MBOX });
      const lock = `${process.pid} ${hostname()}\n`;
      await writeFile(folder.at('box/mbox.lock'), lock);
      const { status, stderr } = await runProgram(['fetch', '--quiet'], { cwd: folder.path });
      expect({ status, stderr }).toEqual({
        status: 75,
        stderr: expect.stringContaining('is locked by another program'),
      });
      expect(await readFile(folder.at('box/mbox.lock'), 'utf8')).toBe(lock);
      expect(server.maildrop('alice').messages.length).toBe(MAIL.length);
      await rm(folder.at('box/mbox.lock'));
      expect((await pollInProcess(folder.path)).outcome).toBe('ok');
      expect(await whatIsWrong(folder.path, MBOX, MAIL)).toEqual([]);
    });

    it('the kernel’s lock of another program that does not end: exit 75, nothing is touched', async (context) => {
      requirePrograms('python3', 'perl')(context);
      await using folder = await mboxFolder();
      await using server = await serverWith(MAIL);
      await configure(folder, server, { deliver: MBOX });
      await writeFile(folder.at('box/mbox'), '');
      const holder = await holdKernelLock(folder.at('box/mbox'));
      const { status, stderr } = await runProgram(['fetch', '--quiet'], { cwd: folder.path });
      expect({ status, stderr }).toEqual({
        status: 75,
        stderr: expect.stringContaining('is locked by another program'),
      });
      expect(await readFile(folder.at('box/mbox'), 'utf8')).toBe('');
      expect(server.maildrop('alice').messages.length).toBe(MAIL.length);
      holder.stdin?.end();
      await once(holder, 'close');
      expect((await pollInProcess(folder.path)).outcome).toBe('ok');
      expect(await whatIsWrong(folder.path, MBOX, MAIL)).toEqual([]);
    });
  }

  it('who has the kernel’s lock and wants the dot-lock gets it, and no deadlock', async (context) => {
    requirePrograms('python3', 'perl')(context);
    await using folder = await mboxFolder();
    await using server = await serverWith(MAIL);
    await configure(folder, server, { deliver: MBOX });
    await writeFile(folder.at('box/mbox'), '');
    const holder = await holdKernelLock(folder.at('box/mbox'));
    const { ended } = startProgram(['fetch', '--quiet'], { cwd: folder.path });
    await wait(500);
    let tries = 0;
    while (!(await takeDotLockOnce(folder.at('box/mbox.lock')))) {
      tries += 1;
      await wait(50);
    }
    await appendFile(folder.at('box/mbox'), FOREIGN);
    holder.stdin?.end();
    await once(holder, 'close');
    await rm(folder.at('box/mbox.lock'));
    expect(await ended).toMatchObject({ status: 0 });
    expect(tries).toBeLessThan(100);
    expect((await readMbox(folder.at('box/mbox'))).toSorted()).toEqual(
      [...MAIL.map(asStored), 'Subject: foreign\n\nforeign\n'].toSorted(),
    );
  });

  it('the kernel’s lock of another program is waited for', async (context) => {
    requirePrograms('python3', 'perl')(context);
    await using folder = await mboxFolder();
    await using server = await serverWith(MAIL);
    await configure(folder, server, { deliver: MBOX });
    await writeFile(folder.at('box/mbox'), '');
    const holder = await holdKernelLock(folder.at('box/mbox'));
    const { ended } = startProgram(['fetch', '--quiet'], { cwd: folder.path });
    await wait(1500);
    expect(await readFile(folder.at('box/mbox'), 'utf8')).toBe('');
    holder.stdin?.end();
    expect(await ended).toMatchObject({ status: 0 });
    expect(await whatIsWrong(folder.path, MBOX, MAIL)).toEqual([]);
  });

  it.for([
    ['with', '\n\n'],
    ['without', ''],
    ['with half of', '\n'],
  ] as const)('mail that others add between polls, %s a final line end, stays as it is', async ([, end]) => {
    await using folder = await mboxFolder();
    await using server = await serverWith(MAIL);
    await configure(folder, server, { deliver: MBOX });
    await pollInProcess(folder.path);
    const foreign = 'From x@mail.example Thu Jan  1 00:00:00 2026\nSubject: foreign\n\nforeign';
    await appendFile(folder.at('box/mbox'), foreign + end);
    for (const message of LATER) server.maildrop('alice').add(message);
    expect((await pollInProcess(folder.path)).outcome).toBe('ok');
    expect((await readMbox(folder.at('box/mbox'))).toSorted()).toEqual(
      [...[...MAIL, ...LATER].map(asStored), 'Subject: foreign\n\nforeign\n'].toSorted(),
    );
  });

  it('mail that others add behind a message cut by a kill is not cut off with it', async (context) => {
    requirePrograms('cc')(context);
    const { calls } = await tornAppend(0, '');
    const appends = calls.filter(({ name, path }) => name === 'pwrite64' && path === 'box/mbox');
    expect(appends.length).toBeGreaterThan(0);
    for (const { ordinal } of FULL ? appends : appends.slice(0, 2)) {
      const { stored } = await tornAppend(ordinal, FOREIGN);
      // Half a message too many is better than somebody's mail cut off.
      expect(stored).toContain('\nSubject: foreign\n\nforeign\n');
      for (const message of MAIL)
        expect(stored).toContain(asStored(message).replaceAll(/^(>*From )/gm, '>$1'));
    }
  });
});

describe('I6: several at a time', () => {
  it.for(slice(DESTINATIONS, 1))(
    '%s: of those started at the same moment one works',
    async ([, deliver], { task }) => {
      const rounds = FULL ? 5 : 1;
      for (let round = 0; round < rounds; round += 1) {
        await using folder = await temporaryFolder();
        await using server = await createServer({
          users: { alice: { password: 'secret', messages: shortMessages(12) } },
          without: ['PIPELINING'],
          // Long enough for the others to begin, whichever of them works.
          faults: [{ do: 'delay', command: 'RETR', ms: 250 }],
        });
        const messages = [...server.maildrop('alice').messages];
        await configure(folder, server, { deliver });
        const ended = await Promise.all(
          [1, 2, 3].map(() => runProgram(['fetch', '--quiet'], { cwd: folder.path })),
        );
        expect(ended.filter(({ status }) => status === 0).length).toBe(1);
        expect(ended.filter(({ status }) => status === 75).length).toBe(2);
        expect(await whatIsWrong(folder.path, deliver, messages)).toEqual([]);
        expect(server.maildrop('alice').messages).toEqual([]);
      }
      task.meta.figures = `${rounds} rounds`;
    },
  );
});

describe('a ledger that another program has locked', () => {
  it('is waited for, then given up: nothing is retrieved or deleted, and the next poll carries it all', async () => {
    await using folder = await temporaryFolder();
    await using server = await serverWith(MAIL);
    await configure(folder, server, { deliver: MAILDIR });
    await pollInProcess(folder.path);
    for (const message of LATER) server.maildrop('alice').add(message);
    const other = Database.open(folder.at('state/ledger.db'));
    other.execute('BEGIN IMMEDIATE');
    const { status, stderr } = await runProgram(['fetch', '--quiet'], { cwd: folder.path });
    expect({ status, stderr }).toEqual({
      status: 75,
      stderr: expect.stringContaining('is in use by another process'),
    });
    expect(server.maildrop('alice').messages.length).toBe(LATER.length);
    other.execute('ROLLBACK');
    other.close();
    expect((await pollInProcess(folder.path)).outcome).toBe('ok');
    expect(await whatIsWrong(folder.path, MAILDIR, [...MAIL, ...LATER])).toEqual([]);
  });
});

describe('signals at random times', () => {
  it.for(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('%s', async (signal, { task }) => {
    const random = seededRandom(SEED);
    const times = Array.from({ length: FULL ? 20 : 2 }, () => 150 + random() * 700);
    const outcomes = await concurrently(times, async (milliseconds) => {
      await using folder = await temporaryFolder();
      await using server = await serverWith(MAIL);
      const deliver = DESTINATIONS[Math.floor(milliseconds) % DESTINATIONS.length]![1];
      await configure(folder, server, { deliver });
      const { process: child, ended } = startProgram(['fetch', '--quiet'], { cwd: folder.path });
      await wait(milliseconds);
      child.kill(signal);
      const { status, signal: by } = await ended;
      const wrong: string[] = [];
      if (![0, 130, 143, 129, null].includes(status)) wrong.push(`exit ${status}`);
      if ((await pollInProcess(folder.path)).outcome !== 'ok') wrong.push('the poll after it was not ok');
      if (server.maildrop('alice').messages.length > 0) wrong.push('mail is left on the server');
      wrong.push(...(await whatIsWrong(folder.path, deliver, MAIL)));
      return {
        end: by ?? status,
        wrong: wrong.map((text) => `${text} after ${milliseconds} ms, seed ${SEED}`),
      };
    });
    const ends = [...new Set(outcomes.map(({ end }) => end))].join(', ');
    task.meta.figures = `${times.length} signals, seed ${SEED}, ended by ${ends}`;
    expect(outcomes.flatMap(({ wrong }) => wrong)).toEqual([]);
  });
});

describe('a clock that is set back a year', () => {
  it.for([
    ['after-delivery', 0],
    ['never', 12],
    [{ after: '1h' }, 12],
  ] as const)('delete: %o: nothing is doubled, nothing is deleted early', async ([deletion, left]) => {
    await using folder = await temporaryFolder();
    await using server = await serverWith(MAIL);
    await configure(folder, server, { delete: deletion });
    await pollInProcess(folder.path);
    for (const message of LATER) server.maildrop('alice').add(message);
    for (const hours of [-YEAR_HOURS, -YEAR_HOURS + 0.5]) {
      expect((await pollInProcess(folder.path, hours)).outcome).toBe('ok');
      expect(server.maildrop('alice').messages.length).toBe(left);
    }
    expect((await pollInProcess(folder.path, 2)).outcome).toBe('ok');
    expect(server.maildrop('alice').messages.length).toBe(deletion === 'never' ? 12 : 0);
    expect(await whatIsWrong(folder.path, MAILDIR, [...MAIL, ...LATER])).toEqual([]);
  });

  describe('through the program', () => {
    beforeEach(requirePrograms('faketime'));

    it('a killed poll is completed all the same', async () => {
      await using folder = await temporaryFolder();
      await using server = await serverWith(MAIL);
      await configure(folder, server, {});
      const { process: child, ended } = startProgram(['fetch', '--quiet'], { cwd: folder.path });
      await wait(500);
      child.kill('SIGKILL');
      await ended;
      const under = ['faketime', '-f', '-365d'];
      expect(await runProgram(['fetch', '--quiet'], { cwd: folder.path, under })).toMatchObject({
        status: 0,
      });
      expect(server.maildrop('alice').messages).toEqual([]);
      const wrong = await whatIsWrong(folder.path, MAILDIR, MAIL);
      expect(wrong.filter((text) => !text.startsWith('left behind: Mail/tmp/'))).toEqual([]);
      // What the killed poll left in `tmp` looks newer than any process, and goes once the clock is right again.
      expect(await runProgram(['fetch', '--quiet'], { cwd: folder.path })).toMatchObject({ status: 0 });
      expect(await whatIsWrong(folder.path, MAILDIR, MAIL)).toEqual([]);
    });
  });
});

describe('I8: a ledger that is lost or damaged, with mail kept on the server', () => {
  it.for([
    ['removed', (path: string): Promise<void> => rm(path)],
    ['overwritten with garbage', (path: string): Promise<void> => writeFile(path, 'x'.repeat(8192))],
    ['empty', (path: string): Promise<void> => writeFile(path, '')],
  ] as const)('%s: nothing in a Maildir is doubled', async ([, spoil]) => {
    await using folder = await temporaryFolder();
    await using server = await serverWith(MAIL);
    await configure(folder, server, { delete: 'never' });
    await pollInProcess(folder.path);
    await spoil(folder.at('state/ledger.db'));
    await runProgram(['fetch', '--quiet'], { cwd: folder.path });
    await runProgram(['fetch', '--quiet'], { cwd: folder.path });
    const stored = await readMaildir(folder.at('Mail'));
    expect(stored.toSorted()).toEqual(MAIL.map(asStored).toSorted());
    expect(server.maildrop('alice').messages.length).toBe(MAIL.length);
  });
});

function serverWith(messages: readonly Buffer[]): Promise<Pop3Server> {
  return createServer({ users: { alice: { password: 'secret', messages } } });
}

async function configure(
  folder: TemporaryFolder,
  { address }: Pop3Server,
  account: Readonly<Record<string, unknown>>,
): Promise<void> {
  await writeConfiguration(folder.path, { port: address.port, ...account });
}

async function mboxFolder(): Promise<TemporaryFolder> {
  const folder = await temporaryFolder();
  await mkdir(folder.at('box'));
  return folder;
}

const HOLD = `import fcntl, sys
file = open(sys.argv[1], "r+")
fcntl.lockf(file, fcntl.LOCK_EX)
print(flush=True)
input()`;

/** Another program that has an mbox locked by fcntl(2) alone, until its input ends. */
async function holdKernelLock(path: string): Promise<ChildProcess> {
  const holder = spawn('python3', ['-c', HOLD, path], { stdio: ['pipe', 'pipe', 'ignore'] });
  await once(holder.stdout, 'data');
  return holder;
}

async function takeDotLockOnce(path: string): Promise<boolean> {
  return writeFile(path, '', { flag: 'wx' }).then(
    () => true,
    () => false,
  );
}

/** An append is torn by a kill, others add mail, and the next poll completes. */
async function tornAppend(
  at: number,
  foreign: string,
): Promise<{ calls: Awaited<ReturnType<typeof runInterrupted>>['calls']; stored: string }> {
  await using folder = await mboxFolder();
  await using server = await serverWith(MAIL);
  await configure(folder, server, { deliver: MBOX });
  const { calls } = await runInterrupted(['fetch', '--quiet'], folder.path, { how: 'torn', at });
  if (foreign !== '') await appendFile(folder.at('box/mbox'), foreign);
  expect((await pollInProcess(folder.path)).outcome).toBe('ok');
  expect(server.maildrop('alice').messages).toEqual([]);
  return { calls, stored: await readFile(folder.at('box/mbox'), 'latin1') };
}
