import { isAscii } from 'node:buffer';
import { MailError } from '../errors.ts';
import { apopDigest, apopTimestamp } from '../pop3/apop.ts';
import { type Capabilities, saslMechanisms } from '../pop3/capabilities.ts';
import type { Response } from '../pop3/response.ts';
import { systemRuntime } from '../runtime.ts';
import { MECHANISMS, type MechanismName } from '../sasl/mechanisms.ts';
import { prepared } from '../sasl/prepare.ts';
import { Secret } from '../secret.ts';
import { asWireError, withDeadline } from '../wire/deadline.ts';
import { WireError } from '../wire/errors.ts';
import { LOGIN_TIMEOUT_MS } from '../wire/limits.ts';
import { printableLine } from '../wire/text.ts';
import type { TlsClientOptions } from '../wire/tls.ts';
import { plainCommand, secretCommand } from '../wire/transcript.ts';
import { askCapabilities } from './ask-capabilities.ts';
import { authenticate } from './authenticate.ts';
import { checkAttempt } from './check-options.ts';
import { assertMayUse, type LineSecrecy, type Mechanism, saslName } from './choose-mechanism.ts';
import { loginRefused } from './errors.ts';
import type { Pipeline } from './pipeline.ts';
import { refusalHint } from './refusal-hint.ts';
import { Transaction } from './transaction.ts';

/** What TLS is set up by; `signal` may end that. */
export type TlsUpgrade = Omit<TlsClientOptions, 'signal'> & Partial<Pick<TlsClientOptions, 'signal'>>;

/** What a session knows of its line from the greeting on. */
export interface Greeted {
  /** The words of the greeting. */
  readonly greeting: string;
  /** Whether TLS protects the line already. */
  readonly encrypted: boolean;
  /** Whether a login may show the password where it does not: to this very machine, or because the user said so. */
  readonly mayShowPassword: boolean;
  /** Silence that is borne while the reply to a login is waited for, in milliseconds. */
  readonly loginReplyMs: number;
  /** How long TLS may take to be set up, in milliseconds. */
  readonly tlsMs: number;
}

/** A login that was answered. */
interface Attempt {
  /** By the name it has on the line. */
  readonly mechanism: string;
  readonly user: string;
  /** What the server gave as its reason within the exchange. */
  readonly reason?: string | undefined;
  /** Whether it was made with more than the server says that it understands. Default: false. */
  readonly beyondAscii?: boolean | undefined;
}

/**
 * A session in the AUTHORIZATION state (RFC 1939 §4). A login turns it into a `Transaction`; commands of that
 * state do not exist here.
 */
export class Authorization implements AsyncDisposable {
  readonly #pipeline: Pipeline;
  readonly #greeted: Greeted;
  #isOver = false;
  #encrypted: boolean;
  #capabilities: Capabilities | undefined;

  constructor(pipeline: Pipeline, greeted: Greeted) {
    this.#pipeline = pipeline;
    this.#greeted = greeted;
    this.#encrypted = greeted.encrypted;
  }

  /** Whether TLS protects the line. */
  get encrypted(): boolean {
    return this.#encrypted;
  }

  /** Who may be listening on the line. */
  get secrecy(): LineSecrecy {
    if (this.#encrypted) return 'encrypted';
    return this.#greeted.mayShowPassword ? 'readable' : 'watched';
  }

  /** CAPA (RFC 2449 §5); undefined where the server does not know it. */
  async capa(): Promise<Capabilities | undefined> {
    this.#capabilities = await askCapabilities(this.#line);
    return this.#capabilities;
  }

  /** Takes what the server has announced in another session for what CAPA would say in this state. */
  expect(capabilities: Capabilities): void {
    this.#capabilities = capabilities;
  }

  /** STLS (RFC 2595 §4). What the server announced before is void afterwards. */
  async stls(upgrade: TlsUpgrade): Promise<void> {
    const { wrapTls } = await import('../wire/tls.ts');
    const response = await this.#line.command(plainCommand('STLS'), 'asking for TLS');
    if (!response.ok) {
      throw this.#line.connection.break(
        new WireError('tls', `The server refused to begin TLS, saying "${printableLine(response.text)}".`, {
          hint: 'Use "tls: implicit" (port 995) if the server offers it.',
        }),
      );
    }
    const deadline = {
      milliseconds: this.#greeted.tlsMs,
      during: 'setting up TLS',
      signal: upgrade.signal,
    };
    await this.#line.connection.upgrade((socket) =>
      withDeadline(deadline, (signal) => wrapTls(socket, { ...upgrade, signal })),
    );
    this.#encrypted = true;
    this.#capabilities = undefined;
  }

  /**
   * Logs in; the session is in the TRANSACTION state then, and holds the maildrop's lock (RFC 1939 §4). After a
   * refusal another login may be tried. Raises `tls` where the line would show the password and may not (I5).
   */
  async login(mechanism: Mechanism, user: string, password: Secret | string): Promise<Transaction> {
    checkAttempt({ mechanism, user, password });
    assertMayUse(mechanism, this.secrecy);
    const secret = typeof password === 'string' ? new Secret(password) : password;
    const { connection } = this.#line;
    const { idleMs } = connection;
    connection.idleMs = this.#greeted.loginReplyMs;
    try {
      await withDeadline({ milliseconds: LOGIN_TIMEOUT_MS, during: 'logging in' }, (signal) => {
        signal.addEventListener('abort', () => connection.break(asWireError(signal.reason)));
        return this.#perform(mechanism, user, secret);
      });
    } finally {
      connection.idleMs = idleMs;
    }
    this.#isOver = true;
    return new Transaction(this.#pipeline, this.#capabilities);
  }

  /**
   * UTF8 (RFC 6856 §2): asks for messages as they are, which some servers otherwise wrap in another where a header has
   * 8-bit octets. Only before the login, and after STLS. Resolves to whether the server agreed.
   */
  async utf8(): Promise<boolean> {
    return (await this.#line.command(plainCommand('UTF8'), 'asking for UTF-8')).ok;
  }

  /**
   * LANG (RFC 6856 §3): asks for replies in this language, such as `de`, or the server's own choice with `*`. Resolves
   * to whether the server agreed.
   */
  async lang(tag: string): Promise<boolean> {
    return (await this.#line.command(plainCommand(`LANG ${tag}`), 'choosing a language')).ok;
  }

  /** QUIT in the AUTHORIZATION state: ends the session, nothing changes (RFC 1939 §4). */
  async quit(): Promise<void> {
    try {
      await this.#line.command(plainCommand('QUIT'), 'saying goodbye');
    } finally {
      await this.close();
    }
  }

  /** Leaves without QUIT. After a login it is the `Transaction` that is to be left: then this does nothing. */
  async close(): Promise<void> {
    if (!this.#isOver) await this.#pipeline.connection.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** The line, as long as the session is in this state. */
  get #line(): Pipeline {
    if (!this.#isOver) return this.#pipeline;
    throw new MailError('usage', 'This session is logged in, and its AUTHORIZATION state is over.', {
      hint: 'Use the Transaction that login() has given.',
    });
  }

  #perform(mechanism: Mechanism, user: string, secret: Secret): Promise<void> {
    const sasl = saslName(mechanism);
    if (sasl !== undefined) return this.#auth(sasl, user, secret);
    return mechanism === 'apop' ? this.#apop(user, secret) : this.#userPass(user, secret);
  }

  /**
   * USER and PASS (RFC 1939 §7), one after the other: Courier forgets what comes in one segment with PASS. What is not
   * ASCII goes out as UTF-8 even where nobody has said UTF8 USER: most servers take it and do not say so.
   */
  async #userPass(user: string, secret: Secret): Promise<void> {
    const named = await this.#line.command(plainCommand(`USER ${utf8(user)}`), 'sending the user name');
    const beyondAscii = !this.#takesUtf8 && !isAscii(Buffer.from(user + secret.reveal()));
    this.#assertLoggedIn(named, { mechanism: 'user-pass', user, beyondAscii });
    const response = await this.#line.command(
      secretCommand('PASS', utf8(secret.reveal())),
      'waiting for the login',
    );
    this.#assertLoggedIn(response, { mechanism: 'user-pass', user, beyondAscii });
  }

  /** APOP (RFC 1939 §7), of name and password as SASLprep makes them (RFC 6856 §2.2). */
  async #apop(user: string, secret: Secret): Promise<void> {
    const timestamp = apopTimestamp(this.#greeted.greeting);
    if (timestamp === undefined) {
      throw new MailError(
        'login-refused',
        'The server does not offer APOP: its greeting holds no timestamp.',
        {
          hint: 'Say "auth: auto", with TLS.',
        },
      );
    }
    if (user.includes(' ')) {
      throw new MailError('config', 'A user name with a space cannot be sent by APOP.', {
        hint: 'Say "auth: auto", with TLS.',
      });
    }
    const password = new Secret(await prepared(secret.reveal()));
    const response = await this.#line.command(
      secretCommand(`APOP ${utf8(await prepared(user))}`, apopDigest(timestamp, password)),
      'waiting for the login',
    );
    this.#assertLoggedIn(response, { mechanism: 'apop', user });
  }

  /** AUTH (RFC 5034 §4). */
  async #auth(sasl: MechanismName, user: string, secret: Secret): Promise<void> {
    const exchange = await MECHANISMS[sasl].client({ user, secret, runtime: systemRuntime });
    const mayBegin = this.#offered.includes(sasl);
    const response = await authenticate(this.#line, { mechanism: sasl, exchange, mayBegin, secret });
    const reason = exchange.refusal && this.#pipeline.connection.redacted(exchange.refusal);
    this.#assertLoggedIn(response, { mechanism: sasl, user, reason });
  }

  get #offered(): readonly string[] {
    return this.#capabilities === undefined ? [] : saslMechanisms(this.#capabilities);
  }

  /** RFC 6856 §2.2: whether the server says that it takes names and passwords in UTF-8 by USER and PASS. */
  get #takesUtf8(): boolean {
    return this.#capabilities?.get('UTF8')?.some((argument) => argument.toUpperCase() === 'USER') === true;
  }

  #assertLoggedIn(response: Response, attempt: Attempt): void {
    if (response.ok) return;
    const { mechanism, user, reason, beyondAscii = false } = attempt;
    const encrypted = this.#encrypted;
    const hint = refusalHint({ mechanism, offered: this.#offered, encrypted, beyondAscii });
    throw loginRefused({ user, response, reason, hint });
  }
}

/** Lines are latin1, octet by character; names and passwords are UTF-8 (RFC 6856 §2, RFC 4616 §2). */
function utf8(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}
