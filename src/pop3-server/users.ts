import { createHash, timingSafeEqual } from 'node:crypto';
import { apopDigest } from '../pop3/apop.ts';
import type { Runtime } from '../runtime.ts';
import type { ScramHash, ScramKeys } from '../sasl/exchange.ts';
import { decoyScramKeys, deriveScramKeys } from '../sasl/scram-keys.ts';
import { Secret } from '../secret.ts';
import type { Maildrop } from './maildrop.ts';

/** What a user may prove to be that user. */
export interface Proofs {
  readonly password?: Secret | undefined;
  readonly token?: Secret | undefined;
  /** True when a certificate that stands for the name is enough. */
  readonly certificate?: boolean | undefined;
}

interface Account extends Proofs {
  readonly maildrop: Maildrop;
}

/** Names whose SCRAM keys are kept, known and unknown ones alike. */
const MAX_SCRAM_KEYS = 1000;

/** Who may log in, and how. Neither an answer nor the time it takes tells whether a user exists. */
export class Users {
  readonly #accounts = new Map<string, Account>();
  readonly #scramKeys = new Map<string, Promise<ScramKeys>>();
  readonly #seed: Buffer;

  constructor(runtime: Pick<Runtime, 'randomHex'>) {
    this.#seed = Buffer.from(runtime.randomHex(32), 'hex');
  }

  add(user: string, proofs: Proofs, maildrop: Maildrop): void {
    this.#accounts.set(user, { ...proofs, maildrop });
  }

  /** True when there is a user who may prove something by a secret of that kind. */
  haveAny(kind: keyof Proofs): boolean {
    return [...this.#accounts.values()].some((account) => account[kind] !== undefined);
  }

  /** The first of the names that a certificate stands for whose user may log in so. */
  certified(names: readonly string[]): string | undefined {
    return names.find((name) => this.#accounts.get(name)?.certificate === true);
  }

  maildropOf(user: string): Maildrop | undefined {
    return this.#accounts.get(user)?.maildrop;
  }

  readonly passwordOf = (user: string): Secret | undefined => this.#accounts.get(user)?.password;

  readonly verifyPassword = (user: string, password: string): boolean =>
    isSame(password, this.passwordOf(user));

  readonly verifyToken = (user: string, token: string): boolean =>
    isSame(token, this.#accounts.get(user)?.token);

  /** RFC 1939 §7. */
  verifyApop(timestamp: string, user: string, digest: string): boolean {
    const password = this.passwordOf(user);
    const right = apopDigest(timestamp, password ?? this.#nobodysPassword);
    return isSame(digest, new Secret(right)) && password !== undefined;
  }

  /** Made at the first try of a name, whether it exists or not, and kept for a while. */
  readonly scramKeysOf = (hash: ScramHash, user: string): Promise<ScramKeys> => {
    const name = `${hash} ${user}`;
    const known = this.#scramKeys.get(name);
    if (known !== undefined) return known;
    const { salt, iterations } = decoyScramKeys(hash, user, this.#seed);
    const made = deriveScramKeys(hash, this.passwordOf(user) ?? this.#nobodysPassword, { salt, iterations });
    const [oldest] = this.#scramKeys.keys();
    if (oldest !== undefined && this.#scramKeys.size >= MAX_SCRAM_KEYS) this.#scramKeys.delete(oldest);
    this.#scramKeys.set(name, made);
    return made;
  };

  /** Opens nothing: it is known to nobody, and belongs to nobody. */
  get #nobodysPassword(): Secret {
    return new Secret(this.#seed.toString('hex'));
  }
}

/** Digests have one length, so comparing them does not tell the length of the secret. */
function isSame(given: string, secret: Secret | undefined): boolean {
  const same = timingSafeEqual(digestOf(given), digestOf(secret?.reveal() ?? ''));
  return same && secret !== undefined;
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
