import { blocksOfFile } from '../durable/regular-file.ts';
import { BodyHash } from '../message/body-hash.ts';
import { lfToCrlf } from '../message/line-endings.ts';
import type { Receipt } from './destination.ts';
import { MaildirPaths } from './maildir/paths.ts';
import { receivedAt } from './mbox/messages.ts';
import { partsOfName } from './settings.ts';

/** What stands behind the headers of stored messages. Remembers the names in each Maildir. */
export class StoredBodies {
  readonly #maildirs = new Map<string, MaildirPaths>();

  /**
   * Whether a message has this body, by the hash that `BodyHash` makes of what was received. False where that cannot be told: the
   * message is not where it was delivered to any more, as in an mbox from which something before it was removed, or cannot be read.
   */
  async has(body: string, { destination, location }: Receipt): Promise<boolean> {
    const { type, path } = partsOfName(destination);
    try {
      if (type === 'mbox') return (await bodyOf(receivedAt(path, Number(location)))) === body;
      if (type !== 'maildir') return false;
      const paths = this.#maildirs.get(path) ?? new MaildirPaths(path);
      this.#maildirs.set(path, paths);
      const file = await paths.pathOf(location);
      return file !== undefined && (await isBodyOf(file, body));
    } catch {
      return false;
    }
  }
}

/** As it stands there, or as it was received where line ends have become LF. */
async function isBodyOf(file: string, body: string): Promise<boolean> {
  const asStored = new BodyHash();
  const withCrlf = new BodyHash();
  for await (const block of blocksOfFile(file)) {
    asStored.update(block);
    withCrlf.update(lfToCrlf(block));
  }
  return asStored.digest().body === body || withCrlf.digest().body === body;
}

async function bodyOf(blocks: AsyncIterable<Buffer>): Promise<string | undefined> {
  const hash = new BodyHash();
  for await (const block of blocks) hash.update(block);
  return hash.digest().body;
}
