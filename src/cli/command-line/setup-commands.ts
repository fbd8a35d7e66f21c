import { Argument, type Command, InvalidArgumentError, Option } from 'commander';
import type { ActionOf } from '../command.ts';
import { EXIT_STATUS_HELP } from '../exit-status.ts';
import { wholeNumber } from './option-values.ts';

const PEERS = ['fetchmail', 'getmail', 'mpop'];

/** The commands of the first hour: to come from another program, and to go back to one. */
export function addSetupCommands(program: Command, run: ActionOf): void {
  addInit(program, run);
  addDoctor(program, run);
  addHistory(program, run);
  addExplain(program, run);
  addImport(program, run);
  addExport(program, run);
  addCompletion(program, run);
}

function addCompletion(program: Command, run: ActionOf): void {
  program
    .command('completion')
    .addArgument(new Argument('<shell>', 'the shell').choices(['bash', 'zsh', 'fish', 'accounts']))
    .summary('print a script that completes commands in your shell')
    .description(
      'Prints a script that completes commands, options and accounts. bash: put it into ~/.local/share/bash-completion/completions/mailferry; zsh: into _mailferry in a folder of $fpath; fish: into ~/.config/fish/completions/mailferry.fish. With "accounts" it prints the names of the accounts, which the scripts ask for.',
    )
    .action(run(async () => (await import('../commands/completion.ts')).completionOf(program)));
}

function addHistory(program: Command, run: ActionOf): void {
  program
    .command('history')
    .argument('[account...]', 'only these accounts')
    .summary('what was carried, when and where to')
    .description(
      'Shows what was carried, newest first: when, from which account, how large, from whom and about what, as far as it is still stored. A hyphen marks what is deleted on the server. Works while a daemon runs.',
    )
    .option('--since <when>', 'only what came since then: 2026-11-28, 2026-11-28T08:00, or 7d')
    .option('--until <when>', 'only what came until then')
    .option('--from <text>', 'only what has this in its From')
    .option('--subject <text>', 'only what has this in its Subject')
    .option('--message <id>', 'only what has this in its unique-id or Message-ID')
    .option('--all', 'also what was adopted, has failed or is quarantined (A, F, Q)')
    .option('--limit <count>', 'at most so many', wholeNumber(1), 50)
    .option('--json', 'one JSON object per message on standard output, nothing else there')
    .action(run(async () => (await import('../commands/history.ts')).history));
}

function addExplain(program: Command, run: ActionOf): void {
  program
    .command('explain')
    .argument('<account>', 'the account')
    .argument('<message>', 'its unique-id, its Message-ID, or its number in the listing of the server')
    .summary('why a message was or will be fetched, left or deleted')
    .description(
      'Says of one message why it was or will be fetched, left where it is or deleted on the server, and when. Asks the server for its listing, downloads nothing, changes nothing. Works while a daemon runs.',
    )
    .option('--no-server', 'do not ask the server; the ledger alone')
    .option('--json', 'one JSON object on standard output')
    .action(run(async () => (await import('../commands/explain.ts')).explain));
}

function addInit(program: Command, run: ActionOf): void {
  program
    .command('init')
    .summary('from a mail address to a configuration that works')
    .description(
      'Asks for a mail address, finds the server and tries it, logs in, and writes a commented configuration; passwords are kept outside of it. Where there is a configuration already, it adds the account to that, if you say so. Every question can be answered by an option; with --yes none is asked.',
    )
    .option('-y, --yes', 'ask nothing: everything is said by options')
    .option('-a, --address <address>', 'the mail address')
    .option('--name <name>', 'what the account is called here; by default the domain')
    .option('--host <host>', 'the POP3 server, or HOST:PORT; by default it is found')
    .option('--port <port>', 'its port', wholeNumber(1, 65_535))
    .addOption(
      new Option('--tls <mode>', 'how the line is protected; by default it is found out').choices([
        'implicit',
        'starttls',
        'none',
      ]),
    )
    .option('--ca-file <file>', 'certificates that are trusted in addition')
    .option('--user <user>', 'the name to log in with; by default the address')
    .option('--password-file <file>', 'a file with the password, which only you can read')
    .option('--password-command <command>', 'a command that prints the password')
    .option('--password-env <name>', 'the environment variable that holds it')
    .option('--password-credential <name>', 'the systemd credential that holds it (no login is tried)')
    .option('--password-stdin', 'read it from standard input, and keep it in a file that only you can read')
    .addOption(
      new Option('--deliver <type:path>', 'where mail goes: maildir:PATH or mbox:PATH').argParser(
        destination,
      ),
    )
    .addOption(
      new Option(
        '--delete <when>',
        'what happens on the server to mail that is safe here: never, after-delivery, or a time such as 30d',
      ).argParser(deletion),
    )
    .option(
      '--schedule <schedule>',
      'when a daemon polls; by default "every 5m", or what the provider allows',
    )
    .option('-o, --output <file>', 'the configuration to write; by default the usual one of this user')
    .option('--add', 'add the account to a configuration that is there; all else in it stays as it is')
    .addOption(new Option('--force', 'replace a configuration that is there').conflicts('add'))
    .option('--no-login', 'do not try the login')
    .action(run(async () => (await import('../commands/init.ts')).init));
}

function addDoctor(program: Command, run: ActionOf): void {
  program
    .command('doctor')
    .argument('[account...]', 'only these accounts')
    .summary('try everything that a poll needs, and name what is wrong')
    .description(
      'Goes the way of a poll step by step: password, name, connection, encryption, greeting, login, listing, plan, destination, ledger, schedule. Stops at the first thing that is wrong and says what, why, and what to do. Downloads nothing, deletes nothing.',
    )
    .option('--json', 'one JSON object per account on standard output, nothing else there')
    .addHelpText('after', EXIT_STATUS_HELP)
    .action(run(async () => (await import('../commands/doctor.ts')).doctor));
}

function deletion(text: string): string | { after: string } {
  if (text === 'never' || text === 'after-delivery') return text;
  if (/^\d+ ?[smhd]$/.test(text)) return { after: text };
  throw new InvalidArgumentError('It must be never, after-delivery, or a time such as 30d.');
}

function addImport(program: Command, run: ActionOf): void {
  program
    .command('import')
    .addArgument(new Argument('<program>', 'where you come from').choices(PEERS))
    .argument('<file...>', 'its configuration, such as ~/.fetchmailrc; for getmail one or more')
    .summary('take over the configuration and the memory of fetchmail, getmail or mpop')
    .description(
      'Writes a configuration from that of another program, with comments on what has no counterpart, and notes in the ledger what it has fetched already, so that nothing is downloaded again. Its files are only read.',
    )
    .option('-n, --dry-run', 'show all of it, write nothing')
    .option('-o, --output <file>', 'the configuration to write; by default the usual one of this user')
    .option('--force', 'replace files that are there')
    .option(
      '--state <path>',
      'what it remembers: .fetchids, the folder of oldmail files, the uidls file; else where it is usually',
    )
    .option('--netrc <file>', 'where its passwords may be; by default ~/.netrc')
    .addOption(
      new Option(
        '--deliver <type:path>',
        'where mail goes that it gave to a program: maildir:PATH or mbox:PATH; {account} in it is the name of each account',
      ).argParser(destination),
    )
    .option('--state-dir <dir>', 'the folder of the ledger, written as "stateDir"; by default the usual one')
    .addHelpText(
      'after',
      `
Exit status 78 when something is left for you to say, such as where mail goes;
the file and the ledger are written all the same. 64 when a file would be
overwritten.`,
    )
    .action(run(async () => (await import('../commands/import.ts')).importPeer));
}

function addExport(program: Command, run: ActionOf): void {
  program
    .command('export')
    .addArgument(new Argument('<program>', 'where you go').choices(PEERS))
    .argument('[account...]', 'only these accounts')
    .summary('write what was carried in the form in which another program remembers it')
    .description(
      'Writes what was carried and is still on the server in the form in which fetchmail (.fetchids), getmail (oldmail files) or mpop (a uidls file) remembers it, so that nothing is downloaded again there.',
    )
    .requiredOption(
      '-o, --output <path>',
      'the file to write; for getmail the folder of its oldmail files, for mpop a file or the folder of its uidls files',
    )
    .option('--force', 'replace files that are there')
    .action(run(async () => (await import('../commands/export.ts')).exportPeer));
}

function destination(text: string): { type: string; path: string } {
  const [, type = '', path = ''] = /^(maildir|mbox):(.+)$/.exec(text) ?? [];
  if (path === '')
    throw new InvalidArgumentError('It must be maildir:PATH or mbox:PATH, for example maildir:~/Mail.');
  return { type, path };
}
