import { execFileSync } from 'node:child_process';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { createServer, type Pop3Server } from '../../src/pop3-server/index.ts';
import { runProgram, writeConfiguration } from '../support/program.ts';
import { requirePrograms, requireRoot } from '../support/programs.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { pollInProcess } from './in-process.ts';
import { type Call, type Interruption, runInterrupted, withoutFrames } from './interruption.ts';
import { fewMessages } from './mail.ts';
import { concurrently, FULL, slice } from './scale.ts';
import { DESTINATIONS, type Deliver, destinationsOf, MAILDIR, MBOX, whatIsWrong } from './stored.ts';

const MAIL = fewMessages(8);
const EARLIER = fewMessages(2, 100);

const BROKEN = { io: 'any one call fails', dead: 'any call fails, and all that come after it' };

/** The short form takes the one that has both kinds in it. */
const CHOSEN = FULL ? DESTINATIONS : DESTINATIONS.slice(-1);

describe('a disk that fails at one call, then polls to completion', () => {
  beforeEach(requirePrograms('cc'));

  it.for(CHOSEN)('%s: no room from any call on', async ([, deliver], { task }) => {
    const { calls } = await failing(deliver, { how: 'full', at: 0 });
    const points = slice(chosen(calls), 4);
    const outcomes = await concurrently(points, ({ ordinal }) =>
      failing(deliver, { how: 'full', at: ordinal }),
    );
    task.meta.figures = `${points.length} times full`;
    expect(outcomes.flatMap(({ wrong }) => wrong)).toEqual([]);
  });

  it.for(CHOSEN)('%s: room for half of any one call', async ([, deliver], { task }) => {
    const { calls } = await failing(deliver, { how: 'short', at: 0 });
    const points = slice(chosen(calls), 4);
    const outcomes = await concurrently(points, ({ ordinal }) =>
      failing(deliver, { how: 'short', at: ordinal }),
    );
    task.meta.figures = `${points.length} times short`;
    expect(outcomes.flatMap(({ wrong }) => wrong)).toEqual([]);
  });

  it.for(CHOSEN)('%s: any one fsync fails', async ([, deliver], { task }) => {
    const { calls } = await failing(deliver, { how: 'fsync', at: 0 });
    const points = slice(
      calls.filter(({ name }) => name.endsWith('sync')),
      3,
    );
    const outcomes = await concurrently(points, ({ ordinal }) =>
      failing(deliver, { how: 'fsync', at: ordinal }),
    );
    task.meta.figures = `${points.length} fsyncs failed`;
    expect(outcomes.flatMap(({ wrong }) => wrong)).toEqual([]);
  });

  it.for(
    CHOSEN.flatMap(([name, deliver]) =>
      (['io', 'dead'] as const).map((how) => [`${name}, ${BROKEN[how]}`, deliver, how] as const),
    ),
  )('%s', async ([, deliver, how], { task }) => {
    const { calls } = await failing(deliver, { how, at: 0 });
    const points = slice(
      withoutFrames(calls).filter(({ path }) => path !== 'socket'),
      4,
    );
    const outcomes = await concurrently(points, ({ ordinal }) => failing(deliver, { how, at: ordinal }));
    task.meta.figures = `${points.length} times`;
    expect(outcomes.flatMap(({ wrong }) => wrong)).toEqual([]);
  });
});

describe('a small disk that grows from poll to poll', () => {
  beforeEach(requireRoot);

  it.for(slice(DESTINATIONS, 1))('%s', async ([, deliver], { task }) => {
    await using folder = await temporaryFolder();
    await mkdir(folder.at('disk'));
    await using disk = mounted(folder.at('disk'), 'size=64k');
    await using server = await serverWith(MAIL);
    const away = destinationsOf(deliver).map((one) => ({ ...one, path: one.path.replace('.', './disk') }));
    await writeConfiguration(folder.path, {
      port: server.address.port,
      deliver: away,
      delete: 'after-delivery',
    });
    const statuses: (number | null)[] = [];
    for (let kib = 64; statuses.at(-1) !== 0 && kib < 4096; kib += 64) {
      disk.remount(`size=${kib}k`);
      statuses.push((await runProgram(['fetch', '--quiet'], { cwd: folder.path })).status);
    }
    task.meta.figures = `exits ${[...new Set(statuses)].join(', ')} in ${statuses.length} polls`;
    expect(statuses.slice(0, -1).filter((status) => status !== 74)).toEqual([]);
    expect(statuses.at(-1)).toBe(0);
    expect(server.maildrop('alice').messages).toEqual([]);
    expect(await whatIsWrong(folder.at('disk'), deliver, MAIL)).toEqual([]);
  });
});

describe('a destination that goes', () => {
  it('removed in mid-poll: exit 73 or 74, and all of it once it is back', async () => {
    await using folder = await temporaryFolder();
    let retrieved = 0;
    let moved: Promise<void> | undefined;
    await using server = await createServer({
      users: { alice: { password: 'secret', messages: EARLIER } },
      without: ['PIPELINING'],
      observe: (event) => {
        if (event.kind !== 'command' || !event.line.startsWith('RETR')) return;
        retrieved += 1;
        if (retrieved === EARLIER.length + 5) moved = rename(folder.at('Mail'), folder.at('away'));
      },
    });
    await writeConfiguration(folder.path, { port: server.address.port });
    await pollInProcess(folder.path);
    for (const message of MAIL) server.maildrop('alice').add(message);
    const { status } = await runProgram(['fetch', '--quiet'], { cwd: folder.path });
    expect([73, 74]).toContain(status);
    await moved;
    expect((await runProgram(['fetch', '--quiet'], { cwd: folder.path })).status).toBe(73);
    await rename(folder.at('away'), folder.at('Mail'));
    expect((await runProgram(['fetch', '--quiet'], { cwd: folder.path })).status).toBe(0);
    expect(server.maildrop('alice').messages).toEqual([]);
    expect(await whatIsWrong(folder.path, MAILDIR, [...EARLIER, ...MAIL])).toEqual([]);
  });

  it.for([
    ['Maildir', MAILDIR],
    ['mbox', MBOX],
  ] as const)(
    'read-only, %s: exit 73, and all of it when it is writable again',
    async ([, deliver], context) => {
      requireRoot(context);
      await using folder = await temporaryFolder();
      const place = folder.at(deliver.type === 'maildir' ? 'Mail' : 'box');
      await mkdir(place);
      await using disk = mounted(place, 'size=8m,ro');
      await using server = await serverWith(MAIL);
      await writeConfiguration(folder.path, { port: server.address.port, deliver });
      const { status, stdout } = await runProgram(['fetch', '--json'], { cwd: folder.path });
      expect(status).toBe(73);
      expect(stdout).toContain('the file system is read-only');
      expect(server.maildrop('alice').messages.length).toBe(MAIL.length);
      disk.remount('rw');
      expect((await pollInProcess(folder.path)).outcome).toBe('ok');
      expect(await whatIsWrong(folder.path, deliver, MAIL)).toEqual([]);
    },
  );
});

describe('a state folder that cannot be used', () => {
  it('below a file: exit 74, and nothing is retrieved', async () => {
    await using folder = await temporaryFolder();
    await using server = await serverWith(MAIL);
    await writeConfiguration(folder.path, { port: server.address.port });
    await writeFile(folder.at('state'), '');
    const { status, stderr } = await runProgram(['fetch', '--quiet'], { cwd: folder.path });
    expect({ status, stderr }).toEqual({ status: 74, stderr: expect.stringContaining('stateDir') });
    expect(server.maildrop('alice').messages.length).toBe(MAIL.length);
  });

  it('read-only: exit 74, and nothing is retrieved', async (context) => {
    requireRoot(context);
    await using folder = await temporaryFolder();
    await using server = await serverWith(MAIL);
    await writeConfiguration(folder.path, { port: server.address.port });
    await mkdir(folder.at('state'));
    await using disk = mounted(folder.at('state'), 'size=8m,ro');
    const { status } = await runProgram(['fetch', '--quiet'], { cwd: folder.path });
    expect(status).toBe(74);
    expect(server.maildrop('alice').messages.length).toBe(MAIL.length);
    disk.remount('rw');
    expect((await pollInProcess(folder.path)).outcome).toBe('ok');
  });
});

/** The calls that may fail for lack of room; the short form takes those of the destinations. */
function chosen(calls: readonly Call[]): readonly Call[] {
  return withoutFrames(calls).filter((call) => needsRoom(call) && (FULL || !call.path.startsWith('state')));
}

/** Whether a call fails on a full disk. */
function needsRoom({ name, path }: Call): boolean {
  return path !== 'socket' && !/sync|truncate|unlink/.test(name);
}

async function failing(
  deliver: Deliver,
  interruption: Interruption,
): Promise<{ calls: readonly Call[]; wrong: readonly string[] }> {
  await using folder = await temporaryFolder();
  await using server = await serverWith(MAIL);
  await writeConfiguration(folder.path, { port: server.address.port, deliver });
  const { status, calls, stderr } = await runInterrupted(['fetch', '--quiet'], folder.path, interruption);
  const wrong: string[] = [];
  // What fails after all is done, such as tidying up the write-ahead log, changes nothing.
  if (status !== 74 && status !== 0) wrong.push(`exit ${status}: ${stderr}`);
  if (status === 0 && server.maildrop('alice').messages.length > 0) wrong.push('said all was well');
  const { outcome, error } = await pollInProcess(folder.path);
  if (outcome !== 'ok') wrong.push(`then it was not ok: ${error?.message}`);
  const { fetched } = await pollInProcess(folder.path);
  if (fetched > 0) wrong.push(`${fetched} fetched again`);
  if (server.maildrop('alice').messages.length > 0) wrong.push('mail is left on the server');
  wrong.push(...(await whatIsWrong(folder.path, deliver, MAIL)));
  const call = calls[interruption.at - 1];
  return {
    calls,
    wrong: wrong.map((text) => `${text} after ${interruption.how} at ${call?.name} ${call?.path}`),
  };
}

function serverWith(messages: readonly Buffer[]): Promise<Pop3Server> {
  return createServer({ users: { alice: { password: 'secret', messages } } });
}

/** A file system of its own. */
function mounted(path: string, options: string): AsyncDisposable & { remount(options: string): void } {
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path], { stdio: 'pipe' });
  return {
    remount: (changed) => {
      execFileSync('mount', ['-o', `remount,${changed}`, path], { stdio: 'pipe' });
    },
    [Symbol.asyncDispose]: async () => {
      execFileSync('umount', ['--lazy', path], { stdio: 'pipe' });
    },
  };
}
