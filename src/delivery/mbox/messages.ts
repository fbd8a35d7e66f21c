import { createReadStream } from 'node:fs';
import { withoutReadersFields } from '../../message/readers-fields.ts';
import type { ReceivedIdentity, StoredMessage } from '../destination.ts';
import { contentStart, range, readBounds } from './inspect.ts';
import { StoredForms } from './stored-forms.ts';

/** A message of an mbox, and what it was when it was received. */
export interface MboxMessage {
  /** Where its From_ line begins. */
  readonly start: number;
  /** Size and hexadecimal SHA-256 of what is stored, without From_ line and the empty line after. */
  readonly octets: number;
  readonly sha256: string;
  /**
   * Nobody knows who has written the fields that mail programs write: it may have come with them. So its `sha256` counts them, and
   * all else does not.
   */
  readonly received: ReceivedIdentity;
}

/** Reads all messages of an mbox, never more than a block of one in memory. */
export async function* readMessages(path: string): AsyncGenerator<MboxMessage, void, undefined> {
  const { bounds } = await readBounds(createReadStream(path));
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
  const message = new StoredForms((header) => [withoutReadersFields(header)]);
  for await (const block of range(path, from, to)) message.push(block);
  const { asStored, others } = message.end();
  const { octets, sha256 } = asStored;
  const [withoutFields = asStored] = others;
  return { start, octets, sha256, received: { ...withoutFields.received, sha256: asStored.received.sha256 } };
}
