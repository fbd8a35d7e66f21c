import { createHash, timingSafeEqual } from 'node:crypto';
import { MailError } from '../errors.ts';
import { apopDigest } from '../pop3/apop.ts';
import type { Runtime } from '../runtime.ts';
import type { ScramHash, ScramKeys } from '../sasl/exchange.ts';
import { prepared } from '../sasl/prepare.ts';
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
  /** As SASLprep makes it. */
  readonly name: string;
  readonly maildrop: Maildrop;
  /** The password as SASLprep makes it. */
  readonly prepared: Secret | undefined;
}

/** Names whose SCRAM keys are kept, known and unknown ones alike. */
const MAX_SCRAM_KEYS = 1000;

/**
 * Who may log in, and how. Neither an answer nor the time it takes tells whether a user exists. Names and passwords are
 * compared as SASLprep makes them, so that what looks the same is the same (RFC 6856 §2.2, RFC 4616 §2).
 */
export class Users {
  /** By prepared name. */
  readonly #accounts = new Map<string, Account>();
  readonly #scramKeys = new Map<string, Promise<ScramKeys>>();
  readonly #seed: Buffer;

  constructor(runtime: Pick<Runtime, 'randomHex'>) {
    this.#seed = Buffer.from(runtime.randomHex(32), 'hex');
  }

  /** Raises `config` where there is a user of that name, or of one that looks the same. */
  async add(user: string, proofs: Proofs, maildrop: Maildrop): Promise<void> {
    const name = await prepared(user);
    if (this.#accounts.has(name)) {
      throw new MailError('config', `The name of the user "${user}" is that of another, or looks the same.`, {
        hint: 'Give each user a name that can be told from the others.',
      });
    }
    this.#accounts.set(name, { ...proofs, name, maildrop, prepared: await preparedSecret(proofs.password) });
  }

  /** True when there is a user who may prove something by a secret of that kind. */
  haveAny(kind: keyof Proofs): boolean {
    return [...this.#accounts.values()].some((account) => account[kind] !== undefined);
  }

  /** The first of the names that a certificate stands for whose user may log in so. */
  certified(names: readonly string[]): string | undefined {
    return names.find((name) => this.#accounts.get(name)?.certificate === true);
  }

  /** The account that the name stands for, however it is written; undefined where there is none. */
  async accountOf(user: string): Promise<{ readonly name: string; readonly maildrop: Maildrop } | undefined> {
    return this.#find(user);
  }

  readonly passwordOf = async (user: string): Promise<Secret | undefined> =>
    (await this.#find(user))?.password;

  readonly verifyPassword = async (user: string, password: string): Promise<boolean> =>
    isSame(await prepared(password), (await this.#find(user))?.prepared);

  readonly verifyToken = async (user: string, token: string): Promise<boolean> =>
    isSame(token, (await this.#find(user))?.token);

  /** RFC 1939 §7. */
  async verifyApop(timestamp: string, user: string, digest: string): Promise<boolean> {
    const password = (await this.#find(user))?.prepared;
    const right = apopDigest(timestamp, password ?? this.#nobodysPassword);
    return isSame(digest, new Secret(right)) && password !== undefined;
  }

  /** Made at the first try of a name, whether it exists or not, and kept for a while. */
  readonly scramKeysOf = (hash: ScramHash, user: string): Promise<ScramKeys> => {
    const name = `${hash} ${user}`;
    const known = this.#scramKeys.get(name);
    if (known !== undefined) return known;
    const made = this.#makeScramKeys(hash, user);
    const [oldest] = this.#scramKeys.keys();
    if (oldest !== undefined && this.#scramKeys.size >= MAX_SCRAM_KEYS) this.#scramKeys.delete(oldest);
    this.#scramKeys.set(name, made);
    return made;
  };

  async #makeScramKeys(hash: ScramHash, user: string): Promise<ScramKeys> {
    const { salt, iterations } = decoyScramKeys(hash, user, this.#seed);
    const password = (await this.passwordOf(user)) ?? this.#nobodysPassword;
    return deriveScramKeys(hash, password, { salt, iterations });
  }

  async #find(user: string): Promise<Account | undefined> {
    return this.#accounts.get(await prepared(user));
  }

  /** Opens nothing: it is known to nobody, and belongs to nobody. */
  get #nobodysPassword(): Secret {
    return new Secret(this.#seed.toString('hex'));
  }
}

async function preparedSecret(secret: Secret | undefined): Promise<Secret | undefined> {
  return secret && new Secret(await prepared(secret.reveal()));
}

/** Digests have one length, so comparing them does not tell the length of the secret. */
function isSame(given: string, secret: Secret | undefined): boolean {
  const same = timingSafeEqual(digestOf(given), digestOf(secret?.reveal() ?? ''));
  return same && secret !== undefined;
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
