import { isUtf8 } from 'node:buffer';
import { MailError } from '../errors.ts';
import type { Runtime } from '../runtime.ts';
import type { Secret } from '../secret.ts';

/** The client's side of one exchange (RFC 4422 §3), apart from any line: octets in, octets out. */
export interface ClientExchange {
  /** What the client says unasked, or in answer to a first, empty challenge. Undefined where the server begins. */
  readonly initial: Buffer | undefined;
  /**
   * The answer to a challenge. Raises a `MailError` where the challenge cannot be used: then the exchange must be
   * cancelled. It is never called again after that.
   */
  respond(challenge: Buffer): Buffer | Promise<Buffer>;
  /** Whether a success may be believed now: all was said, and the server has proved what it has to prove. */
  readonly complete: boolean;
  /** What the server gave as the reason of a refusal that is under way, in its own words. */
  readonly refusal: string | undefined;
}

/** What the client's side works with. */
export interface ClientMeans {
  readonly user: string;
  /** The password, or the access token of OAuth. Not used by EXTERNAL. */
  readonly secret: Secret;
  readonly runtime: Pick<Runtime, 'randomHex'>;
}

/** What follows a response of the client. */
export type ServerStep =
  /** `isRefusal`: it tells why the proof was not taken, and nothing that is said to it changes that. */
  | { readonly kind: 'challenge'; readonly challenge: Buffer; readonly isRefusal?: boolean }
  /** The client is this user. */
  | { readonly kind: 'success'; readonly user: string }
  /** `credentials`: not that user, or not with that proof. `malformed`: not a response of this mechanism. */
  | { readonly kind: 'failure'; readonly reason: 'credentials' | 'malformed' };

/** The server's side of one exchange. */
export interface ServerExchange {
  /**
   * Takes the next response. Undefined, only the first time, when the client gave no initial response. After
   * `success` and `failure` it is never called again. Never raises for what a client says.
   */
  respond(response: Buffer | undefined): ServerStep | Promise<ServerStep>;
}

/** What the server's side works with. No answer may tell, also by the time it takes, whether a user exists. */
export interface ServerMeans {
  readonly verifyPassword: (user: string, password: string) => boolean | Promise<boolean>;
  /** Undefined when there is no such user, or nobody knows the password itself. */
  readonly passwordOf: (user: string) => Secret | undefined | Promise<Secret | undefined>;
  /** For a user that there is not, `decoyScramKeys`. */
  readonly scramKeysOf: (hash: ScramHash, user: string) => ScramKeys | Promise<ScramKeys>;
  readonly verifyToken: (user: string, token: string) => boolean | Promise<boolean>;
  /** Who the client is by its certificate; undefined when it gave none, or one that stands for nobody here. */
  readonly certifiedUser: string | undefined;
  readonly runtime: Pick<Runtime, 'randomHex' | 'now' | 'hostName'>;
}

export type ScramHash = 'sha1' | 'sha256';

/** What a server keeps in place of a password (RFC 5802 §3). */
export interface ScramKeys {
  readonly salt: Buffer;
  readonly iterations: number;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

/** The challenge cannot be used, whatever the reason; `what` completes "The server … ". */
export function unusableChallenge(mechanism: string, what: string): MailError {
  return new MailError('protocol', `The server ${what} in the login by ${mechanism}.`, {
    hint: 'Name another mechanism with "auth"; if it goes on, somebody may be interfering, or the server is broken.',
  });
}

/** Refuses a name or secret that would break the frame of a message, and so say something else. */
export function assertWithout(pattern: RegExp, ...texts: readonly string[]): void {
  if (!texts.some((text) => pattern.test(text))) return;
  throw new MailError('config', 'User name and password must not contain control characters.', {
    hint: 'Check the places where they come from.',
  });
}

/** A response as text, or undefined where it is not UTF-8. */
export function textOf(octets: Buffer): string | undefined {
  return isUtf8(octets) ? octets.toString('utf8') : undefined;
}

export const MALFORMED: ServerStep = { kind: 'failure', reason: 'malformed' };
export const WRONG_CREDENTIALS: ServerStep = { kind: 'failure', reason: 'credentials' };
export const EMPTY_CHALLENGE: ServerStep = { kind: 'challenge', challenge: Buffer.alloc(0) };

/** How an exchange ends that has come to a verdict. */
export function verdict(user: string, verified: boolean): ServerStep {
  return verified ? { kind: 'success', user } : WRONG_CREDENTIALS;
}

/** The client's side of a mechanism in which the client says one thing, and the server has nothing to ask. */
export class SingleMessage implements ClientExchange {
  readonly complete = true;
  readonly refusal = undefined;
  readonly #mechanism: string;
  readonly initial: Buffer;

  constructor(mechanism: string, initial: Buffer) {
    this.#mechanism = mechanism;
    this.initial = initial;
  }

  respond(): Buffer {
    throw unusableChallenge(this.#mechanism, 'asked for more than there is');
  }
}
