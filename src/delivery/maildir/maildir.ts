import { join } from 'node:path';
import type { FolderCalls } from '../../durable/folder-calls.ts';
import { makeDirectories, SyncedDirectory } from '../../durable/fsync-directory.ts';
import { ignoreMissing } from '../../errors.ts';
import type { Runtime } from '../../runtime.ts';
import type {
  Destination,
  Draft,
  Receipt,
  Recovered,
  StoredMessage,
  StoredState,
  Unfinished,
} from '../destination.ts';
import { deliveryFailed, readingFailed } from '../errors.ts';
import type { LineEndings, MaildirSettings } from '../settings.ts';
import { MaildirDraft, type MaildirPlace } from './draft.ts';
import { inspectMaildir } from './inspect.ts';
import { isLeftover, MaildirNames, tagOf } from './names.ts';
import { StoredFiles, taggedMessages } from './stored-files.ts';

/**
 * A Maildir: each message a file, written in `tmp`, fsynced, renamed into `new`, the folder fsynced. Line ends
 * become LF unless the settings say otherwise; nothing else changes.
 */
export class Maildir implements Destination {
  readonly name: string;
  readonly hasNames = true;
  readonly isReadable = true;
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
  static async open(
    settings: MaildirSettings,
    name: string,
    runtime: Runtime,
    calls: FolderCalls,
  ): Promise<Maildir> {
    const at = (folder: string): string => join(settings.path, folder);
    try {
      await makeDirectories([at('tmp'), at('new'), at('cur')], calls);
      await removeLeftovers(at('tmp'), calls, runtime);
      const directory = await SyncedDirectory.open(at('new'), calls);
      const names = new MaildirNames(runtime, (await calls.stat(at('new'))).birthtimeMs);
      return new Maildir(settings, name, { names, new: directory, isLocal: calls.isLocal });
    } catch (error) {
      throw deliveryFailed(settings.path, error);
    }
  }

  begin(): Draft {
    const draft = new MaildirDraft(`${this.#path}/tmp/${this.#names.next('0')}`, this.#lineEndings);
    return {
      write: (block) => {
        const writing = draft.write(block);
        return writing === undefined ? undefined : this.#guard(draft, writing);
      },
      commit: ({ tag, sha256 }) => this.#guard(draft, draft.publish(this.#placeOf(tag), sha256)),
      discard: () => draft.discard(),
    };
  }

  async recover(unfinished: Unfinished): Promise<ReadonlyMap<string, Recovered>> {
    try {
      return await this.#search(unfinished);
    } catch (error) {
      throw readingFailed(this.#path, error);
    }
  }

  /** Those that bear a tag, so were delivered by one of us. */
  async *messages(): AsyncGenerator<StoredMessage, void, undefined> {
    const files = new StoredFiles(this.#path, this.#lineEndings);
    try {
      yield* taggedMessages(files, this.name);
      await this.#new.sync();
    } catch (error) {
      throw readingFailed(this.#path, error);
    }
  }

  inspect(receipts: Iterable<Receipt>): AsyncIterable<StoredState> {
    return inspectMaildir(this.#path, receipts);
  }

  async close(): Promise<void> {
    await this.#new.close();
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

  #placeOf(tag: string): MaildirPlace {
    return {
      destination: this.name,
      folder: `${this.#path}/new`,
      directory: this.#new,
      isLocal: this.#isLocal,
      nameOf: (octets) => `${this.#names.next(tag)},S=${octets}`,
    };
  }

  /** Whatever fails leaves nothing behind and says what and where. */
  async #guard<T>(draft: MaildirDraft, work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      await draft.discard().catch(() => undefined);
      throw deliveryFailed(this.#path, error);
    }
  }
}

/** Removes from `tmp` what a process of ours that was killed left there. */
async function removeLeftovers(folder: string, calls: FolderCalls, runtime: Runtime): Promise<void> {
  for (const fileName of await calls.readdir(folder)) {
    const path = join(folder, fileName);
    // Whoever opens the same Maildir at this moment removes them too.
    const modifiedAt = (await calls.stat(path).catch(ignoreMissing))?.mtimeMs;
    if (modifiedAt !== undefined && isLeftover(fileName, modifiedAt, runtime)) {
      await calls.unlink(path).catch(ignoreMissing);
    }
  }
}
