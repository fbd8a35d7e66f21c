import { createHash } from 'node:crypto';
import { open, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { MailError, systemCode } from '../errors.ts';
import type { Maildrop, StoredMessage } from './maildrop.ts';
import {
  blocksOf,
  type FileIdentity,
  identityOf,
  type Measure,
  measure,
  unreadable,
} from './message-file.ts';

interface KnownFile extends Measure {
  readonly identity: FileIdentity;
}

/**
 * A folder of `.eml` files as a maildrop, read anew at each login: regular files, hidden ones left out, sorted by
 * name. Bare LF goes out as CRLF. The unique-id is made from the file's name and content, so that it survives
 * restarts and touched files, and another message under an old name is another message.
 */
export class FilesMaildrop implements Maildrop {
  readonly #folder: string;
  /** What was measured before, so that only new and changed files are read at a login. */
  #known: ReadonlyMap<string, KnownFile> = new Map();

  constructor(folder: string) {
    this.#folder = folder;
  }

  async list(): Promise<readonly StoredMessage[]> {
    const names = (await this.#names()).filter((name) => /^[^.].*\.eml$/is.test(name)).toSorted();
    const known = new Map<string, KnownFile>();
    for (const name of names) {
      const file = await this.#measured(name);
      if (file !== undefined) known.set(name, file);
    }
    this.#known = known;
    return [...known].map(([name, file]) => new MessageInFile(join(this.#folder, name), name, file));
  }

  async remove(messages: readonly StoredMessage[]): Promise<void> {
    let failure: unknown;
    let left = 0;
    for (const message of messages) {
      try {
        if (message instanceof MessageInFile) await message.unlink();
      } catch (error) {
        failure ??= error;
        left += 1;
      }
    }
    await fsyncFolder(this.#folder);
    if (left === 0) return;
    throw new MailError('destination-io', `${left} of ${messages.length} messages could not be removed.`, {
      cause: failure,
      hint: 'Check that the server may write to the folder, and that nobody else changes it.',
    });
  }

  async #names(): Promise<readonly string[]> {
    try {
      return await readdir(this.#folder);
    } catch (cause) {
      throw unreadable(this.#folder, cause);
    }
  }

  /** Undefined for what is not a regular file, or went away after the folder was read. */
  async #measured(name: string): Promise<KnownFile | undefined> {
    const path = join(this.#folder, name);
    const identity = await identityOf(path);
    if (identity === undefined) return undefined;
    const before = this.#known.get(name);
    if (before?.identity === identity) return before;
    return { identity, ...(await measure(path)) };
  }
}

class MessageInFile implements StoredMessage {
  readonly uid: string;
  readonly octets: number;
  readonly #path: string;
  readonly #identity: FileIdentity;

  constructor(path: string, name: string, { identity, octets, digest }: KnownFile) {
    this.#path = path;
    this.#identity = identity;
    this.octets = octets;
    this.uid = createHash('sha256').update(`${digest} ${name}`).digest('hex');
  }

  async *read(): AsyncGenerator<Buffer, void, undefined> {
    await this.#mustBeUnchanged();
    yield* blocksOf(this.#path);
  }

  /** Never removes a file that took the place of the listed one: nobody has fetched it yet. */
  async unlink(): Promise<void> {
    if ((await identityOf(this.#path)) === undefined) return;
    await this.#mustBeUnchanged();
    await unlink(this.#path);
  }

  async #mustBeUnchanged(): Promise<void> {
    if ((await identityOf(this.#path)) === this.#identity) return;
    throw new MailError('destination-io', `The file "${this.#path}" has changed since the login.`, {
      hint: 'Put new messages into files of their own.',
    });
  }
}

/** A removal is durable only when the folder is. Not every file system can sync one. */
async function fsyncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } catch (error) {
    if (systemCode(error) !== 'EINVAL') throw error;
  } finally {
    await handle.close();
  }
}
