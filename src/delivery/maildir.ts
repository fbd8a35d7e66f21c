import { readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { createExclusively, FileWriter } from '../durable/file-writer.ts';
import { makeDirectory, SyncedDirectory } from '../durable/fsync-directory.ts';
import { publish } from '../durable/publish.ts';
import { isLocal, publishSmall } from '../durable/small-file.ts';
import { systemCode } from '../errors.ts';
import { CrlfToLf } from '../message/line-endings.ts';
import { Sha256 } from '../message/sha256.ts';
import type { Runtime } from '../runtime.ts';
import type {
  Destination,
  Draft,
  Receipt,
  Recovered,
  StoredMessage,
  StoredState,
  Unfinished,
} from './destination.ts';
import { deliveryFailed } from './errors.ts';
import { StoredFiles, taggedMessages } from './maildir-file.ts';
import { isLeftover, MaildirNames, tagOf } from './maildir-name.ts';
import type { LineEndings, MaildirSettings } from './settings.ts';

/** Messages up to this size cost one write. */
const BUFFER_OCTETS = 256 * 1024;

/**
 * A Maildir: each message a file, written in `tmp`, fsynced, renamed into `new`, the folder fsynced. Line ends
 * become LF unless the settings say otherwise; nothing else changes.
 */
export class Maildir implements Destination {
  readonly name: string;
  readonly hasNames = true;
  readonly #path: string;
  readonly #lineEndings: LineEndings;
  readonly #names: MaildirNames;
  readonly #new: SyncedDirectory;
  readonly #isLocal: boolean;

  private constructor(
    settings: MaildirSettings,
    name: string,
    opened: { names: MaildirNames; new: SyncedDirectory; isLocal: boolean },
  ) {
    this.name = name;
    this.#path = settings.path;
    this.#lineEndings = settings.lineEndings;
    this.#names = opened.names;
    this.#new = opened.new;
    this.#isLocal = opened.isLocal;
  }

  /** Opens the Maildir, creating it and its `tmp`, `new` and `cur` where they are missing. */
  static async open(settings: MaildirSettings, name: string, runtime: Runtime): Promise<Maildir> {
    try {
      for (const folder of ['tmp', 'new', 'cur']) await makeDirectory(join(settings.path, folder));
      await removeLeftovers(join(settings.path, 'tmp'), runtime);
      const directory = await SyncedDirectory.open(join(settings.path, 'new'));
      const names = new MaildirNames(runtime);
      return new Maildir(settings, name, {
        names,
        new: directory,
        isLocal: await isLocal(settings.path),
      });
    } catch (error) {
      throw deliveryFailed(settings.path, error);
    }
  }

  begin(): Draft {
    const temporary = `${this.#path}/tmp/${this.#names.next('0')}`;
    const writer = new FileWriter(() => createExclusively(temporary), BUFFER_OCTETS);
    const endings = this.#lineEndings === 'lf' ? new CrlfToLf() : undefined;
    const discard = async (): Promise<void> => {
      await writer.close();
      await unlink(temporary).catch(ignoreMissing);
    };
    return {
      write: (block) =>
        this.#guard(
          () => (endings === undefined ? writer.write(block) : writer.writeCopy(endings.convert(block))),
          discard,
        ),
      commit: ({ tag, sha256 }) =>
        this.#guard(async () => {
          if (endings !== undefined) await writer.write(endings.end());
          const proof = await proofOf(writer, endings, sha256);
          const location = await this.#publish(writer, temporary, tag);
          return { destination: this.name, location, octets: writer.octets, ...proof };
        }, discard),
      discard,
    };
  }

  async recover(unfinished: Unfinished): Promise<ReadonlyMap<string, Recovered>> {
    try {
      return await this.#search(unfinished);
    } catch (error) {
      throw deliveryFailed(this.#path, error);
    }
  }

  /** Those that bear a tag, so were delivered by one of us. */
  async *messages(): AsyncGenerator<StoredMessage, void, undefined> {
    const files = new StoredFiles(this.#path, this.#lineEndings);
    try {
      yield* taggedMessages(files, this.name);
      await this.#new.sync();
    } catch (error) {
      throw deliveryFailed(this.#path, error);
    }
  }

  async *inspect(receipts: readonly Receipt[]): AsyncGenerator<StoredState, void, undefined> {
    const files = new StoredFiles(this.#path, this.#lineEndings);
    for (const receipt of receipts) yield await this.#stateOf(receipt, files);
  }

  async close(): Promise<void> {
    await this.#new.close();
  }

  async #stateOf({ location, sha256, hashOf }: Receipt, files: StoredFiles): Promise<StoredState> {
    try {
      const stored = await files.read(location);
      if (stored === undefined) return 'missing';
      return (hashOf === 'crlf' ? stored.crlfSha256 : stored.sha256) === sha256 ? 'intact' : 'changed';
    } catch (error) {
      throw deliveryFailed(this.#path, error);
    }
  }

  async #search({ tags, recorded }: Unfinished): Promise<ReadonlyMap<string, Recovered>> {
    const found = new Map<string, Recovered>();
    const files = new StoredFiles(this.#path, this.#lineEndings);
    for (const location of await files.locations()) {
      const tag = tagOf(location);
      if (tag === undefined || !tags.has(tag) || recorded?.has(location) === true) continue;
      const stored = await files.read(location);
      if (stored === undefined) continue;
      const { octets, sha256, received } = stored;
      found.set(tag, { receipt: { destination: this.name, location, octets, sha256 }, received });
    }
    // The rename may have happened without the fsync that makes it last.
    if (found.size > 0) await this.#new.sync();
    return found;
  }

  async #publish(writer: FileWriter, from: string, tag: string): Promise<string> {
    const fileName = `${this.#names.next(tag)},S=${writer.octets}`;
    const to = `${this.#path}/new/${fileName}`;
    const held = this.#isLocal ? writer.held() : undefined;
    try {
      if (held === undefined) await publish({ file: await writer.flush(), from, to, directory: this.#new });
      else await publishSmall({ pieces: held, from, to, directory: this.#new });
    } catch (error) {
      await unlink(to).catch(() => undefined);
      throw error;
    }
    await writer.close();
    return fileName;
  }

  /** Whatever fails leaves nothing behind and says what and where. */
  async #guard<T>(act: () => Promise<T>, discard: () => Promise<void>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      await discard().catch(() => undefined);
      throw deliveryFailed(this.#path, error);
    }
  }
}

/**
 * The hash of what is stored, without a second one being worked out where the one of what was received tells as much: a
 * message without bare LF comes back from the stored one, octet by octet.
 */
async function proofOf(
  writer: FileWriter,
  endings: CrlfToLf | undefined,
  sha256: string,
): Promise<Pick<Receipt, 'sha256' | 'hashOf'>> {
  if (endings === undefined) return { sha256 };
  if (endings.isReversible) return { sha256, hashOf: 'crlf' };
  const stored = new Sha256();
  for await (const block of writer.blocks()) stored.update(block);
  return { sha256: stored.digest() };
}

/** Removes from `tmp` what a process of ours that was killed left there. */
async function removeLeftovers(folder: string, runtime: Runtime): Promise<void> {
  for (const fileName of await readdir(folder)) {
    const path = join(folder, fileName);
    // Whoever opens the same Maildir at this moment removes them too.
    const modifiedAt = (await stat(path).catch(ignoreMissing))?.mtimeMs;
    if (modifiedAt !== undefined && isLeftover(fileName, modifiedAt, runtime)) {
      await unlink(path).catch(ignoreMissing);
    }
  }
}

function ignoreMissing(error: unknown): undefined {
  if (systemCode(error) !== 'ENOENT') throw error;
}
