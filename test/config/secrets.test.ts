import { execFileSync, spawn } from 'node:child_process';
import { symlinkSync, writeFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { PasswordCommandError, passwordSource, type SecretSurroundings } from '../../src/config/secrets.ts';
import type { PasswordSettings } from '../../src/config/settings.ts';
import { MailError } from '../../src/errors.ts';
import { Secret } from '../../src/secret.ts';
import { temporaryFolder, write } from './fixtures.ts';

function surroundings(changes: Partial<SecretSurroundings> = {}): SecretSurroundings {
  return {
    env: { PATH: process.env['PATH'] },
    folder: '/',
    withheld: new Set(),
    timeLimitMs: 20_000,
    ...changes,
  };
}

async function passwordOf(
  settings: PasswordSettings,
  changes: Partial<SecretSurroundings> = {},
): Promise<string> {
  return (await passwordSource(settings, surroundings(changes))()).reveal();
}

async function failureOf(
  settings: PasswordSettings,
  changes: Partial<SecretSurroundings> = {},
): Promise<MailError> {
  const outcome = await passwordOf(settings, changes).catch((thrown: unknown) => thrown);
  if (!(outcome instanceof MailError))
    throw new Error('the password was given, or the error is not one of ours');
  expect(outcome.code).toBe('secret-unavailable');
  expect(outcome.hint).toBeTruthy();
  return outcome;
}

describe('a password in the configuration', () => {
  it('is given as it is', async () => {
    expect(await passwordOf({ from: 'text', value: new Secret(' a b ') })).toBe(' a b ');
  });
});

describe('a password from the environment', () => {
  it('is read anew each time', async () => {
    const env: Record<string, string> = { P: 'one' };
    const password = passwordSource({ from: 'env', name: 'P' }, surroundings({ env }));
    expect((await password()).reveal()).toBe('one');
    env['P'] = 'two';
    expect((await password()).reveal()).toBe('two');
  });

  it.each([
    [{}, 'The environment variable P, which should hold the password, is not set.'],
    [{ P: '' }, 'The environment variable P, which should hold the password, is empty.'],
    [{ P: 'hunter2\r\nDELE 1' }, 'The environment variable P gave more than one line, or a NUL character.'],
  ])('is refused in %j', async (env, message) => {
    expect((await failureOf({ from: 'env', name: 'P' }, { env })).message).toBe(message);
  });
});

describe('a password from a file', () => {
  it.each([
    ['hunter2', 'hunter2'],
    ['hunter2\n', 'hunter2'],
    ['hunter2\r\n', 'hunter2'],
    ['  pässwörd  \n', '  pässwörd  '],
  ])('%j is %j', async (content, expected) => {
    const path = write(`${temporaryFolder()}/password`, content);
    expect(await passwordOf({ from: 'file', path })).toBe(expected);
  });

  it.each([
    ['', 'gave an empty password'],
    ['\n', 'gave an empty password'],
    ['hunter2\n\n', 'gave more than one line'],
    ['hunter2\r', 'gave more than one line'],
    ['hunter2\nnote\n', 'gave more than one line'],
    ['hunter2\0', 'a NUL character'],
    ['hunter2'.repeat(10_000), 'it is larger than 65536 octets'],
  ])('%j is refused without being shown', async (content, message) => {
    const path = write(`${temporaryFolder()}/password`, content);
    const error = await failureOf({ from: 'file', path });
    expect(error.message).toContain(message);
    expect(`${error.message} ${error.hint} ${String(error.cause)}`).not.toContain('hunter2');
  });

  it('that is not UTF-8 is refused, as its octets would be changed on the way', async () => {
    const path = write(`${temporaryFolder()}/password`, '');
    writeFileSync(path, Buffer.from([0x70, 0xe4]));
    expect((await failureOf({ from: 'file', path })).message).toContain('not UTF-8');
  });

  it.each([0o640, 0o604, 0o644, 0o660])('of mode %o is refused with the remedy', async (mode) => {
    const path = write(`${temporaryFolder()}/password`, 'hunter2\n', mode);
    const error = await failureOf({ from: 'file', path });
    expect(error.message).toBe(
      `The password file ${path} can be read by other users (mode 0${mode.toString(8)}).`,
    );
    expect(error.hint).toBe(`Run: chmod 600 ${path}`);
  });

  it('of any mode is accepted as a mounted secret, and a link out of the mount is not', async () => {
    const folder = temporaryFolder();
    const inside = write(`${folder}/mount/..data/password`, 'hunter2\n', 0o644);
    const outside = write(`${folder}/elsewhere`, 'hunter2\n', 0o644);
    symlinkSync(outside, `${folder}/mount/link`);
    const env = { CREDENTIALS_DIRECTORY: `${folder}/mount` };
    expect(await passwordOf({ from: 'file', path: inside }, { env })).toBe('hunter2');
    expect((await failureOf({ from: 'file', path: `${folder}/mount/link` }, { env })).message).toContain(
      'mode 0644',
    );
  });

  it.each([
    ['/nowhere/password', 'there is no such file'],
    ['/', 'it is a folder'],
    ['/dev/zero', 'it is not a regular file'],
  ])('%s is refused', async (path, reason) => {
    expect((await failureOf({ from: 'file', path })).message).toBe(
      `The password file ${path} cannot be read: ${reason}.`,
    );
  });
});

describe('a password from a systemd credential', () => {
  it('is read from $CREDENTIALS_DIRECTORY, whatever its mode', async () => {
    const folder = temporaryFolder();
    write(`${folder}/work`, 'hunter2\n', 0o440);
    const env = { CREDENTIALS_DIRECTORY: folder };
    expect(await passwordOf({ from: 'credential', name: 'work' }, { env })).toBe('hunter2');
    expect((await failureOf({ from: 'credential', name: 'other' }, { env })).message).toContain(
      'no such file',
    );
  });

  it('is refused where there is no such folder', async () => {
    expect((await failureOf({ from: 'credential', name: 'work' })).message).toBe(
      'The password is the credential "work", but $CREDENTIALS_DIRECTORY is not set.',
    );
  });
});

describe('a password command', () => {
  const run = (command: string | readonly string[], changes?: Partial<SecretSurroundings>): Promise<string> =>
    passwordOf({ from: 'command', command }, changes);
  const fail = (
    command: string | readonly string[],
    changes?: Partial<SecretSurroundings>,
  ): Promise<MailError> => failureOf({ from: 'command', command }, changes);

  it.each([
    ['echo hunter2', 'hunter2'],
    ['printf "hunter2"', 'hunter2'],
    ['printf "hunter2\\r\\nuser: me\\n"', 'hunter2'],
    ['printf " a b \\n"', ' a b '],
    ['echo noise >&2; echo hunter2', 'hunter2'],
  ])('of text goes through a shell, and its first line is the password: %s', async (command, expected) => {
    expect(await run(command)).toBe(expected);
  });

  it('of a list goes through no shell', async () => {
    expect(await run(['printf', '%s', '$HOME; a "b"'])).toBe('$HOME; a "b"');
  });

  it('works in the folder of the configuration, has no stdin, and none of the passwords in our environment', async () => {
    const folder = temporaryFolder();
    write(`${folder}/show`, '#!/bin/sh\ncat\necho "$OTHER/$PLAIN/$(pwd)"\n', 0o700);
    const env = { PATH: process.env['PATH'], OTHER: 'secret', PLAIN: 'plain' };
    expect(await run('./show', { folder, env, withheld: new Set(['OTHER']) })).toBe(`/plain/${folder}`);
  });

  it('I5: that fails is reported without what it printed, or its text; what it said on stderr can be asked for', async () => {
    const error = await fail('echo hunter2; printf "no\\033[31m key\\n" >&2; exit 3');
    expect(error).toBeInstanceOf(PasswordCommandError);
    expect(error.message).toBe('The password command ended with status 3.');
    expect(error.hint).toMatch(/ What it said is not kept; `mailferry doctor` shows it\.$/);
    expect(inspect(error, { showHidden: true }) + JSON.stringify(error)).not.toMatch(/key\b|hunter2/);
    const { quoting } = error as PasswordCommandError;
    expect(quoting.message).toBe('The password command ended with status 3. It said: no\\x1b[31m key');
    expect((await fail('echo not here >&2; echo')).message).toBe('The password command printed no password.');
    expect((await fail('echo hunter2; exit 1')).message).toBe('The password command ended with status 1.');
    expect((await fail('kill -TERM $$')).message).toBe('The password command was ended by SIGTERM.');
  });

  it.each([
    ['true', 'gave an empty password'],
    ['echo', 'gave an empty password'],
    ['printf "a\\rb\\n"', 'gave more than one line'],
    ['printf "a\\0b\\n"', 'a NUL character'],
    ['head -c 100000 /dev/zero | tr "\\0" a', 'printed too long a line'],
  ])('that prints no password is reported: %s', async (command, message) => {
    expect((await fail(command)).message).toContain(message);
  });

  it.each([
    [['/nowhere/pass', 'show'], 'there is no such program'],
    [['/', 'show'], 'EACCES'],
  ])('that cannot be started is reported: %j', async (command, reason) => {
    expect((await fail(command)).message).toBe(`The password command cannot be started: ${reason}.`);
  });

  it('that does not end is ended, with all that it started', async () => {
    const folder = temporaryFolder();
    const fifo = `${folder}/alive`;
    // The reader ends when the last writer does: the grandchild, in the background of the shell.
    execFileSync('/bin/sh', ['-c', 'mkfifo "$0"', fifo]);
    const reader = spawn('cat', [fifo]);
    const ended = new Promise<number | null>((resolve) => reader.once('exit', resolve));
    const error = await fail(`exec 3>${fifo}; sleep 600 & sleep 600; true`, { timeLimitMs: 300 });
    expect(error.message).toBe('The password command has not ended within 0.3 s.');
    expect(await ended).toBe(0);
  });

  it('that is waited for when a stop comes is ended, with all that it started; after it, none is started', async () => {
    const folder = temporaryFolder();
    const fifo = `${folder}/alive`;
    execFileSync('/bin/sh', ['-c', 'mkfifo "$0"', fifo]);
    const reader = spawn('cat', [fifo]);
    const ended = new Promise<number | null>((resolve) => reader.once('exit', resolve));
    const stop = new AbortController();
    const password = passwordSource(
      { from: 'command', command: `exec 3>${fifo}; echo >&3; sleep 600 & sleep 600; true` },
      surroundings(),
    );
    reader.stdout.once('data', () => stop.abort());
    await expect(password(stop.signal)).rejects.toMatchObject({ code: 'aborted' });
    expect(await ended).toBe(0);
    await expect(password(stop.signal)).rejects.toMatchObject({ code: 'aborted' });
  });

  it('that leaves an agent behind is not waited for beyond its own end', async () => {
    expect(await run('sleep 20 & echo hunter2')).toBe('hunter2');
  });
});
