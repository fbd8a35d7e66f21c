import { unlink } from 'node:fs/promises';
import { createExclusively, FileWriter } from '../../durable/file-writer.ts';
import type { SyncedDirectory } from '../../durable/fsync-directory.ts';
import { type Publication, publish } from '../../durable/publish.ts';
import { publishSmall } from '../../durable/small-file.ts';
import { ignoreMissing } from '../../errors.ts';
import { CrlfToLf } from '../../message/line-endings.ts';
import { sha256 as hashOf, Sha256 } from '../../message/sha256.ts';
import type { Octets } from '../../pop3/types.ts';
import type { Receipt } from '../destination.ts';
import type { LineEndings } from '../settings.ts';

/** Messages up to this size are held as they came, and cost one write. */
const BUFFER_OCTETS = 256 * 1024;

/** Larger ones are written in steps of at least this size: each wakes a thread, which costs as much as hashing a tenth of a megabyte. */
const WRITE_OCTETS = 768 * 1024;

/** A message that comes octet by octet must not cost an object for each (I7). */
const MOST_PIECES = 4096;

/** Where a message goes from `tmp`. */
export interface MaildirPlace {
  /** As `destinationName` gives it. */
  readonly destination: string;
  /** The path of `new`, and what its fsync goes through. */
  readonly folder: string;
  readonly directory: SyncedDirectory;
  /** As `FolderCalls` tell of it. */
  readonly isLocal: boolean;
  /** A name that was never given before. */
  readonly nameOf: (octets: Octets) => string;
}

/** What `verify` compares a message with. */
type Proof = Pick<Receipt, 'sha256' | 'hashOf'>;

/**
 * A message on its way into a Maildir: held as it was received while it is small, and a file in `tmp` before it has 1 MiB. Line
 * ends become LF unless the settings say otherwise.
 */
export class MaildirDraft {
  readonly #temporary: string;
  readonly #endings: CrlfToLf | undefined;
  readonly #writer: FileWriter;
  #held: Buffer[] = [];
  #heldOctets = 0;

  constructor(temporary: string, lineEndings: LineEndings) {
    this.#temporary = temporary;
    this.#endings = lineEndings === 'lf' ? new CrlfToLf() : undefined;
    this.#writer = new FileWriter(() => createExclusively(temporary), WRITE_OCTETS);
  }

  /** As `write` of a `Draft`. */
  write(block: Buffer): Promise<void> | undefined {
    this.#held.push(block);
    this.#heldOctets += block.length;
    const mayWait = this.#heldOctets <= BUFFER_OCTETS && this.#held.length < MOST_PIECES;
    return mayWait ? undefined : this.#passOn();
  }

  /** Makes the message appear, as `publish` does (I2); `sha256` is that of what was received. */
  publish(place: MaildirPlace, sha256: string): Promise<Receipt> {
    const isHeld = this.#writer.octets === 0;
    return isHeld && place.isLocal ? this.#publishHeld(place, sha256) : this.#publishFile(place, sha256);
  }

  /** Leaves nothing behind. */
  async discard(): Promise<void> {
    this.#takeHeld();
    await this.#writer.close();
    await unlink(this.#temporary).catch(ignoreMissing);
  }

  async #publishHeld(place: MaildirPlace, sha256: string): Promise<Receipt> {
    const held = this.#takeHeld();
    // The pieces may be lent: nobody else has a turn before `publishSmall` has written them.
    const pieces = this.#endings === undefined ? held : lfPieces(this.#endings, held);
    const octets = pieces.reduce((sum, { length }) => sum + length, 0);
    const proof = this.#proof(sha256) ?? { sha256: hashOf(Buffer.concat(pieces)) };
    const receipt = receiptOf(place, octets, proof);
    const { from, to, directory } = this.#way(place, receipt);
    await orGone(to, publishSmall({ pieces, from, to, directory }));
    return receipt;
  }

  async #publishFile(place: MaildirPlace, sha256: string): Promise<Receipt> {
    await this.#passOn();
    if (this.#endings !== undefined) await this.#writer.write(this.#endings.end());
    const file = await this.#writer.flush();
    const proof = this.#proof(sha256) ?? { sha256: await hashOfAll(this.#writer.blocks()) };
    const receipt = receiptOf(place, this.#writer.octets, proof);
    const { from, to, directory } = this.#way(place, receipt);
    await orGone(to, publish({ file, from, to, directory }));
    await this.#writer.close();
    return receipt;
  }

  #way({ folder, directory }: MaildirPlace, { location }: Receipt): Omit<Publication, 'file'> {
    return { from: this.#temporary, to: `${folder}/${location}`, directory };
  }

  /** Writes what is held, while the next octets are taken. */
  async #passOn(): Promise<void> {
    const held = this.#takeHeld();
    if (this.#endings === undefined) await this.#writer.writeEach(held);
    else await this.#writer.writeCopy(this.#endings.convertAll(held));
  }

  #takeHeld(): readonly Buffer[] {
    const held = this.#held;
    this.#held = [];
    this.#heldOctets = 0;
    return held;
  }

  /**
   * The hash of what is stored, without hashing twice where the hash of what was received says as much: a message without
   * bare LF comes back from the stored one, octet by octet. Undefined where it has to be worked out.
   */
  #proof(sha256: string): Proof | undefined {
    if (this.#endings === undefined) return { sha256 };
    return this.#endings.isReversible ? { sha256, hashOf: 'crlf' } : undefined;
  }
}

function receiptOf({ destination, nameOf }: MaildirPlace, octets: Octets, proof: Proof): Receipt {
  return { destination, location: nameOf(octets), octets, sha256: proof.sha256, hashOf: proof.hashOf };
}

function lfPieces(endings: CrlfToLf, blocks: readonly Buffer[]): Buffer[] {
  return [endings.convertAll(blocks), endings.end()];
}

async function hashOfAll(blocks: AsyncIterable<Buffer>): Promise<string> {
  const hash = new Sha256();
  for await (const block of blocks) hash.update(block);
  return hash.digest();
}

/** Whatever fails, nothing is left under the final name. */
function orGone(path: string, publishing: Promise<void>): Promise<void> {
  return publishing.catch(async (error: unknown) => {
    await unlink(path).catch(() => undefined);
    throw error;
  });
}
