import { type Argument, Command, InvalidArgumentError, Option } from 'commander';
import { nearest } from '../../config/nearest.ts';
import { parseDuration } from '../../schedule/duration.ts';
import type { ActionOf } from '../command.ts';
import { EXIT_STATUS_HELP } from '../exit-status.ts';
import { version } from '../version.ts';
import { CONFIRM_DELETE_HELP } from './confirm-delete.ts';
import { addDaemonCommands } from './daemon-commands.ts';
import { wholeNumber } from './option-values.ts';
import { addSetupCommands } from './setup-commands.ts';

/** Written here once more, so that `--help` need not load the server. */
export const PERSONALITY_NAMES: readonly string[] = [
  'dovecot',
  'courier',
  'cyrus',
  'popa3d',
  'qmail',
  'gmail',
  'outlook',
];

const START_HERE = `
Start here:
  mailferry demo      see it work, without any account
  mailferry init      write a first configuration
  mailferry check     see what your configuration means
  mailferry fetch     carry the mail
  mailferry run       carry it on schedule, until told to stop
${EXIT_STATUS_HELP}`;

/** What people type who come from other programs. */
const OTHER_COMMANDS: Readonly<Record<string, string>> = {
  daemon: 'run',
  start: 'run',
  sync: 'fetch',
  get: 'fetch',
  pull: 'fetch',
  download: 'fetch',
  setup: 'init',
  configure: 'init',
  config: 'check',
  validate: 'check',
  test: 'doctor',
  version: '--version',
};

/**
 * The command line: the commands and their options. What a command needs is loaded only when it runs, so that
 * `--help` answers at once.
 */
export function buildProgram(run: ActionOf): Command {
  const levels = ['silent', 'error', 'warn', 'info', 'debug', 'trace'];
  const program = new Command('mailferry')
    .description(
      'Carries mail from a remote POP3 maildrop to a place of yours, such as a Maildir, an mbox or a mailbox over IMAP, and takes it off the server only when it is provably safe with you.',
    )
    .version(version(), '-V, --version')
    .addOption(new Option('-c, --config <file>', 'the configuration').env('MAILFERRY_CONFIG'))
    .addOption(new Option('--log-level <level>', 'how much to log').choices(levels))
    .addOption(
      new Option('--log-format <format>', 'how the log looks')
        .choices(['auto', 'json', 'pretty'])
        .default('auto'),
    )
    .addHelpText('after', START_HERE)
    .configureHelp({ showGlobalOptions: true, subcommandTerm: termOf })
    .showHelpAfterError('(--help shows the options)')
    .exitOverride();
  addFetch(program, run);
  addDaemonCommands(program, run);
  addCheck(program, run);
  addVerify(program, run);
  addAdopt(program, run);
  addRefetch(program, run);
  addServe(program, run);
  addDemo(program, run);
  addSetupCommands(program, run);
  program.on('command:*', ([word = '']: readonly string[]) => {
    program.error(unknownCommand(program, word), { code: 'commander.unknownCommand' });
  });
  program.configureOutput({
    outputError: (text, write) => write(`${text}${misplacedOption(program, text)}`),
  });
  program.addHelpText('afterAll', ({ error, command }) => {
    const [first, word] = error && command === program ? program.args : [];
    return first === 'help' && word !== undefined ? `\n${unknownCommand(program, word)}` : '';
  });
  return program;
}

/** Where an option belongs that stands before its command, as some other programs want it; empty where nobody has it. */
function misplacedOption({ args, commands }: Command, text: string): string {
  const flag = /^error: unknown option '(-[^']*)'/.exec(text)?.[1];
  const named = commands.find((command) => args.includes(command.name()));
  const has = ({ options }: Command): boolean =>
    options.some(({ long, short }) => flag === long || flag === short);
  const meant = flag === undefined ? undefined : named === undefined ? commands.find(has) : named;
  if (meant === undefined || !has(meant)) return '';
  return `(Options of a command stand behind it: mailferry ${meant.name()} ${flag})\n`;
}

/** Without "[options]", which all but a few have: with it, the descriptions would not fit 80 columns. */
function termOf(command: Command): string {
  return [command.name(), ...command.registeredArguments.map(shown)].join(' ');
}

/** As `Usage:` shows it. */
function shown(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}

function unknownCommand(program: Command, word: string): string {
  const known = program.commands.map((command) => command.name());
  const meant = Object.hasOwn(OTHER_COMMANDS, word) ? OTHER_COMMANDS[word] : nearest(word, known);
  return `error: unknown command '${word}'${meant === undefined ? '' : `\n(Did you mean ${meant}?)`}`;
}

function addFetch(program: Command, run: ActionOf): void {
  program
    .command('fetch')
    .argument('[account...]', 'only these accounts')
    .summary('poll once now, then end')
    .description('Polls the accounts once: carries what is new, deletes on the server what may be, and ends.')
    .option('-n, --dry-run', 'show what would be done; sends neither RETR nor DELE')
    .option('--json', 'one JSON object per account on standard output, nothing else there')
    .option('-q, --quiet', 'say nothing unless something is wrong')
    .option('--no-progress', 'no progress bar on a terminal')
    .option('--confirm-delete', CONFIRM_DELETE_HELP)
    .addHelpText('after', EXIT_STATUS_HELP)
    .action(run(async () => (await import('../commands/fetch.ts')).fetch));
}

function addCheck(program: Command, run: ActionOf): void {
  program
    .command('check')
    .summary('read the configuration and explain all problems')
    .description(
      'Reads the configuration and explains all problems at once, each with its place. Touches no network.',
    )
    .showHelpAfterError('(--config FILE names another configuration)')
    .action(run(async () => (await import('../commands/check.ts')).check));
}

function addAdopt(program: Command, run: ActionOf): void {
  program
    .command('adopt')
    .argument('<account...>', 'the accounts')
    .summary('count what the server lists as carried already')
    .description(
      'Counts all messages that the server lists now as carried, without downloading them: for a mailbox whose old mail you have already, or after the ledger was lost. Only their unique-ids and sizes are noted: they come should the server change these. They are never deleted by Mailferry.',
    )
    .option(
      '--none',
      'after the ledger was lost: let the next poll carry what it does not find at the destination',
    )
    .action(run(async () => (await import('../commands/adopt.ts')).adopt));
}

function addRefetch(program: Command, run: ActionOf): void {
  program
    .command('refetch')
    .argument('<account...>', 'the accounts')
    .summary('let the next poll carry what was lost here once more')
    .description(
      'After a disk was lost, or a backup put back: what was delivered to a Maildir, or to a mailbox over IMAP, that was made anew since, and is not in it, is carried once more by the next poll, as far as the server still has it. What it has no more stays among what verify misses. Mail that was lost where it went before comes to where it goes now.',
    )
    .option('--missing', 'also what was moved or deleted here by you, and in an mbox all that is not in it')
    .option(
      '--handed-over',
      'also all that a program or mail server has taken: nobody can tell what of it is lost, so all of it comes twice',
    )
    .option('-n, --dry-run', 'only count')
    .action(run(async () => (await import('../commands/refetch.ts')).refetch));
}

function addVerify(program: Command, run: ActionOf): void {
  program
    .command('verify')
    .argument('[account...]', 'only these accounts')
    .summary('re-read what was delivered and compare hashes')
    .description(
      'Re-reads every message that was delivered and compares its hash with the one that was recorded.',
    )
    .option('--json', 'one JSON object per destination on standard output, nothing else there')
    .addHelpText(
      'after',
      `
Exit status 0 when all of it was looked at and is as it was delivered, 65 when a
message is changed, not there any more or unreadable, 73 when a destination is
not there, as on a disk that is not mounted, 74 when the ledger does not know an
account whose mail is there, or when it or a destination cannot be read, 75 when
an IMAP server cannot be asked now.`,
    )
    .action(run(async () => (await import('../commands/verify.ts')).verify));
}

function addServe(program: Command, run: ActionOf): void {
  program
    .command('serve')
    .summary('run the included POP3 server')
    .description(
      'Runs the included POP3 server, for tests and for trying things out, until it is stopped. Prints one JSON line with its addresses when it is ready. Without --maildrops each user has sample mail, in memory.',
    )
    .addOption(
      new Option('--listen <host:port>', 'where to listen; port 0 is any free one')
        .argParser(address)
        .default(address('127.0.0.1:1110'), '127.0.0.1:1110'),
    )
    .option('--tls-listen <host:port>', 'where to listen with TLS from the first octet', address)
    .option('--tls-cert <file>', 'certificate chain in PEM; with it STLS is offered')
    .option('--tls-key <file>', 'its private key in PEM')
    .option('--tls-client-ca <file>', 'authorities in PEM; their client certificates let in by EXTERNAL')
    .option('--require-tls', 'no login before STLS')
    .option(
      '--maildrops <dir>',
      'a folder with a folder of .eml files, or a Maildir, per user, read at login; DELE removes files',
    )
    .addOption(
      new Option('--user <name:password>', 'a user; may be given several times')
        .argParser(collect)
        .default([], 'none'),
    )
    .option('--users <file>', 'more users, one NAME:PASSWORD a line')
    .addOption(
      new Option('--token <name:token>', "a user's access token, for XOAUTH2 and OAUTHBEARER")
        .argParser(collect)
        .default([], 'none'),
    )
    .addOption(new Option('--personality <name>', 'behave as another server does').choices(PERSONALITY_NAMES))
    .option('--autologout <time>', 'drop a client that is silent for so long (default: 10m)', duration)
    .option('--faults <file>', 'scripted misbehaviour, as JSON')
    .action(run(async () => (await import('../commands/serve.ts')).serve));
}

function addDemo(program: Command, run: ActionOf): void {
  program
    .command('demo')
    .summary('see the main job done, without any account')
    .description(
      'Starts the included server with sample mail, carries it into a Maildir, and shows that nothing was lost. Touches nothing but a new folder, whose name it tells.',
    )
    .option('--messages <count>', 'how many messages', wholeNumber(1, 100_000), 300)
    .action(run(async () => (await import('../commands/demo.ts')).demo));
}

/** An address as `HOST:PORT`, `[IPv6]:PORT` or `PORT`. */
function address(text: string): { host: string; port: number } {
  const [, host = '127.0.0.1', digits = ''] = /^(?:\[?([^\]]*?)\]?:)?(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === '' || port > 65_535)
    throw new InvalidArgumentError('It must be HOST:PORT, for example 127.0.0.1:1110.');
  return { host: host === '' ? '127.0.0.1' : host, port };
}

function duration(text: string): number {
  const milliseconds = parseDuration(text);
  if (milliseconds !== undefined && milliseconds >= 1 && milliseconds < 2 ** 31) return milliseconds;
  throw new InvalidArgumentError('It must be a time such as 30s or 10m, up to 24d.');
}

function collect(text: string, before: readonly string[]): readonly string[] {
  return [...before, text];
}
