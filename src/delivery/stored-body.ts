import { createReadStream } from 'node:fs';
import { BodyHash } from '../message/body-hash.ts';
import { lfToCrlf } from '../message/line-endings.ts';
import type { Receipt } from './destination.ts';
import { MaildirPaths } from './maildir-paths.ts';
import { partsOfName } from './settings.ts';

/** What stands behind the headers of messages that are stored in Maildirs. Remembers the names in each. */
export class StoredBodies {
  readonly #maildirs = new Map<string, MaildirPaths>();

  /**
   * Whether a message has this body, by the hash that `BodyHash` makes of what was received. False where that cannot be told: in an
   * mbox, where a place is no name, and where the file is not there or cannot be read.
   */
  async has(body: string, { destination, location }: Receipt): Promise<boolean> {
    const { type, path } = partsOfName(destination);
    if (type !== 'maildir') return false;
    const paths = this.#maildirs.get(path) ?? new MaildirPaths(path);
    this.#maildirs.set(path, paths);
    try {
      const file = await paths.pathOf(location);
      return file !== undefined && (await hashesOf(file)).includes(body);
    } catch {
      return false;
    }
  }
}

/** As it stands there, and as it was received where line ends have become LF. */
async function hashesOf(file: string): Promise<readonly (string | undefined)[]> {
  const asStored = new BodyHash();
  const withCrlf = new BodyHash();
  for await (const block of createReadStream(file) as AsyncIterable<Buffer>) {
    asStored.update(block);
    withCrlf.update(lfToCrlf(block));
  }
  return [asStored.digest(), withCrlf.digest()];
}
