import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { headerField, headerHash } from '../message/header-field.ts';
import { lfToCrlf } from '../message/line-endings.ts';
import type { ReceivedIdentity } from './destination.ts';
import type { LineEndings } from './settings.ts';

const START_OCTETS = 64 * 1024;

/** A file of a Maildir: what it holds, and what the message was when it was received. */
export interface StoredFile {
  readonly octets: number;
  /** SHA-256 of the file in hexadecimal. */
  readonly sha256: string;
  readonly received: ReceivedIdentity;
}

/** Reads a file of a Maildir whole, never more than a block of it in memory. */
export async function readStored(path: string, lineEndings: LineEndings): Promise<StoredFile> {
  const stored = createHash('sha256');
  const received = createHash('sha256');
  const start: Buffer[] = [];
  let octets = 0;
  let receivedOctets = 0;
  for await (const block of createReadStream(path) as AsyncIterable<Buffer>) {
    const original = lineEndings === 'lf' ? lfToCrlf(block) : block;
    if (octets < START_OCTETS) start.push(original);
    stored.update(block);
    received.update(original);
    octets += block.length;
    receivedOctets += original.length;
  }
  const beginning = Buffer.concat(start);
  return {
    octets,
    sha256: stored.digest('hex'),
    received: {
      octets: receivedOctets,
      sha256: received.digest('hex'),
      headerSha256: headerHash(beginning, beginning.length === receivedOctets),
      messageId: headerField(beginning, 'Message-ID'),
    },
  };
}
