import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import type { AccountConfiguration, AfterMail } from '../../src/config/configuration.ts';
import { MailError } from '../../src/errors.ts';
import { account, parse, problemsOf, temporaryFolder } from './fixtures.ts';

const NEVER = new AbortController().signal;

/** An account with these keys, as if its configuration stood in that folder. */
async function accountWith(
  folder: string,
  keys: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
): Promise<AccountConfiguration> {
  const { accounts } = await parse(account(keys), {
    path: join(folder, 'config.yaml'),
    env: { PATH: process.env['PATH'], ...env },
  });
  const [first] = accounts;
  if (first === undefined) throw new Error('no account');
  return first;
}

async function afterMail(
  folder: string,
  command: string,
  more: Record<string, string> = {},
): Promise<AfterMail> {
  const { afterMail: found } = await accountWith(folder, { afterMail: JSON.stringify(command), ...more });
  if (found === undefined) throw new Error('no command');
  return found;
}

async function raised(work: Promise<unknown> | undefined): Promise<MailError> {
  try {
    await work;
  } catch (thrown) {
    if (thrown instanceof MailError) return thrown;
    throw thrown;
  }
  return expect.fail('nothing was raised');
}

describe('the command before a connection', () => {
  it('is told by its environment what for, works in the folder of the configuration, and sees no password (I5)', async () => {
    const folder = temporaryFolder();
    const preconnect =
      '"echo $MAILFERRY_ACCOUNT $MAILFERRY_HOST $MAILFERRY_PORT $KEPT [$MAIL_PASSWORD] > seen"';
    const { account: found } = await accountWith(
      folder,
      { preconnect },
      { MAIL_PASSWORD: 'hunter2', KEPT: 'x' },
    );
    await found.preconnect?.();
    expect(await readFile(join(folder, 'seen'), 'utf8')).toBe('work pop.example.org 995 x []\n');
  });

  it('goes through no shell as a list', async () => {
    const folder = temporaryFolder();
    const { account: found } = await accountWith(folder, { preconnect: '[touch, "a; touch b"]' });
    await found.preconnect?.();
    await access(join(folder, 'a; touch b'));
    await expect(access(join(folder, 'b'))).rejects.toThrow();
  });

  it.each([
    ['"echo no route >&2; exit 3"', 'ended with status 3', 'It said: no route'],
    ['[/no/such/program]', 'cannot be started: there is no such program', 'Run it by hand'],
    ['"kill -9 $$"', 'was ended by SIGKILL', 'Run it by hand'],
  ])(
    'that fails is an error of its own, with what it said and without the command: %s',
    async (preconnect, how, hint) => {
      const { account: found } = await accountWith(temporaryFolder(), { preconnect });
      const error = await raised(found.preconnect?.());
      expect(error).toMatchObject({
        code: 'preconnect-failed',
        message: `The preconnect command ${how}, so the server was not connected to.`,
        hint: expect.stringContaining(hint) as string,
      });
    },
  );

  it('I7: is killed when its time is over, with all that it has started', async () => {
    const folder = temporaryFolder();
    const { account: found } = await accountWith(folder, {
      preconnect: '"sh -c \'sleep 60; touch late\' & wait"',
      timeouts: '{ preconnect: 1s }',
    });
    expect(await raised(found.preconnect?.())).toMatchObject({
      message: expect.stringContaining('has not ended within 1 s') as string,
      hint: expect.stringContaining('Raise "timeouts.preconnect"') as string,
    });
  });

  it('ends when a stop comes, which is no failure of it', async () => {
    const folder = temporaryFolder();
    const { account: found } = await accountWith(folder, { preconnect: '"sleep 60"' });
    const stop = new AbortController();
    const error = raised(found.preconnect?.(stop.signal));
    stop.abort();
    expect(await error).toMatchObject({ code: 'aborted' });
    expect(await raised(found.preconnect?.(stop.signal))).toMatchObject({ code: 'aborted' });
  });

  it('never meets itself where several accounts need the same way, whatever becomes of the first', async () => {
    const folder = temporaryFolder();
    // Fails where it is there already, and the first time.
    const preconnect =
      '"mkdir way && { test -e again || { touch again; rmdir way; exit 1; }; }; echo >> runs; rmdir way"';
    const { account: found } = await accountWith(folder, { preconnect });
    const ended = await Promise.allSettled(Array.from({ length: 4 }, async () => found.preconnect?.()));
    expect(ended.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled', 'fulfilled']);
    expect(await readFile(join(folder, 'runs'), 'utf8')).toBe('\n\n\n');
  });

  it('does not wait for what it leaves behind to hold the way open', async () => {
    const folder = temporaryFolder();
    const { account: found } = await accountWith(folder, {
      preconnect: '"sleep 30 & echo $! > pid"',
      timeouts: '{ preconnect: 20s }',
    });
    await found.preconnect?.();
    const left = Number(await readFile(join(folder, 'pid'), 'utf8'));
    expect(process.kill(left, 'SIGKILL')).toBe(true);
  });
});

describe('the command after mail', () => {
  it('is told of accounts and messages, and what it said is kept for the log, with nothing that could forge a line', async () => {
    const command = await afterMail(
      temporaryFolder(),
      "echo $MAILFERRY_ACCOUNTS; echo $MAILFERRY_COUNT; printf '\\033[1m'",
    );
    const said = await command.run({ accounts: ['a', 'b'], messages: 3 }, NEVER);
    expect(said).toBe('a b | 3 | \\x1b[1m');
    const other = await afterMail(temporaryFolder(), 'echo both >&2');
    expect(await other.run({ accounts: ['a'], messages: 1 }, NEVER)).toBe('both');
  });

  it('that fails is an error of its own, which says that the mail is safe', async () => {
    const command = await afterMail(temporaryFolder(), 'echo locked; exit 1');
    expect(await raised(command.run({ accounts: ['a'], messages: 1 }, NEVER))).toMatchObject({
      code: 'after-mail-failed',
      message: 'All that has come is safe, but the afterMail command ended with status 1.',
      hint: 'It is tried again. Run it by hand as the user who runs Mailferry. It said: locked',
    });
  });

  it('I7: is killed when its time is over', async () => {
    const command = await afterMail(temporaryFolder(), 'sleep 60', { timeouts: '{ afterMail: 1s }' });
    expect((await raised(command.run({ accounts: ['a'], messages: 1 }, NEVER))).message).toContain(
      'has not ended within 1 s',
    );
  });

  it('may end properly when it is stopped, and has gone well where it says so', async () => {
    const folder = temporaryFolder();
    const stop = new AbortController();
    const well = await afterMail(
      folder,
      "trap 'echo tidy; exit 0' TERM; touch up; while :; do sleep 0.05; done",
    );
    const run = well.run({ accounts: ['a'], messages: 1 }, stop.signal);
    while (
      !(await access(join(folder, 'up')).then(
        () => true,
        () => false,
      ))
    );
    stop.abort();
    expect(await run).toContain('tidy');
    const badly = await afterMail(folder, 'sleep 60');
    expect(await raised(badly.run({ accounts: ['a'], messages: 1 }, stop.signal))).toMatchObject({
      code: 'aborted',
    });
  });
});

describe('the commands in a configuration', () => {
  it('have a limit where none is written, and those of the defaults', async () => {
    const { accounts } = await parse(`
defaults:
  user: me
  password: { env: P }
  delete: never
  deliver: { type: maildir, path: /m }
  afterMail: notmuch new
  timeouts: { afterMail: 1h }
accounts:
  one: { host: a.example }
  two: { host: b.example, afterMail: [mu, index], timeouts: { idle: 20s } }
  three: { host: c.example, preconnect: x }
`);
    expect(accounts.map(({ afterMail: found }) => [found?.command, found?.limitMs])).toEqual([
      ['notmuch new', 3_600_000],
      [['mu', 'index'], 3_600_000],
      ['notmuch new', 3_600_000],
    ]);
    expect(accounts.map(({ account: { preconnect } }) => typeof preconnect)).toEqual([
      'undefined',
      'undefined',
      'function',
    ]);
    expect((await afterMail('/', 'x')).limitMs).toBe(300_000);
  });

  test.each([
    ['preconnect', '[]', 'expected a command as text, or a list of a program and its arguments'],
    ['afterMail', '{ command: x }', 'expected a command as text, or a list'],
    ['timeouts', '{ afterMail: 2d }', 'expected a length of time from 1s to 1d, found "2d"'],
    ['postconnect', 'x', '"afterMail"'],
    ['postsynchook', 'x', '"afterMail"'],
    ['presynchook', 'x', '"preconnect"'],
    ['preConnect', 'x', '"preconnect"'],
  ])('that are wrong are explained: %s: %s', async (key, value, message) => {
    expect((await problemsOf(account({ [key]: value }))).join()).toContain(message);
  });

  test('I5: a way that a command opens makes a loopback address one of another machine', async () => {
    const keys = { host: 'localhost', tls: 'none', preconnect: 'ssh -f gateway' };
    expect((await problemsOf(account(keys))).join()).toContain('can be read on the way');
    expect(await problemsOf(account({ ...keys, allowCleartext: 'true' }))).toEqual([]);
  });
});
