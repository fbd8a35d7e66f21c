import { createHash } from 'node:crypto';
import { blocksOfFile } from '../../durable/regular-file.ts';
import { ignoreMissing } from '../../errors.ts';
import { headerField, headerHash } from '../../message/header-field.ts';
import { CrlfToLf, lfToCrlf } from '../../message/line-endings.ts';
import { MessageStart } from '../../message/message-start.ts';
import type { ReceivedIdentity, StoredMessage } from '../destination.ts';
import type { LineEndings } from '../settings.ts';
import { tagOf } from './names.ts';
import { MaildirPaths } from './paths.ts';

/** A file of a Maildir: what it holds, and what the message was when it was received. */
export interface StoredFile {
  readonly octets: number;
  /** SHA-256 of the file in hexadecimal, and of what it is once each LF becomes CRLF. */
  readonly sha256: string;
  readonly crlfSha256: string;
  readonly received: ReceivedIdentity;
}

/** The messages of a Maildir, which a mail program may move at any moment, also between our listing and our reading. */
export class StoredFiles {
  readonly #paths: MaildirPaths;
  readonly #lineEndings: LineEndings;

  constructor(path: string, lineEndings: LineEndings) {
    this.#paths = new MaildirPaths(path);
    this.#lineEndings = lineEndings;
  }

  locations(): Promise<readonly string[]> {
    return this.#paths.locations();
  }

  /** Reads a message whole; undefined when it is not there, also after a second look. */
  async read(location: string): Promise<StoredFile | undefined> {
    const listed = await this.#paths.pathOf(location);
    if (listed === undefined) return undefined;
    const stored = await readStored(listed, this.#lineEndings).catch(ignoreMissing);
    if (stored !== undefined) return stored;
    this.#paths.forget();
    const moved = await this.#paths.pathOf(location);
    return moved === undefined ? undefined : readStored(moved, this.#lineEndings).catch(ignoreMissing);
  }
}

/** Those of the messages that bear a tag, so were delivered by one of us. */
export async function* taggedMessages(
  files: StoredFiles,
  destination: string,
): AsyncGenerator<StoredMessage, void, undefined> {
  for (const location of await files.locations()) {
    const tag = tagOf(location);
    const stored = tag === undefined ? undefined : await files.read(location);
    if (stored === undefined) continue;
    const { octets, sha256, received } = stored;
    yield { receipt: { destination, location, octets, sha256 }, received, tag };
  }
}

/** Reads a file of a Maildir whole, never more than a block of it in memory. */
async function readStored(path: string, configured: LineEndings): Promise<StoredFile> {
  const stored = createHash('sha256');
  const withCrlf = createHash('sha256');
  const withLf = createHash('sha256');
  const endings = new CrlfToLf();
  const start = new MessageStart();
  let octets = 0;
  let receivedOctets = 0;
  let lineEndings = configured;
  for await (const block of blocksOfFile(path)) {
    if (octets === 0) lineEndings = lineEndingsOf(block, configured);
    const crlf = lfToCrlf(block);
    const original = lineEndings === 'lf' ? crlf : block;
    start.push(original);
    stored.update(block);
    withCrlf.update(crlf);
    withLf.update(lineEndings === 'lf' ? block : endings.convert(block));
    octets += block.length;
    receivedOctets += original.length;
  }
  withLf.update(endings.end());
  const beginning = start.whole();
  const hashes = { sha256: stored.digest('hex'), crlfSha256: withCrlf.digest('hex') };
  return {
    octets,
    ...hashes,
    received: {
      octets: receivedOctets,
      sha256: lineEndings === 'lf' ? hashes.crlfSha256 : hashes.sha256,
      lfSha256: withLf.digest('hex'),
      headerSha256: headerHash(beginning, beginning.length === receivedOctets),
      messageId: headerField(beginning, 'Message-ID'),
    },
  };
}

/**
 * How lines end in what begins so. What is configured may have been otherwise when the message came: one that was stored as it was
 * received has a CR before each LF, and one that was stored with LFs has none. Anything else is as it is configured.
 */
function lineEndingsOf(beginning: Buffer, configured: LineEndings): LineEndings {
  const text = beginning.toString('latin1');
  if (!text.includes('\n')) return configured;
  if (configured === 'as-received') return text.includes('\r') ? configured : 'lf';
  return /(?<!\r)\n/.test(text) ? configured : 'as-received';
}
