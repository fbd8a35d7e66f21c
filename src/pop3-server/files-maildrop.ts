import { createHash } from 'node:crypto';
import { open, readdir, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { MailError, systemCode } from '../errors.ts';
import type { Maildrop, ReportTrouble, StoredMessage } from './maildrop.ts';
import {
  blocksOf,
  type FileIdentity,
  identityOf,
  leaveOut,
  type Measure,
  measure,
  unreadable,
} from './message-file.ts';

interface KnownFile extends Measure {
  readonly identity: FileIdentity;
}

/** A file of the folder that may hold a message. */
interface Entry {
  /** What stays when a Maildir's flags change, and makes the unique-id. */
  readonly name: string;
  /** Within the folder. */
  readonly path: string;
}

/**
 * A folder of `.eml` files, or a Maildir, as a maildrop, read anew at each login: regular files, hidden ones left out,
 * sorted by name. Bare LF goes out as CRLF. The unique-id is made from the file's name and content, so that it
 * survives restarts and touched files, and another message under an old name is another message; in a Maildir, it
 * survives changes of flags too. Other programs may add, move and remove files at any time. A file that cannot be read
 * is left out and reported: neither its size nor its unique-id can be told.
 */
export class FilesMaildrop implements Maildrop {
  readonly #folder: string;
  /** What was measured before, so that only new and changed files are read at a login. */
  #known: ReadonlyMap<string, KnownFile> = new Map();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Rejects where the folder cannot be read, or the process cannot open any more files. */
  async list(report?: ReportTrouble): Promise<readonly StoredMessage[]> {
    const known = new Map<string, KnownFile>();
    const messages: MessageInFile[] = [];
    for (const entry of await entriesOf(this.#folder)) {
      const file = await this.#measured(entry).catch((error: unknown) => leaveOut(error, report));
      if (file === undefined) continue;
      known.set(entry.path, file);
      messages.push(new MessageInFile(this.#folder, entry, file));
    }
    this.#known = known;
    return messages;
  }

  async remove(messages: readonly StoredMessage[]): Promise<void> {
    let failure: unknown;
    let left = 0;
    const changed = new Set<string>();
    for (const message of messages) {
      try {
        const from = message instanceof MessageInFile ? await message.unlink() : undefined;
        if (from !== undefined) changed.add(from);
      } catch (error) {
        failure ??= error;
        left += 1;
      }
    }
    for (const folder of changed) await fsyncFolder(folder);
    if (left === 0) return;
    throw new MailError('destination-io', `${left} of ${messages.length} messages could not be removed.`, {
      cause: failure,
      hint: 'Check that the server may write to the folder, and that nobody else changes it.',
    });
  }

  /** Undefined for what is not a regular file, or went away after the folder was read. */
  async #measured({ path }: Entry): Promise<KnownFile | undefined> {
    const whole = join(this.#folder, path);
    const identity = await identityOf(whole);
    if (identity === undefined) return undefined;
    const before = this.#known.get(path);
    if (before?.identity.key === identity.key) return before;
    return { identity, ...(await measure(whole)) };
  }
}

/** What is in the folder now, in order. */
async function entriesOf(folder: string): Promise<readonly Entry[]> {
  const names = await namesIn(folder);
  const found =
    names.includes('cur') && names.includes('new')
      ? [...(await maildirEntries(folder, 'new')), ...(await maildirEntries(folder, 'cur'))]
      : names.filter((name) => /^[^.].*\.eml$/is.test(name)).map((name) => ({ name, path: name }));
  return found.toSorted((one, other) => (one.name < other.name ? -1 : Number(one.name > other.name)));
}

/** The name of a message in a Maildir ends where its flags begin. */
async function maildirEntries(folder: string, part: 'new' | 'cur'): Promise<readonly Entry[]> {
  const names = (await namesIn(join(folder, part))).filter((name) => !name.startsWith('.'));
  return names.map((name) => ({ name: name.split(/[:;]2,/, 1)[0] ?? name, path: join(part, name) }));
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    throw unreadable(folder, cause);
  }
}

class MessageInFile implements StoredMessage {
  readonly uid: string;
  readonly octets: number;
  readonly receivedAt: number;
  readonly #folder: string;
  readonly #entry: Entry;
  readonly #identity: FileIdentity;

  constructor(folder: string, entry: Entry, { identity, octets, digest }: KnownFile) {
    this.#folder = folder;
    this.#entry = entry;
    this.#identity = identity;
    this.octets = octets;
    this.receivedAt = identity.modifiedAt;
    this.uid = createHash('sha256').update(`${digest} ${entry.name}`).digest('hex');
  }

  async *read(): AsyncGenerator<Buffer, void, undefined> {
    const path = await this.#locate();
    if (path === undefined) throw this.#changed();
    let octets = 0;
    for await (const block of blocksOf(path)) {
      octets += block.length;
      yield block;
    }
    // Written into meanwhile, it must not look like the whole message. Its last line end may be the server's own.
    if (octets !== this.octets && octets + 2 !== this.octets) throw this.#changed();
  }

  /**
   * Resolves to the folder that it was removed from; undefined when it was gone already. Never removes a file that
   * took the place of the listed one: nobody has fetched it yet.
   */
  async unlink(): Promise<string | undefined> {
    const path = await this.#locate();
    if (path !== undefined) {
      await unlink(path);
      return dirname(path);
    }
    if ((await identityOf(join(this.#folder, this.#entry.path))) !== undefined) throw this.#changed();
    return undefined;
  }

  /** Where the listed file is now: a program that reads a Maildir moves it. Undefined when it is nowhere. */
  async #locate(): Promise<string | undefined> {
    const { name, path } = this.#entry;
    if (await this.#isAt(path)) return join(this.#folder, path);
    for (const other of await entriesOf(this.#folder)) {
      if (other.name === name && other.path !== path && (await this.#isAt(other.path)))
        return join(this.#folder, other.path);
    }
    return undefined;
  }

  async #isAt(path: string): Promise<boolean> {
    return (await identityOf(join(this.#folder, path)))?.key === this.#identity.key;
  }

  #changed(): MailError {
    const path = join(this.#folder, this.#entry.path);
    return new MailError('destination-io', `The file "${path}" has changed since the login.`, {
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
