import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../errors.ts';
import { headerField } from '../message/header-field.ts';
import { baseName } from './maildir-name.ts';
import { partsOfName } from './settings.ts';

/** A header is shown to people from this much of a message. */
const START_OCTETS = 64 * 1024;

/** Reads the beginnings of stored messages, to show people what they are. Remembers the names in a Maildir. */
export class StoredHeaders {
  readonly #names = new Map<string, ReadonlyMap<string, string>>();

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
    const names = this.#names.get(path) ?? (await namesIn(path));
    this.#names.set(path, names);
    const file = names.get(location);
    return file === undefined ? undefined : readStart(file, 0);
  }
}

const FROM = Buffer.from('From ');

async function namesIn(path: string): Promise<ReadonlyMap<string, string>> {
  const names = new Map<string, string>();
  for (const folder of ['new', 'cur']) {
    for (const name of await readdir(join(path, folder))) names.set(baseName(name), join(path, folder, name));
  }
  return names;
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
