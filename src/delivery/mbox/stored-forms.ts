import { createHash } from 'node:crypto';
import { headerField, headerHash } from '../../message/header-field.ts';
import { lfToCrlf } from '../../message/line-endings.ts';
import { START_OCTETS } from '../../message/message-start.ts';
import type { ReceivedIdentity } from '../destination.ts';
import { MboxrdUnquoting } from './mboxrd-unquoting.ts';

/** One form that a message in an mbox may have had when it was appended. */
export interface StoredForm {
  /** Size and hexadecimal SHA-256 of what is stored, without From_ line and the empty line after. */
  readonly octets: number;
  readonly sha256: string;
  /** What was received, where it was stored in this form: without quotes, with CRLF. */
  readonly received: ReceivedIdentity;
}

/** The forms of one message: as it stands there, and with other headers. */
export interface Forms {
  readonly asStored: StoredForm;
  readonly others: readonly StoredForm[];
}

/**
 * Reads a stored message once, and tells what it is with each of some other headers in place of its own: mail programs write
 * fields of theirs into it. `othersOf` gives these headers for the one that stands there (latin1, with its last line end);
 * none is taken twice. Holds no more than the header and a block of the message in memory.
 */
export async function readForms(
  blocks: AsyncIterable<Buffer>,
  othersOf: (header: string) => readonly string[],
): Promise<Forms> {
  const message = new StoredForms(othersOf);
  for await (const block of blocks) message.push(block);
  return message.end();
}

class StoredForms {
  readonly #othersOf: (header: string) => readonly string[];
  readonly #asStored = new Form();
  readonly #others: Form[] = [];
  /** The header, until it is whole. */
  #header: string | undefined = '';

  constructor(othersOf: (header: string) => readonly string[]) {
    this.#othersOf = othersOf;
  }

  push(block: Buffer): void {
    const text = block.toString('latin1');
    if (this.#header === undefined) {
      for (const form of [this.#asStored, ...this.#others]) form.push(text);
      return;
    }
    this.#header += text;
    const end = this.#header.startsWith('\n') ? 0 : this.#header.indexOf('\n\n') + 1;
    const isWhole = end > 0 || this.#header.startsWith('\n');
    // One that is longer is taken as it is.
    if (isWhole || this.#header.length >= START_OCTETS) this.#begin(this.#header, end);
  }

  end(): Forms {
    if (this.#header !== undefined) this.#begin(this.#header, this.#header.length);
    return { asStored: this.#asStored.end(), others: this.#others.map((form) => form.end()) };
  }

  #begin(text: string, end: number): void {
    this.#header = undefined;
    this.#asStored.push(text);
    const header = text.slice(0, end);
    const others = new Set(this.#othersOf(header));
    others.delete(header);
    for (const other of others) {
      const form = new Form();
      form.push(other + text.slice(end));
      this.#others.push(form);
    }
  }
}

class Form {
  readonly #unquoting = new MboxrdUnquoting();
  readonly #stored = createHash('sha256');
  readonly #hash = createHash('sha256');
  readonly #lfHash = createHash('sha256');
  #storedOctets = 0;
  #start: Buffer = Buffer.alloc(0);
  #octets = 0;

  push(text: string): void {
    this.#stored.update(text, 'latin1');
    this.#storedOctets += text.length;
    this.#take(this.#unquoting.push(text));
  }

  end(): StoredForm {
    this.#take(this.#unquoting.end());
    return {
      octets: this.#storedOctets,
      sha256: this.#stored.digest('hex'),
      received: {
        octets: this.#octets,
        sha256: this.#hash.digest('hex'),
        lfSha256: this.#lfHash.digest('hex'),
        headerSha256: headerHash(this.#start, this.#start.length === this.#octets),
        messageId: headerField(this.#start, 'Message-ID'),
      },
    };
  }

  #take(text: string): void {
    const stored = Buffer.from(text, 'latin1');
    const octets = lfToCrlf(stored);
    this.#lfHash.update(stored);
    if (this.#start.length < START_OCTETS) this.#start = Buffer.concat([this.#start, octets]);
    this.#hash.update(octets);
    this.#octets += octets.length;
  }
}
