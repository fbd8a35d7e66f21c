import type { FetchQueryObject, ImapFlow, SearchObject } from 'imapflow';
import type { ImapSettings } from '../../settings.ts';
import type { ImapSession } from './session.ts';

const CR = 0x0d;
const LF = 0x0a;

/** So many messages with one Message-ID are compared with one that may be there already. */
const MAX_COMPARED = 20;

/** A mailbox as it is when it is opened. */
export interface Examined {
  /** UIDVALIDITY, with which alone a UID tells one message from all others for good (RFC 9051 §2.3.1.1). */
  readonly uidValidity: string;
  /** No message has had this UID yet, nor a higher one; undefined where the server does not say. */
  readonly uidNext: number | undefined;
}

/** Opens the mailbox to read. */
export async function examine(flow: ImapFlow, { mailbox }: ImapSettings): Promise<Examined> {
  const { uidValidity, uidNext } = await flow.mailboxOpen(mailbox.split('/'), { readOnly: true });
  return { uidValidity: String(uidValidity), uidNext };
}

/**
 * Closes the mailbox that is open, so that mail can be appended to it: Courier (1.0) takes none for one that is open for reading only.
 * Nothing is expunged from such a one (RFC 9051 §6.4.1).
 */
export async function leave(flow: ImapFlow): Promise<void> {
  await flow.mailboxClose().catch(() => undefined);
}

/** The UIDs of the newest messages in the mailbox that is open whose Message-ID has this part. */
export async function withMessageId(
  flow: ImapFlow,
  part: string,
  session: ImapSession,
): Promise<readonly number[]> {
  const found = await orRefused(session, () => flow.search(ofMessageId(part), { uid: true }));
  if (found === false) throw new Error('the session has ended');
  return (found ?? []).slice(-MAX_COMPARED);
}

/** Dovecot (2.3) and Courier (1.0) search in what encoded words stand for (RFC 2047), Cyrus (3.6) in what is there. */
function ofMessageId(part: string): SearchObject {
  const decoded = searchablePart(decodeWords(part));
  const asItIs = { header: { 'Message-ID': part } };
  return decoded === part || decoded === ''
    ? asItIs
    : { or: [asItIs, { header: { 'Message-ID': decoded } }] };
}

/** Each octet that an encoded word stands for as one character, so that what is ASCII in it is that whatever its charset. */
function decodeWords(text: string): string {
  return text.replaceAll(/=\?[^?\s]+\?([bq])\?([^?\s]*)\?=/gi, (_, encoding: string, word: string) =>
    encoding.toLowerCase() === 'b'
      ? Buffer.from(word, 'base64').toString('latin1')
      : word
          .replaceAll('_', ' ')
          .replaceAll(/=([\da-f]{2})/gi, (_sign, digits: string) =>
            String.fromCodePoint(Number.parseInt(digits, 16)),
          ),
  );
}

/** Which of these UIDs are there, whether or not the server can read them. */
export async function listedAmong(
  flow: ImapFlow,
  uids: readonly number[],
  session: ImapSession,
): Promise<ReadonlySet<number>> {
  const found = await orRefused(session, () => flow.search({ uid: uids.join(',') }, { uid: true }));
  if (found === false) throw new Error('the session has ended');
  return new Set(found);
}

/** What a server gives of a message. */
export interface Given {
  readonly uid: number;
  /** The message or, where only that was asked for, the field Message-ID. */
  readonly octets: Buffer;
}

/**
 * What the server gives of messages of the mailbox that is open, one after the other; of none but these, whatever else it says
 * meanwhile, such as which flags have changed.
 */
export async function* givenOf(
  flow: ImapFlow,
  uids: readonly number[],
  { whole, session }: { readonly whole: boolean; readonly session: ImapSession },
): AsyncGenerator<Given, void, undefined> {
  const query: FetchQueryObject = whole
    ? { uid: true, source: true }
    : { uid: true, headers: ['Message-ID'] };
  session.takeRefusal();
  for await (const { uid, source, headers } of flow.fetch(uids.join(','), query, { uid: true })) {
    const octets = whole ? source : headers;
    if (Buffer.isBuffer(octets) && uids.includes(uid)) yield { uid, octets };
  }
  raiseRefusal(session);
}

/** A message of the mailbox that is open; undefined where the server has none under this UID, or does not give it. */
export async function sourceOf(
  flow: ImapFlow,
  uid: number,
  session: ImapSession,
): Promise<Buffer | undefined> {
  let source: Buffer | undefined;
  for await (const { octets } of givenOf(flow, [uid], { whole: true, session })) source = octets;
  return source;
}

/**
 * What is the same of a message before its server has taken it, and when it gives it back: lines end with CRLF then, however they
 * came, also those that ended with several CRs; the end of the last may be there or not; and Dovecot gives another octet for each
 * NUL (2.3, 2022).
 */
export function asGivenBack(message: Buffer): string {
  let end = message.length;
  while (end > 0 && (message[end - 1] === CR || message[end - 1] === LF)) end -= 1;
  // Looked at once for each CR, however many there are in a row.
  const text = message.toString('latin1', 0, end).replaceAll(/(?<!\r)\r+\n/g, '\n');
  return text.replaceAll('\0', '\x80');
}

/** The longest part of a Message-ID that every server can search for; empty where there is none. */
export function searchablePart(messageId: string): string {
  return messageId
    .split(/[^ -~]+/)
    .reduce((longest, part) => (part.length > longest.length ? part : longest));
}

/** What a command resolves to; raises the refusal that the library has kept to itself. */
async function orRefused<T>(session: ImapSession, act: () => Promise<T>): Promise<T> {
  session.takeRefusal();
  const result = await act();
  raiseRefusal(session);
  return result;
}

function raiseRefusal(session: ImapSession): void {
  const refusal = session.takeRefusal();
  if (refusal !== undefined) throw refusal;
}
