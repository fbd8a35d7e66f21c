import type { Capabilities } from '../pop3/capabilities.ts';
import { Secret } from '../secret.ts';
import { wrapTls } from '../wire/dial.ts';
import { protocolViolation, WireError } from '../wire/errors.ts';
import { printable } from '../wire/text.ts';
import { plainCommand, secretCommand } from '../wire/transcript.ts';
import { askCapabilities } from './ask-capabilities.ts';
import type { Mechanism } from './choose-mechanism.ts';
import { loginRefused } from './errors.ts';
import type { Pipeline } from './pipeline.ts';
import { Transaction } from './transaction.ts';

export interface TlsUpgrade {
  /** The name that the certificate must hold. */
  readonly serverName: string;
  readonly ca?: readonly string[] | undefined;
  readonly signal: AbortSignal;
  /** Is told when the certificate ends, in milliseconds since 1970. */
  readonly onCertificate?: ((expiresAt: number) => void) | undefined;
}

/**
 * A session in the AUTHORIZATION state (RFC 1939 §4). A login turns it into a `Transaction`; commands of that
 * state do not exist here.
 */
export class Authorization {
  readonly #pipeline: Pipeline;
  #encrypted: boolean;

  constructor(pipeline: Pipeline, encrypted: boolean) {
    this.#pipeline = pipeline;
    this.#encrypted = encrypted;
  }

  /** Whether TLS protects the line. */
  get encrypted(): boolean {
    return this.#encrypted;
  }

  /** CAPA (RFC 2449 §5); undefined where the server does not know it. */
  capa(): Promise<Capabilities | undefined> {
    return askCapabilities(this.#pipeline);
  }

  /** STLS (RFC 2595 §4). What the server announced before is void afterwards. */
  async stls(upgrade: TlsUpgrade): Promise<void> {
    const response = await this.#pipeline.command(plainCommand('STLS'), 'asking for TLS');
    if (!response.ok) {
      throw this.#pipeline.connection.break(
        new WireError('tls', `The server refused to begin TLS, saying "${printable(response.text)}".`, {
          hint: 'Use "tls: implicit" (port 995) if the server offers it.',
        }),
      );
    }
    await this.#pipeline.connection.upgrade((socket) => wrapTls(socket, upgrade));
    this.#encrypted = true;
  }

  /** Logs in; the session is in the TRANSACTION state then, and holds the maildrop's lock (RFC 1939 §4). */
  async login(mechanism: Mechanism, user: string, password: Secret | string): Promise<Transaction> {
    const secret = typeof password === 'string' ? new Secret(password) : password;
    if (mechanism === 'plain') await this.#authPlain(user, secret);
    else await this.#userPass(user, secret);
    return new Transaction(this.#pipeline);
  }

  /** QUIT in the AUTHORIZATION state: ends the session, nothing changes (RFC 1939 §4). */
  async quit(): Promise<void> {
    await this.#pipeline.command(plainCommand('QUIT'), 'saying goodbye');
    await this.#pipeline.connection.close();
  }

  /** USER and PASS (RFC 1939 §7). */
  async #userPass(user: string, password: Secret): Promise<void> {
    const named = await this.#pipeline.command(plainCommand(`USER ${utf8(user)}`), 'sending the user name');
    if (!named.ok) throw loginRefused(user, named);
    const response = await this.#pipeline.command(
      secretCommand('PASS', utf8(password.reveal())),
      'waiting for the login',
    );
    if (!response.ok) throw loginRefused(user, response);
  }

  /** AUTH PLAIN with an initial response (RFC 5034 §4, RFC 4616 §2). */
  async #authPlain(user: string, password: Secret): Promise<void> {
    const parts = [user, password.reveal()];
    if (parts.some((part) => part.includes('\0'))) {
      throw protocolViolation('User name and password must not contain a NUL.', {
        hint: 'Check the places where they come from.',
      });
    }
    const initial = Buffer.from(['', ...parts].join('\0'), 'utf8').toString('base64');
    const response = await this.#pipeline.command(
      secretCommand('AUTH PLAIN', initial, [utf8(password.reveal())]),
      'waiting for the login',
    );
    if (!response.ok) throw loginRefused(user, response);
  }
}

/** Lines are latin1, octet by character; names and passwords are UTF-8 (RFC 6856 §2, RFC 4616 §2). */
function utf8(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}
