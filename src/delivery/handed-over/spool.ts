import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { FileWriter } from '../../durable/file-writer.ts';
import { openNameless } from '../../durable/nameless-file.ts';
import { returnPath } from '../../message/header-field.ts';
import { BareLfToCrlf, CrlfToLf } from '../../message/line-endings.ts';
import { MessageStart } from '../../message/message-start.ts';
import type { Octets } from '../../pop3/types.ts';
import type { LineEndings } from '../settings.ts';

/** How lines end in what is handed over. `crlf`: each as the protocols of mail have it, also a bare LF (RFC 5322 §2.3). */
export type SpoolLineEndings = LineEndings | 'crlf';

/** Messages up to this size wait in memory, larger ones in the file. */
const BUFFER_OCTETS = 256 * 1024;

/**
 * A whole message that waits to be handed to somebody else, who gets nothing of one that was cut on its way: in a file without a
 * name, of which nothing is left whatever happens.
 */
export class Spool {
  readonly #writer: FileWriter;
  readonly #endings: CrlfToLf | BareLfToCrlf | undefined;
  readonly #hash = createHash('sha256');
  readonly #start = new MessageStart();
  #sha256 = '';
  #received = 0;

  /** `path` is that of the file until it is open. */
  constructor(path: string, lineEndings: SpoolLineEndings) {
    this.#writer = new FileWriter(() => openNameless(path), BUFFER_OCTETS);
    if (lineEndings === 'lf') this.#endings = new CrlfToLf();
    else if (lineEndings === 'crlf') this.#endings = new BareLfToCrlf();
  }

  /** Size of what is handed over. Final after `finish`. */
  get octets(): Octets {
    return this.#writer.octets;
  }

  /** SHA-256 of what is handed over, in hexadecimal, after `finish`. */
  get sha256(): string {
    return this.#sha256;
  }

  /** How it begins, as received: its header, where that is not very long. Nothing after `close`. */
  get start(): Buffer {
    return this.#start.whole();
  }

  /** Whether that is all of it. */
  get isStartWhole(): boolean {
    return this.#received === this.start.length;
  }

  /** The envelope sender, where the message tells one. */
  get sender(): string | undefined {
    return returnPath(this.start);
  }

  /** Takes the next octets as received. */
  async write(block: Buffer): Promise<void> {
    this.#start.push(block);
    this.#received += block.length;
    await this.#store(this.#endings?.convert(block) ?? block);
  }

  /** The whole message, to be read from its start. */
  async finish(): Promise<FileHandle> {
    if (this.#endings !== undefined) await this.#store(this.#endings.end());
    this.#sha256 = this.#hash.digest('hex');
    return this.#writer.flush();
  }

  async close(): Promise<void> {
    this.#start.clear();
    await this.#writer.close();
  }

  /** Octets that were converted are lent, so all are copied. */
  #store(octets: Buffer): Promise<void> {
    this.#hash.update(octets);
    return this.#writer.writeCopy(octets);
  }
}
