import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { headerField, headerHash } from '../message/header-field.ts';
import { lfToCrlf } from '../message/line-endings.ts';
import type { ReceivedIdentity, StoredMessage } from './destination.ts';
import { contentStart, readBounds } from './mbox-scan.ts';
import { MboxrdUnquoting } from './mboxrd-unquoting.ts';

/** A message of an mbox, and what it was when it was received. */
export interface MboxMessage {
  /** Where its From_ line begins. */
  readonly start: number;
  /** Size and hexadecimal SHA-256 of what is stored, without From_ line and the empty line after. */
  readonly octets: number;
  readonly sha256: string;
  readonly received: ReceivedIdentity;
}

/** A header that is longer is taken as it is. */
const HEADER_OCTETS = 64 * 1024;

/** What mail programs write into the header of a message in an mbox, to remember what they know of it. */
const READERS_FIELDS =
  /^(?:Status|X-Status|X-Keywords|X-UID|X-IMAP|X-IMAPbase|Content-Length|Lines):.*\n(?:[ \t].*\n)*/gim;

/** Reads all messages of an mbox, never more than a block of one in memory. */
export async function* readMessages(path: string): AsyncGenerator<MboxMessage, void, undefined> {
  const { bounds } = await readBounds(path);
  for (const { start, end } of bounds) {
    yield await readMessage(path, start, { from: await contentStart(path, start, end), to: end });
  }
}

/** The same, as a destination of this name gives them. */
export async function* storedInMbox(
  path: string,
  destination: string,
): AsyncGenerator<StoredMessage, void, undefined> {
  for await (const { start, octets, sha256, received } of readMessages(path)) {
    yield { receipt: { destination, location: String(start), octets, sha256 }, received, tag: undefined };
  }
}

async function readMessage(
  path: string,
  start: number,
  { from, to }: { from: number; to: number },
): Promise<MboxMessage> {
  const stored = createHash('sha256');
  const message = new ReceivedMessage();
  if (to > from) {
    // The end of a read stream is inclusive.
    for await (const block of createReadStream(path, { start: from, end: to - 1 }) as AsyncIterable<Buffer>) {
      stored.update(block);
      message.push(block);
    }
  }
  return { start, octets: Math.max(0, to - from), sha256: stored.digest('hex'), received: message.end() };
}

/** Makes what was received out of what is stored: without quotes and the fields of mail programs, with CRLF. */
class ReceivedMessage {
  readonly #unquoting = new MboxrdUnquoting();
  readonly #hash = createHash('sha256');
  readonly #lfHash = createHash('sha256');
  /** The header, until it is whole. */
  #header: string | undefined = '';
  #start: Buffer = Buffer.alloc(0);
  #octets = 0;

  push(block: Buffer): void {
    this.#take(this.#unquoting.push(block.toString('latin1')));
  }

  end(): ReceivedIdentity {
    this.#take(this.#unquoting.end());
    if (this.#header !== undefined) this.#emit(this.#header);
    return {
      octets: this.#octets,
      sha256: this.#hash.digest('hex'),
      lfSha256: this.#lfHash.digest('hex'),
      headerSha256: headerHash(this.#start, this.#start.length === this.#octets),
      messageId: headerField(this.#start, 'Message-ID'),
    };
  }

  #take(text: string): void {
    if (this.#header === undefined) return this.#emit(text);
    this.#header += text;
    const end = this.#header.startsWith('\n') ? 0 : this.#header.indexOf('\n\n');
    if (end < 0 && this.#header.length < HEADER_OCTETS) return;
    const [header, body] = [this.#header.slice(0, end + 1), this.#header.slice(end + 1)];
    this.#header = undefined;
    this.#emit(header.replaceAll(READERS_FIELDS, '') + body);
  }

  #emit(text: string): void {
    const stored = Buffer.from(text, 'latin1');
    const octets = lfToCrlf(stored);
    this.#lfHash.update(stored);
    if (this.#start.length < HEADER_OCTETS) this.#start = Buffer.concat([this.#start, octets]);
    this.#hash.update(octets);
    this.#octets += octets.length;
  }
}
