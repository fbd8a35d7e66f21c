import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { createExclusively, FileWriter } from '../durable/file-writer.ts';
import { makeDirectory, SyncedDirectory } from '../durable/fsync-directory.ts';
import { publish } from '../durable/publish.ts';
import { systemCode } from '../errors.ts';
import { CrlfToLf } from '../message/line-endings.ts';
import type { Runtime } from '../runtime.ts';
import type { Destination, Draft, Envelope, Receipt, Unfinished } from './destination.ts';
import { deliveryFailed } from './errors.ts';
import { baseName, isLeftover, MaildirNames, tagOf } from './maildir-name.ts';
import type { LineEndings, MaildirSettings } from './settings.ts';

/** Messages up to this size cost one write. */
const BUFFER_OCTETS = 256 * 1024;

/**
 * A Maildir: each message a file, written in `tmp`, fsynced, renamed into `new`, the folder fsynced. Line ends
 * become LF unless the settings say otherwise; nothing else changes.
 */
export class Maildir implements Destination {
  readonly name: string;
  readonly #path: string;
  readonly #lineEndings: LineEndings;
  readonly #names: MaildirNames;
  readonly #new: SyncedDirectory;

  private constructor(
    settings: MaildirSettings,
    name: string,
    opened: { names: MaildirNames; new: SyncedDirectory },
  ) {
    this.name = name;
    this.#path = settings.path;
    this.#lineEndings = settings.lineEndings;
    this.#names = opened.names;
    this.#new = opened.new;
  }

  /** Opens the Maildir, creating it and its `tmp`, `new` and `cur` where they are missing. */
  static async open(settings: MaildirSettings, name: string, runtime: Runtime): Promise<Maildir> {
    try {
      for (const folder of ['tmp', 'new', 'cur']) await makeDirectory(join(settings.path, folder));
      await removeLeftovers(join(settings.path, 'tmp'), runtime);
      const directory = await SyncedDirectory.open(join(settings.path, 'new'));
      return new Maildir(settings, name, { names: new MaildirNames(runtime), new: directory });
    } catch (error) {
      throw deliveryFailed(settings.path, error);
    }
  }

  begin(): Draft {
    const temporary = join(this.#path, 'tmp', this.#names.next('0'));
    const writer = new FileWriter(() => createExclusively(temporary), BUFFER_OCTETS);
    const endings = this.#lineEndings === 'lf' ? new CrlfToLf() : undefined;
    const hash = createHash('sha256');
    const store = async (block: Buffer): Promise<void> => {
      hash.update(block);
      await writer.write(block);
    };
    const discard = async (): Promise<void> => {
      await writer.close();
      await unlink(temporary).catch(ignoreMissing);
    };
    return {
      write: (block) =>
        this.#guard(() => store(endings === undefined ? block : endings.push(block)), discard),
      commit: (envelope) =>
        this.#guard(async () => {
          if (endings !== undefined) await store(endings.end());
          const location = await this.#publish(writer, temporary, envelope);
          return { destination: this.name, location, octets: writer.octets, sha256: hash.digest('hex') };
        }, discard),
      discard,
    };
  }

  async recover({ tags }: Unfinished): Promise<ReadonlyMap<string, Receipt>> {
    const found = new Map<string, Receipt>();
    for (const folder of ['new', 'cur']) {
      for (const fileName of await readdir(join(this.#path, folder))) {
        const tag = tagOf(fileName);
        if (tag === undefined || !tags.has(tag)) continue;
        const { octets, sha256 } = await hashFile(join(this.#path, folder, fileName));
        found.set(tag, { destination: this.name, location: baseName(fileName), octets, sha256 });
      }
    }
    // The rename may have happened without the fsync that makes it last.
    if (found.size > 0) await this.#new.sync();
    return found;
  }

  async close(): Promise<void> {
    await this.#new.close();
  }

  async #publish(writer: FileWriter, from: string, { tag }: Envelope): Promise<string> {
    const file = await writer.flush();
    const fileName = `${this.#names.next(tag)},S=${writer.octets}`;
    const to = join(this.#path, 'new', fileName);
    try {
      await publish({ file, from, to, directory: this.#new });
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

async function hashFile(path: string): Promise<{ octets: number; sha256: string }> {
  const hash = createHash('sha256');
  let octets = 0;
  for await (const block of createReadStream(path) as AsyncIterable<Buffer>) {
    hash.update(block);
    octets += block.length;
  }
  return { octets, sha256: hash.digest('hex') };
}

/** Removes from `tmp` what a process of ours that was killed left there. */
async function removeLeftovers(folder: string, runtime: Runtime): Promise<void> {
  for (const fileName of await readdir(folder)) {
    const path = join(folder, fileName);
    if (isLeftover(fileName, (await stat(path)).mtimeMs, runtime)) await unlink(path).catch(ignoreMissing);
  }
}

function ignoreMissing(error: unknown): void {
  if (systemCode(error) !== 'ENOENT') throw error;
}
