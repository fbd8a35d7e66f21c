import { readFile, stat } from 'node:fs/promises';
import { readCertificates } from '../../config/certificates.ts';
import { homeFolder } from '../../config/home.ts';
import { absolutePath, isUserConfiguration, userConfigurationPath } from '../../config/places.ts';
import { renderAccount, renderConfiguration } from '../../config/render.ts';
import { octetsText } from '../../config/size.ts';
import { UnreadableError } from '../../config/small-file.ts';
import { writePrivateFile } from '../../durable/private-file.ts';
import { asMailError, ifThere, MailError } from '../../errors.ts';
import { accountName } from '../../peers/peer.ts';
import { systemRuntime } from '../../runtime.ts';
import { Secret } from '../../secret.ts';
import {
  type Candidate,
  type Discovery,
  discover,
  type NamedServer,
  noServer,
  parseServer,
  realNetwork,
} from '../../setup/discover.ts';
import { accountToAdd, type FirstAccount, firstConfiguration } from '../../setup/first-account.ts';
import { tryLogin } from '../../setup/try-login.ts';
import { hostAndPort } from '../../wire/address.ts';
import { countText } from '../../wire/text.ts';
import type { CommandRun, GlobalOptions } from '../command.ts';
import { statusOf } from '../exit-status.ts';
import { addAccount, type Present } from '../init/add.ts';
import { hasPassword, type InitOptions, refuseIncomplete, saidAddress } from '../init/options.ts';
import { type ChosenPassword, chooseKeeping, passwordOfOptions } from '../init/password.ts';
import { askDeletion, askDestination, askSchedule } from '../init/questions.ts';
import { loadFor } from '../load.ts';
import type { Asker } from '../prompts.ts';
import { signalControl } from '../signals.ts';
import { processTerminal, type Terminal } from '../terminal.ts';

/** How often a login that is refused is asked for again. */
const LOGIN_ATTEMPTS = 5;

/** What the whole of `init` works with. */
interface Setting {
  readonly options: InitOptions & GlobalOptions;
  /** Undefined with `--yes`. */
  readonly asker: Asker | undefined;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
  readonly output: string;
  /** What is there and to be kept; undefined where the configuration is a new one. */
  readonly present: Present | undefined;
  readonly ca: readonly string[];
}

/** `mailferry init`: from a mail address to a configuration that works, by questions or by options. */
export const init: CommandRun<InitOptions> = async (options) => {
  const terminal = processTerminal();
  const asker = options.yes === true ? undefined : await askerAtTerminal();
  if (asker === undefined) refuseIncomplete(options);
  using control = signalControl();
  const setting = {
    options,
    asker,
    terminal,
    signal: control.abort,
    ...(await freeOutput(options, asker)),
    ca: await certificatesOf(options),
  };
  const address =
    saidAddress(options) ?? (await asker?.text('Your mail address?', { check: checkAddress })) ?? '';
  const name = await freeName(nameOf(options, address), setting);
  const { server, notes, minimumMinutes } = await findServer(address, setting);
  const { user, password } = await logIn(address, { server, notes, setting, name });
  const deliver = options.deliver === undefined ? await askDestination(asker) : options.deliver;
  const deletion = options.delete ?? (await askDeletion(asker));
  const schedule = options.schedule ?? (await askSchedule(asker, minimumMinutes));
  const account = {
    ...server,
    name,
    caFile: options.caFile && absolute(options.caFile),
    user,
    password: password.value,
    deliver: { ...deliver, path: deliver.path.startsWith('~/') ? deliver.path : absolute(deliver.path) },
    deletion,
    schedule,
    notes,
  };
  const stored = await password.store(control.stop);
  if (stored !== undefined) tell(setting, stored);
  const unwritten = await keep(account, setting);
  return unwritten ?? control.status ?? (await conclude(setting, name));
};

/** Writes it into a new configuration, or the one that is there; else it is shown, and the exit status of that is the result. */
async function keep(account: FirstAccount, setting: Setting): Promise<number | undefined> {
  const { output, present, terminal } = setting;
  if (present === undefined) {
    await writePrivateFile(output, renderConfiguration(firstConfiguration(account)), systemRuntime);
    tell(setting, `Wrote ${output} (mode 0600).`, 'success');
    return undefined;
  }
  if (!present.adds) return showAccount(account, setting);
  const obstacle = await addAccount(output, account, present);
  if (obstacle !== undefined) {
    terminal.err(`The account cannot be added to ${output}: ${obstacle}. Nothing in it was changed.`);
    showAccount(account, setting);
    return statusOf('destination-unusable');
  }
  tell(setting, `Added ${account.name} to ${output}; all else in it is as it was.`, 'success');
  return undefined;
}

/** For whoever wants to write it into the configuration that is there, or has to. */
function showAccount(account: FirstAccount, { terminal, output }: Setting): number {
  const named = namedIn(output);
  terminal.out(`Add this below "accounts:" in ${output}:\n`);
  terminal.out(renderAccount(accountToAdd(account)));
  terminal.out(`\nThen: mailferry check${named}, mailferry doctor${named} ${account.name}`);
  return 0;
}

async function askerAtTerminal(): Promise<Asker> {
  if (process.stdin.isTTY && process.stdout.isTTY) return (await import('../prompts.ts')).terminalAsker;
  throw new MailError('usage', 'There is no terminal to ask at.', {
    hint: 'Say everything with options, and --yes: mailferry init --help shows them.',
  });
}

/** Where the configuration goes: never over another one without being told so. */
async function freeOutput(
  options: InitOptions & GlobalOptions,
  asker: Asker | undefined,
): Promise<Pick<Setting, 'output' | 'present'>> {
  const output = absolute(
    options.output ?? options.config ?? userConfigurationPath(process.env, homeFolder()),
  );
  if (options.force === true || (await ifThere(stat(output))) === undefined)
    return { output, present: undefined };
  const wish = options.add === true ? 'add' : await askWish(output, asker);
  if (wish === 'replace') return { output, present: undefined };
  const text = await readFile(output, 'utf8');
  const { accounts } = await loadFor({ ...options, config: output });
  return {
    output,
    present: { text, names: accounts.map(({ account }) => account.name), adds: wish === 'add' },
  };
}

async function askWish(output: string, asker: Asker | undefined): Promise<'add' | 'show' | 'replace'> {
  if (asker === undefined) {
    throw new MailError('usage', `${output} is there already; nothing was written.`, {
      hint: 'Add the account to it with --add, write to another file with --output FILE, or replace it with --force.',
    });
  }
  return asker.choose(`${output} is there already. What shall become of the new account?`, [
    { value: 'add', label: 'It is added to that file; all else in it stays as it is' },
    { value: 'show', label: 'It is shown at the end, to be added to that file by you' },
    { value: 'replace', label: 'It replaces all that is in that file' },
  ]);
}

/** A name of which there is no account yet: its password would take the place of the other one's. */
async function freeName(name: string, { present, asker, options }: Setting): Promise<string> {
  const names = present?.names ?? [];
  if (!names.includes(name)) return name;
  const taken = `There is an account "${name}" already.`;
  if (asker === undefined || options.name !== undefined)
    throw new MailError('usage', taken, { hint: 'Give the new one another name with --name.' });
  const check = (answer: string): string | undefined =>
    names.includes(accountName(answer)) ? 'There is an account of that name already.' : undefined;
  return accountName(await asker.text(`${taken} What is the new one to be called?`, { check }));
}

async function certificatesOf({ caFile }: InitOptions): Promise<readonly string[]> {
  if (caFile === undefined) return [];
  try {
    return await readCertificates(absolute(caFile));
  } catch (thrown) {
    if (!(thrown instanceof UnreadableError)) throw thrown;
    throw new MailError('usage', `Cannot read ${caFile}: ${thrown.message}.`, { hint: 'Check --ca-file.' });
  }
}

interface FoundServer {
  readonly server: Candidate;
  readonly notes: readonly string[];
  readonly minimumMinutes: number;
}

async function findServer(address: string, setting: Setting): Promise<FoundServer> {
  const { options, asker, ca, signal } = setting;
  const network = realNetwork({ ca, signal });
  let said = saidServer(options);
  for (;;) {
    const look = (): Promise<Discovery> => discover(address, { network, said });
    const found = await (asker?.during(
      said === undefined ? `Looking for the server of ${address}` : `Trying ${said.host}`,
      look,
    ) ?? look());
    const { server, provider } = found;
    const notes =
      provider === undefined
        ? []
        : provider.notes.map((note) => `${provider.name} (as of ${provider.asOf}): ${note}`);
    if (server !== undefined) {
      tell(
        setting,
        `${hostAndPort(server.host, server.port)} answers, with ${server.tls === 'none' ? 'no TLS' : 'TLS and a good certificate'}.`,
        'success',
      );
      for (const note of notes) tell(setting, note, 'warn');
      return { server, notes, minimumMinutes: provider?.minimumMinutes ?? 0 };
    }
    const error = noServer(address, found);
    if (asker === undefined) throw error;
    asker.say([error.message, error.hint].join('\n'), 'warn');
    const named = await asker.text('The name of your POP3 server? (the provider tells it)', {
      check: (answer) =>
        parseServer(answer) === undefined
          ? 'Write its name, such as pop.example.org, or NAME:PORT.'
          : undefined,
    });
    said = parseServer(named);
  }
}

function saidServer({ host, port, tls }: InitOptions): NamedServer | undefined {
  if (host === undefined) return undefined;
  const said = parseServer(host);
  if (said === undefined || (port !== undefined && said.port !== undefined)) {
    throw new MailError('usage', `--host "${host}" is no name of a server.`, {
      hint: 'Write its name, such as pop.example.org, or NAME:PORT in place of --port.',
    });
  }
  return { ...said, port: said.port ?? port, tls };
}

async function logIn(
  address: string,
  {
    server,
    notes,
    setting,
    name,
  }: { server: Candidate; notes: readonly string[]; setting: Setting; name: string },
): Promise<{ user: string; password: ChosenPassword }> {
  const { options, asker, output } = setting;
  let user = options.user ?? address;
  for (let attempt = 1; ; attempt += 1) {
    if (asker !== undefined && options.user === undefined)
      user = await asker.text('The name to log in with?', { initial: user });
    const typed = asker !== undefined && !hasPassword(options);
    const password = typed
      ? {
          secret: new Secret(await asker.secret(`The password of ${user}?`)),
          value: undefined,
          store: () => Promise.resolve(undefined),
        }
      : await passwordOfOptions(options, { output, name, absolute });
    try {
      await tryOnce({ user, server, password, setting });
      return {
        user,
        password: typed ? await chooseKeeping(password.secret, { asker, output, name }) : password,
      };
    } catch (thrown) {
      const error = asMailError(thrown);
      if (!typed || attempt === LOGIN_ATTEMPTS || error.code !== 'login-refused') throw error;
      asker.say([error.message, ...(notes.length > 0 ? notes : [error.hint])].join('\n'), 'warn');
    }
  }
}

async function tryOnce({
  user,
  server,
  password,
  setting,
}: {
  user: string;
  server: Candidate;
  password: ChosenPassword;
  setting: Setting;
}): Promise<void> {
  const { options, asker, ca, signal } = setting;
  if (!options.login || options.passwordCredential !== undefined) return;
  const act = (): ReturnType<typeof tryLogin> =>
    tryLogin({ ...server, ca, user, password: password.secret, signal });
  const { messages, octets } = await (asker?.during(`Logging in as ${user}`, act) ?? act());
  tell(setting, `Logged in: ${countText(messages, 'message')} there (${octetsText(octets)}).`, 'success');
}

/** At a terminal: has it examined, and shows what a first poll would do; of this account, where there are others. */
async function conclude(
  { options, asker, terminal, output, present }: Setting,
  name: string,
): Promise<number> {
  const names = present === undefined ? [] : [name];
  const named = [namedIn(output), ...names].join(' ').trimEnd();
  const reload = present === undefined ? '' : `; where a daemon runs: mailferry reload${namedIn(output)}`;
  const next = `Next: mailferry doctor${named}, mailferry fetch --dry-run${named}, mailferry fetch${named}${reload}`;
  const globals = { logLevel: options.logLevel, logFormat: options.logFormat, config: output };
  if (
    asker === undefined ||
    !(await asker.confirm('Examine it now, and show what a first poll would do? (Nothing is downloaded.)'))
  ) {
    terminal.out(next);
    return 0;
  }
  const { doctor } = await import('./doctor.ts');
  const status = await doctor(globals, names);
  if (status !== 0) return status;
  const { fetch } = await import('./fetch.ts');
  terminal.out('');
  const previewed = await fetch({ ...globals, dryRun: true, progress: false }, names);
  terminal.out(`\nTo carry the mail: mailferry fetch${named}${reload}`);
  return previewed;
}

/** How a command line names this configuration, if it must. */
function namedIn(output: string): string {
  return isUserConfiguration(output, process.env, homeFolder()) ? '' : ` --config ${output}`;
}

function tell({ asker, terminal }: Setting, message: string, kind?: 'info' | 'warn' | 'success'): void {
  if (asker === undefined) terminal.out(message);
  else asker.say(message, kind);
}

function nameOf({ name }: InitOptions, address: string): string {
  return accountName(name ?? (address.slice(address.lastIndexOf('@') + 1) || 'home'));
}

function checkAddress(answer: string): string | undefined {
  return /^[^\s@]+@[^\s@]+$/.test(answer) ? undefined : 'A mail address has a name, an @ and a domain.';
}

function absolute(path: string): string {
  return absolutePath(path, process.cwd(), homeFolder());
}
