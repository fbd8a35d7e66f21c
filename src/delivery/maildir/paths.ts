import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { baseName, withoutAdditions } from './names.ts';

/**
 * Where the messages of a Maildir are, each by its location: the base name, which stays when a mail program gives a file
 * flags and moves it to `cur`. Reads the two folders once, when first asked, and again only after `forget`.
 */
export class MaildirPaths {
  readonly #maildir: string;
  #paths: ReadonlyMap<string, string> | undefined;
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

  async #known(): Promise<ReadonlyMap<string, string>> {
    this.#paths ??= await pathsIn(this.#maildir);
    return this.#paths;
  }
}

async function pathsIn(maildir: string): Promise<ReadonlyMap<string, string>> {
  const paths = new Map<string, string>();
  for (const folder of ['new', 'cur']) {
    for (const name of await readdir(join(maildir, folder)))
      paths.set(baseName(name), join(maildir, folder, name));
  }
  return paths;
}
