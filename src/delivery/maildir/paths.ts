import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { baseName, withoutAdditions } from './names.ts';

/**
 * Where the messages of a Maildir are, each by its location: the base name, which stays when a mail program gives a file
 * flags and moves it to `cur`. Reads the two folders once, when first asked, and again only after `forget`.
 */
export class MaildirPaths {
  readonly #maildir: string;
  #paths: Promise<ReadonlyMap<string, string>> | undefined;
  /** The same by the names that we gave. */
  #withoutAdditions: ReadonlyMap<string, string> | undefined;

  constructor(maildir: string) {
    this.#maildir = maildir;
  }

  async locations(): Promise<readonly string[]> {
    return [...(await this.#known()).keys()];
  }

  /** Undefined where no file has this name, not even as the beginning of a longer one, such as mbsync gives. */
  async pathOf(location: string): Promise<string | undefined> {
    const paths = await this.#known();
    const path = paths.get(location);
    if (path !== undefined) return path;
    this.#withoutAdditions ??= new Map([...paths].map(([name, at]) => [withoutAdditions(name), at]));
    return this.#withoutAdditions.get(location);
  }

  /** A mail program may have moved files: the folders are read anew. */
  forget(): void {
    this.#paths = undefined;
    this.#withoutAdditions = undefined;
  }

  /** Many may ask at the same moment, before the first has its answer: all wait for that one. */
  async #known(): Promise<ReadonlyMap<string, string>> {
    const paths = (this.#paths ??= pathsIn(this.#maildir));
    try {
      return await paths;
    } catch (error) {
      if (this.#paths === paths) this.forget();
      throw error;
    }
  }
}

/** While a mail program never stops renaming, what one look leaves out the next ones find. */
const MOST_LOOKS = 5;

/**
 * The system may leave out what is renamed while a folder is read, as mail programs do with each flag, and what goes from
 * `cur` to `new` may be seen in neither. So both are read again until nothing has changed meanwhile.
 */
async function pathsIn(maildir: string): Promise<ReadonlyMap<string, string>> {
  const folders = ['new', 'cur'].map((name) => join(maildir, name));
  const paths = new Map<string, string>();
  for (let looks = 0; looks < MOST_LOOKS; looks += 1) {
    const before = await changesOf(folders);
    for (const folder of folders) {
      for (const name of await readdir(folder)) paths.set(baseName(name), join(folder, name));
    }
    if ((await changesOf(folders)) === before) break;
  }
  return paths;
}

/** When each folder was changed last. */
async function changesOf(folders: readonly string[]): Promise<string> {
  const found = await Promise.all(folders.map((folder) => stat(folder, { bigint: true })));
  return found.map(({ mtimeNs }) => mtimeNs).join(' ');
}
