import { createHash } from 'node:crypto';
import { FileWriter } from '../../durable/file-writer.ts';
import { openNameless } from '../../durable/nameless-file.ts';
import { returnPath } from '../../message/header-field.ts';
import { CrlfToLf } from '../../message/line-endings.ts';
import { MessageStart } from '../../message/message-start.ts';
import { MboxrdQuoting } from './mboxrd.ts';
import { unmarkedContent } from './unmarked.ts';

/** Messages up to this size wait in memory, larger ones in a file without a name. */
const BUFFER_OCTETS = 256 * 1024;
const OPENING_OCTETS = 1024;
const LF = 0x0a;

/** A message in the form that an mbox holds (LF, mboxrd-quoted, a final line end), waiting to be appended. */
export class MboxDraft {
  readonly #writer: FileWriter;
  readonly #endings = new CrlfToLf();
  readonly #quoting = new MboxrdQuoting();
  readonly #hash = createHash('sha256');
  readonly #start = new MessageStart();
  #last: number | undefined;
  #sha256 = '';
  #unmarkedSha256: string | undefined;
  #opening: Buffer = Buffer.alloc(0);

  /** `spoolPath` is where a large message waits; the name is gone as soon as the file is open. */
  constructor(spoolPath: string) {
    this.#writer = new FileWriter(() => openNameless(spoolPath), BUFFER_OCTETS);
  }

  /** Size of the stored message, without From_ line and separator. Final after `finish`. */
  get octets(): number {
    return this.#writer.octets;
  }

  /** SHA-256 of the stored message in hexadecimal, after `finish`. */
  get sha256(): string {
    return this.#sha256;
  }

  /** The same without the fields that mail programs write, where the message came with such. */
  get unmarkedSha256(): string | undefined {
    return this.#unmarkedSha256;
  }

  /** How the stored message begins: up to 1 KiB of it. */
  get opening(): Buffer {
    return this.#opening;
  }

  /** The envelope sender, where the message tells one. */
  get sender(): string | undefined {
    return returnPath(this.#start.whole());
  }

  async write(block: Buffer): Promise<void> {
    this.#start.push(block);
    for (const piece of this.#quoting.push(Buffer.from(this.#endings.convert(block))))
      await this.#store(piece);
  }

  async finish(): Promise<void> {
    for (const piece of this.#quoting.push(this.#endings.end())) await this.#store(piece);
    await this.#store(this.#quoting.end());
    if (this.#last !== undefined && this.#last !== LF) await this.#store(Buffer.from('\n'));
    this.#sha256 = this.#hash.digest('hex');
    this.#unmarkedSha256 = (await unmarkedContent(this.blocks()))?.sha256;
  }

  /** The stored message in blocks. */
  blocks(): AsyncGenerator<Buffer, void, undefined> {
    return this.#writer.blocks();
  }

  async close(): Promise<void> {
    this.#start.clear();
    await this.#writer.close();
  }

  async #store(piece: Buffer): Promise<void> {
    if (piece.length === 0) return;
    this.#last = piece[piece.length - 1];
    const missing = OPENING_OCTETS - this.#opening.length;
    if (missing > 0) this.#opening = Buffer.concat([this.#opening, piece.subarray(0, missing)]);
    this.#hash.update(piece);
    await this.#writer.write(piece);
  }
}
