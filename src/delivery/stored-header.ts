import { openRegular } from '../durable/regular-file.ts';
import { systemCode } from '../errors.ts';
import { headerField } from '../message/header-field.ts';
import { START_OCTETS } from '../message/message-start.ts';
import { contentOf } from './destination.ts';
import { isUnreadable } from './errors.ts';
import { MaildirPaths } from './maildir/paths.ts';
import { readMessages } from './mbox/messages.ts';
import { partsOfName } from './settings.ts';

const FROM = Buffer.from('From ');

/** Where a stored message is; its hashes, where they are known, find it in an mbox that a mail program has rewritten. */
export interface StoredPlace {
  readonly destination: string;
  readonly location: string;
  readonly sha256?: string;
  readonly unmarkedSha256?: string | undefined;
}

/**
 * Reads the beginnings of stored messages, to compare them with what a server has and to show people what they are.
 * Remembers the names in a Maildir, and the places in an mbox.
 */
export class StoredHeaders {
  readonly #maildirs = new Map<string, MaildirPaths>();
  /** By the path of an mbox: where in it the messages are, by their hashes, with and without what mail programs write. */
  readonly #offsets = new Map<string, ReadonlyMap<string, number>>();

  /**
   * The beginning of a message that was delivered there, or undefined when it is not there any more, or cannot be read. In an mbox, where
   * others may have removed mail before it, only what has the Message-ID that was recorded counts.
   */
  async read(place: StoredPlace, messageId: string | null): Promise<Buffer | undefined> {
    const { type, path } = partsOfName(place.destination);
    try {
      if (type === 'maildir') return await this.#fromMaildir(path, place.location);
      return type === 'mbox' ? await this.#fromMbox(path, place, messageId) : undefined;
    } catch (error) {
      if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '') || isUnreadable(error)) return undefined;
      throw error;
    }
  }

  async #fromMaildir(path: string, location: string): Promise<Buffer | undefined> {
    const paths = this.#maildirs.get(path) ?? new MaildirPaths(path);
    this.#maildirs.set(path, paths);
    const file = await paths.pathOf(location);
    return file === undefined ? undefined : readStart(file, 0);
  }

  async #fromMbox(
    path: string,
    { location, sha256, unmarkedSha256 }: StoredPlace,
    messageId: string | null,
  ): Promise<Buffer | undefined> {
    const there = await headerAt(path, Number(location), messageId);
    if (there !== undefined || sha256 === undefined) return there;
    const offsets = this.#offsets.get(path) ?? (await offsetsIn(path));
    this.#offsets.set(path, offsets);
    const moved = offsets.get(sha256) ?? offsets.get(contentOf({ sha256, unmarkedSha256 }));
    return moved === undefined ? undefined : headerAt(path, moved, messageId);
  }
}

async function headerAt(path: string, offset: number, messageId: string | null): Promise<Buffer | undefined> {
  const start = await readStart(path, offset);
  const line = start.indexOf('\n');
  if (!start.subarray(0, FROM.length).equals(FROM) || line < 0) return undefined;
  const header = start.subarray(line + 1);
  return headerField(header, 'Message-ID') === (messageId ?? undefined) ? header : undefined;
}

async function offsetsIn(path: string): Promise<ReadonlyMap<string, number>> {
  const offsets = new Map<string, number>();
  for await (const { start, ...content } of readMessages(path))
    offsets.set(content.sha256, start).set(contentOf(content), start);
  return offsets;
}

async function readStart(path: string, position: number): Promise<Buffer> {
  await using file = await openRegular(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(START_OCTETS), 0, START_OCTETS, position);
  return buffer.subarray(0, bytesRead);
}
