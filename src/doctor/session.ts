import { lookup } from 'node:dns/promises';
import { providerOfHost } from '../config/providers.ts';
import { PasswordCommandError } from '../config/secrets.ts';
import { asMailError, type ErrorCode, MailError } from '../errors.ts';
import type { Account } from '../poll/account.ts';
import type { SessionOptions } from '../pop3-client/options.ts';
import { otherServer, PORT_OF_POP3 } from '../pop3-client/other-servers.ts';
import type { Transaction } from '../pop3-client/transaction.ts';
import type { Runtime } from '../runtime.ts';
import { hostAndPort } from '../wire/address.ts';
import { dial } from '../wire/dial.ts';
import { unreachable } from '../wire/errors.ts';
import { printable } from '../wire/text.ts';
import { blankEnd } from './here.ts';
import { doubtful, good, type Step, type StepName, wrong } from './step.ts';

/** Opens a session for an account, as a poll does. */
export type OpenSession = (
  account: Account,
  how: Pick<SessionOptions, 'signal' | 'watch' | 'transcript'>,
) => Promise<Transaction>;

/** How far the line came, and the session if it came all the way. */
export interface SessionExamination {
  readonly steps: readonly Step[];
  readonly session: Transaction | undefined;
}

const IP_ADDRESS = /^\d+(?:\.\d+){3}$|:/;

const DAY_MS = 86_400_000;

/** Certificates are renewed some weeks before they end; by then somebody should have noticed. */
const ENDING_SOON_MS = 14 * DAY_MS;

/** No certificate that a server shows today was made before this, so that an earlier clock is wrong. */
const PLAUSIBLE_SINCE = Date.UTC(2025, 0, 1);

/** Goes from the name of the server to the login, and stops at the first thing that is wrong. */
export async function examineSession(
  account: Account,
  { open, signal, runtime }: { open: OpenSession; signal: AbortSignal; runtime: Pick<Runtime, 'now'> },
): Promise<SessionExamination> {
  const steps: Step[] = [];
  const fail = (step: StepName, error: MailError): SessionExamination => {
    return {
      steps: [...steps, wrong(step, withProvider(account, clockFirst(error, runtime)))],
      session: undefined,
    };
  };
  try {
    const password = await account.password();
    steps.push(blankEnd(password) ?? good('password', 'there, and nobody else can read it'));
  } catch (thrown) {
    return fail('password', thrown instanceof PasswordCommandError ? thrown.quoting : asMailError(thrown));
  }
  try {
    // What it opens may be what finds the name, too.
    await account.preconnect?.();
    if (account.preconnect !== undefined)
      steps.push(good('preconnect', 'the command has ended with status 0'));
  } catch (thrown) {
    return fail('preconnect', asMailError(thrown));
  }
  try {
    steps.push(good('name', await nameFound(account)));
  } catch (thrown) {
    return fail('name', unreachable(account.host, account.port, thrown));
  }
  const seen = new Seen(account);
  try {
    const opened = { ...account, preconnect: undefined };
    const session = await open(opened, { signal, watch: seen, transcript: seen.transcript });
    steps.push(...seen.steps(session, runtime.now()));
    return { steps, session };
  } catch (thrown) {
    const raised = asMailError(thrown);
    const answers = seen.connected || !SILENT.has(raised.code) || (await portAnswers(account, signal));
    const step = answers ? seen.stepOf(raised) : 'connection';
    const error = answers && !seen.connected && SILENT.has(raised.code) ? silent(account, raised) : raised;
    const named = step === 'greeting' ? otherProtocol(account, seen.greeting, error) : error;
    steps.push(...seen.stepsBefore(step, runtime.now()));
    return fail(step, step === 'connection' ? ofTunnel(account, named) : named);
  }
}

/** Errors that do not tell whether the port answered at all. */
const SILENT: ReadonlySet<ErrorCode> = new Set(['timeout', 'connection-lost']);

const PROBE_MS = 10_000;

async function portAnswers({ host, port, line }: Account, signal: AbortSignal): Promise<boolean> {
  if (line.tunnel !== undefined || line.proxy !== undefined) return false;
  try {
    const socket = await dial({
      host,
      port,
      signal: AbortSignal.any([signal, AbortSignal.timeout(PROBE_MS)]),
    });
    socket.destroy();
    return true;
  } catch {
    // Then the connection is what is wrong, and its error says how.
    return false;
  }
}

/** A port that answers and says nothing speaks another kind of line than we do. */
function silent({ tls, host, port }: Account, error: MailError): MailError {
  const hint =
    tls === 'implicit'
      ? 'It may not be a port for TLS: check "port" and "tls" (995 is implicit TLS, 110 is plain or STLS).'
      : 'It may wait for TLS: check "port" and "tls" (995 is implicit TLS, 110 is plain or STLS).';
  return new MailError(
    error.code,
    `${hostAndPort(host, port)} answers, but no greeting came. ${error.message}`,
    {
      hint,
      cause: error,
    },
  );
}

/** Where a program of its owner is the line, it is that program that must be mended. */
function ofTunnel({ line }: Account, error: MailError): MailError {
  if (line.tunnel === undefined) return error;
  return new MailError(error.code, error.message, {
    hint: 'Run the command of "tunnel" by hand as the user who runs Mailferry: it must reach the server, and print nothing itself.',
    cause: error,
  });
}

/** A port at which something else than POP3 answers. */
function otherProtocol({ host, port }: Account, greeting: string | undefined, error: MailError): MailError {
  const what = otherServer(greeting ?? '');
  if (what === undefined) return error;
  return new MailError(error.code, `${hostAndPort(host, port)} is ${what}. ${error.message}`, {
    hint: PORT_OF_POP3,
    cause: error,
  });
}

/** A proxy and a tunnel look the name up themselves, perhaps where this machine cannot. */
async function nameFound({ host, line }: Account): Promise<string> {
  if (line.tunnel !== undefined) return `${host} is left to the tunnel`;
  if (line.proxy !== undefined) return `${host} is left to the proxy`;
  if (IP_ADDRESS.test(host)) return `${host} is an address already`;
  const found = await lookup(host, { all: true });
  return `${host} is ${found.map(({ address }) => address).join(', ')}`;
}

/** Watches a session being opened: what has worked tells where it stopped. */
class Seen {
  readonly #account: Account;
  connected = false;
  #certificateEnds: number | undefined;
  greeting: string | undefined;
  #capabilitiesAsked = false;
  #loginBegun: string | undefined;

  constructor(account: Account) {
    this.#account = account;
  }

  readonly greeted = (): void => {
    this.connected = true;
  };

  readonly secured = (expiresAt: number): void => {
    this.connected = true;
    this.#certificateEnds = expiresAt;
  };

  readonly transcript = (side: 'sent' | 'received', line: string): void => {
    this.connected = true;
    if (side === 'received') this.greeting ??= line;
    else if (/^CAPA\b/i.test(line)) this.#capabilitiesAsked = true;
    else if (/^(?:USER|PASS|AUTH|APOP)\b/i.test(line)) this.#loginBegun ??= line.split(' ', 2).join(' ');
  };

  /** The step at which this error stopped the session. */
  stepOf({ code }: MailError): StepName {
    if (this.#loginBegun !== undefined) return 'login';
    if (code === 'tls') return 'encryption';
    if (code === 'secret-unavailable') return 'password';
    if (code === 'unreachable') return 'connection';
    if (!this.connected && this.#account.tls === 'implicit') return 'encryption';
    return this.greeting === undefined || !this.#capabilitiesAsked ? 'greeting' : 'login';
  }

  stepsBefore(step: StepName, now: number): readonly Step[] {
    const all = [this.#connection(), ...this.#encryption(now), this.#greetingStep()];
    const order: readonly StepName[] = ['connection', 'encryption', 'greeting', 'login'];
    return all.filter((it) => order.indexOf(it.step) < order.indexOf(step));
  }

  steps({ capabilities }: Transaction, now: number): readonly Step[] {
    const offered =
      capabilities === undefined
        ? 'the server does not say what it can do (CAPA)'
        : `the server has ${[...capabilities.keys()].join(', ')}`;
    const login = good(
      'login',
      `${this.#account.user} with ${this.#loginBegun ?? 'the password'}; ${printable(offered, 300)}`,
    );
    return [this.#connection(), ...this.#encryption(now), this.#greetingStep(), login];
  }

  #connection(): Step {
    return good('connection', `port ${this.#account.port} answers`);
  }

  #encryption(now: number): readonly Step[] {
    const { tls, line } = this.#account;
    if (tls === 'none') return [good('encryption', 'none, as the configuration says')];
    if (this.#certificateEnds === undefined) return [];
    const ends = new Date(this.#certificateEnds).toISOString().slice(0, 10);
    const how = tls === 'implicit' ? 'TLS from the first octet' : 'TLS by STLS';
    if (line.pinSha256 !== undefined)
      return [good('encryption', `${how}; the certificate is the pinned one`)];
    if (this.#certificateEnds - now > ENDING_SOON_MS) {
      return [
        good(
          'encryption',
          `${how}; the certificate is for this name, from a known authority, good until ${ends}`,
        ),
      ];
    }
    return [
      doubtful(
        'encryption',
        `${how}, but the certificate ends on ${ends}`,
        'Whoever runs the server should renew it before that; no mail comes afterwards.',
      ),
    ];
  }

  #greetingStep(): Step {
    return good('greeting', `"${printable((this.greeting ?? '').trim(), 100)}"`);
  }
}

/** With a clock that is far off, every certificate looks wrong, and that is what must be mended. */
function clockFirst(error: MailError, runtime: Pick<Runtime, 'now'>): MailError {
  if (error.code !== 'tls') return error;
  const now = runtime.now();
  const here = new Date(now).toISOString().slice(0, 16).replace('T', ' ');
  if (now >= PLAUSIBLE_SINCE) {
    if (!/ has expired| is not valid yet/.test(error.message)) return error;
    const message = `${error.message} The clock of this machine says ${here} UTC.`;
    return new MailError('tls', message, { hint: error.hint, cause: error });
  }
  return new MailError(
    'tls',
    `The clock of this machine says ${here} UTC, so that no certificate looks right. ${error.message}`,
    {
      hint: 'Set the clock (timedatectl set-ntp true), then try again.',
      cause: error,
    },
  );
}

/** What is known of the provider, where a login fails. */
function withProvider({ host }: Account, error: MailError): MailError {
  const provider = providerOfHost(host);
  if (error.code !== 'login-refused' || provider === undefined || provider.notes.length === 0) return error;
  return new MailError(error.code, error.message, {
    hint: `${provider.name} (as of ${provider.asOf}): ${provider.notes.join(' ')}`,
    cause: error,
  });
}
