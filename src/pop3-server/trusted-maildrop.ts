import { MailError, messageOf } from '../errors.ts';
import { parseUniqueId } from '../pop3/unique-id.ts';
import { MAX_UNIQUE_ID_OCTETS } from '../wire/limits.ts';
import { printable } from '../wire/text.ts';
import type { Maildrop, ReportTrouble, StoredMessage } from './maildrop.ts';

/** A maildrop lists what cannot be sent; that will not pass by itself. */
export class UnfitListing extends MailError {}

/** What a maildrop has raised, in whatever way; it is not a bug of ours. */
export function maildropTrouble(thrown: unknown): MailError {
  if (thrown instanceof MailError) return thrown;
  return new MailError('destination-io', `The maildrop raised an error: ${messageOf(thrown)}`, {
    cause: thrown,
    hint: 'Look into the maildrop that the server was given.',
  });
}

/**
 * True for a unique-id that can be sent and that our client takes: longer than the 70 octets of RFC 1939 §7, and with
 * spaces and octets beyond ASCII, as servers in the field have them. Each character is one octet (latin1).
 */
export function isUniqueIdToSend(uid: unknown): uid is string {
  if (typeof uid !== 'string' || parseUniqueId(uid, MAX_UNIQUE_ID_OCTETS) === undefined) return false;
  return !/[^\0-\xff]/.test(uid);
}

/** What a unique-id needs, as the hint of an error. */
export const UNIQUE_ID_HINT: string = `It needs 1 to ${MAX_UNIQUE_ID_OCTETS} octets, none of them a control character.`;

/** Lists a maildrop. Raises `UnfitListing` where a row would break the protocol, and what the maildrop raises. */
export async function listMessages(
  maildrop: Maildrop,
  report: ReportTrouble,
): Promise<readonly StoredMessage[]> {
  const messages: unknown = await maildrop.list(report);
  if (!Array.isArray(messages)) throw unfit('lists no array of messages', 'Have "list" resolve to an array.');
  for (const message of messages as unknown[]) checkMessage(message);
  return messages as readonly StoredMessage[];
}

function checkMessage(message: unknown): void {
  if (typeof message !== 'object' || message === null)
    throw unfit('lists what is no message', 'Each message is an object with "uid", "octets" and "read".');
  const { uid, octets, read } = message as { readonly [Name in keyof StoredMessage]?: unknown };
  if (!isUniqueIdToSend(uid)) throw unfit(`lists the unique-id ${shown(uid)}`, UNIQUE_ID_HINT);
  if (!Number.isSafeInteger(octets) || Number(octets) < 0)
    throw unfit(
      `lists "${printable(uid)}" with ${shown(octets)} octets`,
      'It needs a whole number, 0 or more.',
    );
  if (typeof read !== 'function')
    throw unfit(`lists "${printable(uid)}" without a way to read it`, 'Each message needs a method "read".');
}

function shown(value: unknown): string {
  return typeof value === 'string' ? `"${printable(value, 100)}"` : printable(String(value), 100);
}

function unfit(what: string, hint: string): UnfitListing {
  return new UnfitListing('config', `The maildrop ${what}.`, { hint });
}

/** The octets of a message as the replies need them. Raises, at the first block at the latest, all that `read` raises. */
export async function* octetsOf(message: StoredMessage): AsyncGenerator<Buffer, void, undefined> {
  try {
    for await (const block of message.read()) yield bufferOf(block);
  } catch (error) {
    throw maildropTrouble(error);
  }
}

/** The same octets, not copied. */
function bufferOf(block: unknown): Buffer {
  if (Buffer.isBuffer(block)) return block;
  if (block instanceof Uint8Array) return Buffer.from(block.buffer, block.byteOffset, block.byteLength);
  throw new MailError('config', `The maildrop gives blocks that are no octets, but ${typeof block}.`, {
    hint: 'Have "read" give Buffers or Uint8Arrays: Buffer.from(text) makes one of a text.',
  });
}
