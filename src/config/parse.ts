import { dirname } from 'node:path';
import type { Account } from '../poll/account.ts';
import { defaultPort } from '../pop3-client/options.ts';
import { parseSchedule } from '../schedule/cron.ts';
import { Secret, withoutSecrets } from '../secret.ts';
import { CONNECT_TIMEOUT_MS, IDLE_TIMEOUT_MS } from '../wire/limits.ts';
import { parseProxyUrl } from '../wire/proxy.ts';
import {
  checkCleartext,
  checkDestinations,
  checkLine,
  checkMaildrops,
  checkRequired,
} from './account-checks.ts';
import type { AccountConfiguration, Configuration, Runnable } from './configuration.ts';
import { type Certificates, lineOf, readAllCertificates } from './connection.ts';
import { readDocument } from './document.ts';
import { type AccountDraft, type Draft, type Report, readDraft, reportInto } from './draft.ts';
import { completeDaemon, controlSocketOf, DEFAULT_JITTER_MS } from './fields/daemon.ts';
import { completeDestination } from './fields/destination.ts';
import { plainSecrets, secretVariables } from './fields/notify.ts';
import { absolutePath, defaultStateFolder, type Surroundings } from './places.ts';
import { AFTER_MAIL_MS, afterMailOf, PRECONNECT_MS, preconnectOf } from './poll-commands.ts';
import { ConfigurationError, type Problem } from './problem.ts';
import { providerMinimumMs } from './providers.ts';
import { DEFAULT_CONCURRENCY, DEFAULT_SCHEDULE } from './schema.ts';
import { completedSource, PASSWORD_COMMAND_MS, passwordSource, type SecretSurroundings } from './secrets.ts';
import type { AccountSettings, PasswordSettings, PasswordSource } from './settings.ts';

/** What a configuration depends on besides its text. */
export interface ParseOptions extends Pick<Surroundings, 'env' | 'home'> {
  /** Absolute path of the file; paths in the text are relative to its folder. The file itself is not read. */
  readonly path: string;
  /** Whether the text can be read by other users; then it must not hold a password. */
  readonly openToOthers: boolean;
}

interface Context extends ParseOptions {
  readonly folder: string;
  readonly certificates: Certificates;
  readonly secrets: SecretSurroundings;
}

/**
 * Reads the text of a configuration, YAML or JSON. Certificates are read at once, passwords only when they are needed.
 * Raises a `ConfigurationError` with everything that is wrong.
 */
export async function parseConfiguration(text: string, options: ParseOptions): Promise<Configuration> {
  const problems: Problem[] = [];
  const document = readDocument(text, (problem) => problems.push(problem));
  if (document === undefined) throw new ConfigurationError(options.path, problems);

  const reports = reportInto(problems, document);
  const draft = readDraft(document.value, reports);
  const context = { ...options, folder: dirname(options.path) };
  checkTogether(draft, context, reports.report);
  const certificates = await readAllCertificates(draft.accounts, context, reports.report);
  if (problems.length > 0) throw new ConfigurationError(options.path, problems);

  return complete(draft, { ...context, certificates, secrets: secretSurroundings(draft, context) });
}

/**
 * Where a daemon of this configuration is asked, as far as a text with faults tells: a daemon goes on with what it read
 * before. Undefined where that cannot be told.
 */
export function controlSocketIn(
  text: string,
  { path, env, home }: Omit<ParseOptions, 'openToOthers'>,
): string | undefined {
  // Of a text that cannot be parsed, the lines that matter may be whole all the same.
  const document = readDocument(text, unreported) ?? readDocument(linesOfPlaces(text), unreported);
  const general: Draft['general'] =
    document === undefined ? {} : readDraft(document.value, reportInto([], document)).general;
  const isWritten = /\b(?:stateDir|controlSocket)\b/.test(text);
  if (isWritten && general.stateDir === undefined && general.controlSocket === undefined) return undefined;
  return controlSocketOf(general, surroundingsOf(general, { folder: dirname(path), home, env }));
}

function unreported(): void {
  // Whoever wants to know what is wrong loads the configuration.
}

function linesOfPlaces(text: string): string {
  return (text.match(/^(?:stateDir|controlSocket):.*$/gm) ?? []).join('\n');
}

/** What paths in the configuration are relative to, and where the state is. */
function surroundingsOf(
  { stateDir }: Draft['general'],
  { folder, home, env }: Pick<Context, 'folder' | 'home' | 'env'>,
): { readonly stateDir: string; readonly absolute: (written: string) => string } {
  const absolute = (written: string): string => absolutePath(written, folder, home);
  return { stateDir: stateDir === undefined ? defaultStateFolder(env, home) : absolute(stateDir), absolute };
}

function checkTogether(
  { accounts: drafts, general }: Draft,
  context: ParseOptions & { readonly folder: string },
  report: Report,
): void {
  for (const draft of drafts) {
    checkRequired(draft, report);
    checkCleartext(draft, report);
    checkLine(draft, report);
  }
  checkMaildrops(drafts, portOf, report);
  checkDestinations(drafts, context, report);
  if (!context.openToOthers) return;
  const plain = drafts.flatMap((draft) =>
    passwordsOf(draft.settings).flatMap(({ source, key }) =>
      source.from === 'text' ? [draft.keysOf(key)] : [],
    ),
  );
  const throughProxy = drafts.find(({ settings: { proxy } }) => proxy !== undefined && holdsPassword(proxy));
  const keys = plain[0] ?? throughProxy?.keysOf('proxy') ?? plainSecrets(general)[0];
  if (keys === undefined) return;
  report(
    keys,
    'a password is written here, and other users can read this file; run: ' +
      `chmod 600 ${context.path} (or take the password from { file: … }, { command: … } or { env: … })`,
  );
}

/** Where the passwords of an account come from, each with the key under which it stands. */
function passwordsOf({ password, deliver = [] }: AccountSettings): readonly Written[] {
  const own: readonly Written[] = password === undefined ? [] : [{ key: 'password', source: password }];
  const there = deliver.flatMap((one): Written[] =>
    one.type === 'imap' ? [{ key: 'deliver', source: one.password }] : [],
  );
  return [...own, ...there];
}

interface Written {
  readonly key: 'password' | 'deliver';
  readonly source: PasswordSettings;
}

function holdsPassword(proxy: Secret): boolean {
  return parseProxyUrl(proxy.reveal()).password !== undefined;
}

/** A command for one account must not see what another takes from the environment (I5). */
function secretSurroundings(
  { accounts, general }: Draft,
  { env, folder }: { readonly env: SecretSurroundings['env']; readonly folder: string },
): SecretSurroundings {
  const withheld = new Set(secretVariables(general));
  for (const { settings } of accounts) {
    for (const { source } of passwordsOf(settings)) if (source.from === 'env') withheld.add(source.name);
  }
  return { env, folder, withheld, timeLimitMs: PASSWORD_COMMAND_MS };
}

function complete({ general, accounts }: Draft, context: Context): Configuration {
  const { concurrency } = general;
  const around = surroundingsOf(general, context);
  return {
    path: context.path,
    stateDir: around.stateDir,
    daemon: completeDaemon(general, { ...around, secrets: context.secrets }),
    concurrency: {
      accounts: concurrency?.accounts ?? DEFAULT_CONCURRENCY.accounts,
      perHost: concurrency?.perHost ?? DEFAULT_CONCURRENCY.perHost,
    },
    accounts: accounts.flatMap((draft) => completeAccount(draft, context) ?? []),
  };
}

/** Undefined only where `checkRequired` has found something to report. */
function completeAccount(
  { name, settings }: AccountDraft,
  context: Context,
): AccountConfiguration | undefined {
  const { host, user, password, deliver, delete: deletion, caFile, limits, timeouts } = settings;
  if (host === undefined || user === undefined) return undefined;
  if (password === undefined && settings.auth !== 'external') return undefined;
  if (deliver === undefined || deletion === undefined) return undefined;
  const absolute = (path: string): string => absolutePath(path, context.folder, context.home);
  const anchors = caFile === undefined ? undefined : context.certificates.anchors.get(absolute(caFile));
  const own = context.certificates.own.get(name);
  const { secrets, folder } = context;
  const around = { folder, env: withoutSecrets(secrets.env, secrets.withheld) };
  const passwordOf: PasswordSource = (written, login) =>
    passwordSource(completedSource(written, { ...login, absolute }), secrets);
  const port = portOf(settings);
  const commands = commandsOf(settings, { name, host, port, ...around });
  return {
    account: {
      name,
      host,
      port,
      tls: settings.tls ?? 'implicit',
      ca: anchors?.content ?? [],
      line: lineOf(settings, own?.content, context.secrets),
      user,
      password: passwordOf(password ?? NO_PASSWORD, { host, user }),
      preconnect: commands.open,
      auth: settings.auth ?? 'auto',
      allowCleartext: settings.allowCleartext ?? false,
      destinations: deliver.map((written) =>
        completeDestination(written, { absolute, passwordOf, ...around }),
      ),
      deletion,
      limits: {
        messageOctets: limits?.messageSize,
        messagesPerPoll: limits?.messagesPerPoll,
        octetsPerPoll: limits?.bytesPerPoll,
        octetsPerDay: limits?.bytesPerDay,
      },
      timeouts: {
        connectMs: timeouts?.connect ?? CONNECT_TIMEOUT_MS,
        idleMs: timeouts?.idle ?? IDLE_TIMEOUT_MS,
      },
    },
    passwordFrom: (password ?? NO_PASSWORD).from,
    preconnect: commands.preconnect,
    afterMail: commands.afterMail,
    renewed: { anchors: anchors && (() => anchors.renewed()), own: own && (() => own.renewed()) },
    schedule: settings.schedule ?? parseSchedule(DEFAULT_SCHEDULE),
    jitterMs: settings.jitter ?? DEFAULT_JITTER_MS,
    loginPauseMs: providerMinimumMs(host),
  };
}

/** The commands around a poll; none of them gets a variable that holds a password of any account (I5). */
function commandsOf(
  { preconnect, afterMail, timeouts }: AccountSettings,
  { folder, env, ...of }: Omit<Runnable, 'command'> & Pick<Account, 'name' | 'host' | 'port'>,
): Pick<AccountConfiguration, 'preconnect' | 'afterMail'> & { readonly open: Account['preconnect'] } {
  const before = preconnect === undefined ? undefined : { command: preconnect, folder, env };
  const limitMs = timeouts?.preconnect ?? PRECONNECT_MS;
  return {
    preconnect: before,
    open: before && preconnectOf(before, { ...of, limitMs }),
    afterMail:
      afterMail === undefined
        ? undefined
        : afterMailOf({ command: afterMail, folder, env }, timeouts?.afterMail ?? AFTER_MAIL_MS),
  };
}

/** What there is in its place where a certificate is the proof. */
const NO_PASSWORD: PasswordSettings = { from: 'text', value: new Secret('') };

function portOf({ port, tls }: AccountSettings): number {
  return port ?? defaultPort(tls ?? 'implicit');
}
