import { type Command, CommanderError } from 'commander';
import { describe, expect, test } from 'vitest';
import { buildProgram, PERSONALITY_NAMES } from '../../src/cli/command-line/program.ts';
import { PERSONALITIES } from '../../src/pop3-server/index.ts';

interface Parsed {
  readonly command: string;
  readonly options: Record<string, unknown>;
  readonly words: readonly string[];
}

/** What a command line means; raises what the program would end with. */
async function parsed(...words: string[]): Promise<Parsed> {
  const found: Parsed[] = [];
  const program = buildProgram(() => (...received) => {
    const command = received.at(-1) as Command;
    found.push({ command: command.name(), options: command.optsWithGlobals(), words: command.args });
    return Promise.resolve();
  });
  for (const command of [program, ...program.commands]) {
    command.configureOutput({ writeOut: () => undefined, writeErr: () => undefined });
  }
  await program.parseAsync(['node', 'mailferry', ...words]);
  return found[0] ?? expect.fail('no command was run');
}

/** What is said of a command line that is refused. */
async function refused(...words: string[]): Promise<string> {
  const texts: string[] = [];
  const program = buildProgram(() => () => Promise.resolve());
  for (const command of [program, ...program.commands]) {
    command.exitOverride();
    command.configureOutput({ writeOut: () => undefined, writeErr: (text) => void texts.push(text) });
  }
  await expect(program.parseAsync(['node', 'mailferry', ...words])).rejects.toBeInstanceOf(CommanderError);
  return texts.join('');
}

async function help(...words: string[]): Promise<string> {
  const texts: string[] = [];
  const program = buildProgram(() => () => Promise.resolve());
  for (const command of [program, ...program.commands]) {
    command.exitOverride();
    command.configureOutput({ writeOut: (text) => void texts.push(text), writeErr: () => undefined });
  }
  await program.parseAsync(['node', 'mailferry', ...words, '--help']).catch(() => undefined);
  return texts.join('');
}

describe('the command line', () => {
  test('of fetch has its defaults', async () => {
    expect(await parsed('fetch')).toMatchObject({
      command: 'fetch',
      words: [],
      options: { progress: true, logFormat: 'auto' },
    });
  });

  test('of fetch takes accounts and options, the global ones in either place', async () => {
    expect(
      await parsed('-c', 'a.yaml', 'fetch', 'work', 'home', '-n', '--json', '--no-progress'),
    ).toMatchObject({
      words: ['work', 'home'],
      options: { config: 'a.yaml', dryRun: true, json: true, progress: false },
    });
    expect((await parsed('fetch', '--config', 'b.yaml', '-q')).options).toMatchObject({
      config: 'b.yaml',
      quiet: true,
    });
  });

  test.each([
    ['127.0.0.1:1110', { host: '127.0.0.1', port: 1110 }],
    ['localhost:0', { host: 'localhost', port: 0 }],
    ['1110', { host: '127.0.0.1', port: 1110 }],
    [':1110', { host: '127.0.0.1', port: 1110 }],
    ['[::1]:1110', { host: '::1', port: 1110 }],
    ['0.0.0.0:65535', { host: '0.0.0.0', port: 65_535 }],
  ])('of serve takes the address %j', async (text, address) => {
    expect((await parsed('serve', '--listen', text)).options).toMatchObject({ listen: address });
  });

  test.each([
    [['--dry-run', 'fetch'], '(Options of a command stand behind it: mailferry fetch --dry-run)'],
    [['-n', 'fetch', 'home'], '(Options of a command stand behind it: mailferry fetch -n)'],
    [['--dry-run'], '(Options of a command stand behind it: mailferry fetch --dry-run)'],
    [['--json', 'status'], '(Options of a command stand behind it: mailferry status --json)'],
    [['--follow'], '(Options of a command stand behind it: mailferry logs --follow)'],
  ])('that has the option of a command before it is told where it belongs: %j', async (words, hint) => {
    expect(await refused(...words)).toContain(`${hint}\n`);
  });

  test('that has an option before its command which that does not have is told no such thing', async () => {
    expect(await refused('--nosuch', 'fetch')).not.toContain('stand behind it');
    expect(await refused('--dry-run', 'check')).not.toContain('mailferry check --dry-run');
  });

  test('of serve takes the autologout time', async () => {
    expect((await parsed('serve', '--autologout', '10m')).options).toMatchObject({ autologout: 600_000 });
  });

  test('of serve takes several users, octet by octet', async () => {
    const { options } = await parsed('serve', '--user', 'alice:a:b', '--user', 'bob: x ');
    expect(options).toMatchObject({
      user: ['alice:a:b', 'bob: x '],
      listen: { host: '127.0.0.1', port: 1110 },
    });
  });

  test.each([
    ['an unknown command', ['ferry']],
    ['an unknown option', ['fetch', '--unknown']],
    ['an unknown log level', ['--log-level', 'loud', 'fetch']],
    ['an unknown log format', ['--log-format', 'xml', 'fetch']],
    ['words where none belong', ['check', 'work']],
    ['a port too large', ['serve', '--listen', '127.0.0.1:65536']],
    ['no port', ['serve', '--listen', 'localhost']],
    ['a port that is none', ['serve', '--listen', 'localhost:pop3']],
    ['a time that is none', ['serve', '--autologout', '10']],
    ['a time too long', ['serve', '--autologout', '25d']],
    ['no messages', ['demo', '--messages', '0']],
    ['half a message', ['demo', '--messages', '1.5']],
    ['too many messages', ['demo', '--messages', '100001']],
    ['an option without its value', ['fetch', '--config']],
  ])('with %s is refused', async (_, words) => {
    await expect(parsed(...words)).rejects.toBeInstanceOf(CommanderError);
  });

  test.each([
    [['fech'], "error: unknown command 'fech'\n(Did you mean fetch?)"],
    [['daemon'], '(Did you mean run?)'],
    [['start'], '(Did you mean run?)'],
    [['sync'], '(Did you mean fetch?)'],
    [['version'], '(Did you mean --version?)'],
    [['setup'], '(Did you mean init?)'],
    [['help', 'fech'], "error: unknown command 'fech'\n(Did you mean fetch?)\n"],
    [['help', 'zzz'], "error: unknown command 'zzz'\n"],
    [['check', 'my.yaml'], '(--config FILE names another configuration)'],
  ])('%j says what may be meant', async (words, text) => {
    expect(await refused(...words)).toContain(text);
  });

  test.each([
    ['-V', 'commander.version'],
    ['--version', 'commander.version'],
    ['--help', 'commander.helpDisplayed'],
  ])('%s ends well', async (word, code) => {
    await expect(parsed(word)).rejects.toMatchObject({ code, exitCode: 0 });
  });
});

test('the personalities that serve takes are those that there are', () => {
  expect(PERSONALITY_NAMES).toEqual(Object.keys(PERSONALITIES));
});

describe('the help', () => {
  test('names every command, where to start, and the exit statuses', async () => {
    const text = await help();
    for (const word of ['fetch', 'check', 'serve', 'demo', 'Start here', 'Exit status', '128 +']) {
      expect(text).toContain(word);
    }
  });

  test('fits 80 columns, of all commands', async () => {
    const commands = buildProgram(() => () => Promise.resolve()).commands.map((command) => command.name());
    const texts = await Promise.all([help(), ...commands.map((command) => help(command))]);
    expect(texts.flatMap((text) => text.split('\n')).filter((line) => line.length > 80)).toEqual([]);
  });

  test.each(['fetch', 'check', 'serve', 'demo'])('of %s says what it does', async (command) => {
    expect(await help(command)).toContain(`Usage: mailferry ${command}`);
  });
});
