import { open } from 'node:fs/promises';
import { systemCode } from '../errors.ts';
import { headerField } from '../message/header-field.ts';
import { MaildirPaths } from './maildir-paths.ts';
import { partsOfName } from './settings.ts';

/** A longer header is taken as far as this. */
const START_OCTETS = 64 * 1024;

const FROM = Buffer.from('From ');

/**
 * Reads the beginnings of stored messages, to compare them with what a server has and to show people what they are.
 * Remembers the names in a Maildir.
 */
export class StoredHeaders {
  readonly #maildirs = new Map<string, MaildirPaths>();

  /**
   * The beginning of a message that was delivered there, or undefined when it is not there any more. In an mbox, where
   * others may have removed mail before it, only what has the Message-ID that was recorded counts.
   */
  async read(
    { destination, location }: { readonly destination: string; readonly location: string },
    messageId: string | null,
  ): Promise<Buffer | undefined> {
    const { type, path } = partsOfName(destination);
    try {
      if (type === 'maildir') return await this.#fromMaildir(path, location);
      if (type !== 'mbox') return undefined;
      const start = await readStart(path, Number(location));
      const line = start.indexOf('\n');
      if (!start.subarray(0, 5).equals(FROM) || line < 0) return undefined;
      const header = start.subarray(line + 1);
      return headerField(header, 'Message-ID') === (messageId ?? undefined) ? header : undefined;
    } catch (error) {
      if (['ENOENT', 'ENOTDIR', 'EACCES'].includes(systemCode(error) ?? '')) return undefined;
      throw error;
    }
  }

  async #fromMaildir(path: string, location: string): Promise<Buffer | undefined> {
    const paths = this.#maildirs.get(path) ?? new MaildirPaths(path);
    this.#maildirs.set(path, paths);
    const file = await paths.pathOf(location);
    return file === undefined ? undefined : readStart(file, 0);
  }
}

async function readStart(path: string, position: number): Promise<Buffer> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(START_OCTETS), 0, START_OCTETS, position);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
