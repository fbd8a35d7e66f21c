import type { ImapFlow } from 'imapflow';
import type { ImapSettings } from '../../settings.ts';
import type { ImapSession } from './session.ts';

const CR = 0x0d;
const LF = 0x0a;

/** So many messages with one Message-ID are compared with one that may be there already. */
const MAX_COMPARED = 20;

/** Opens the mailbox to read. Resolves to its UIDVALIDITY, with which alone a UID tells one message from all others for good (RFC 9051 §2.3.1.1). */
export async function examine(flow: ImapFlow, { mailbox }: ImapSettings): Promise<string> {
  const { uidValidity } = await flow.mailboxOpen(mailbox.split('/'), { readOnly: true });
  return String(uidValidity);
}

/** The UIDs of the newest messages in the mailbox that is open whose Message-ID has this part. */
export async function withMessageId(
  flow: ImapFlow,
  part: string,
  session: ImapSession,
): Promise<readonly number[]> {
  session.takeRefusal();
  const found = await flow.search({ header: { 'Message-ID': part } }, { uid: true });
  const refusal = session.takeRefusal();
  if (refusal !== undefined) throw refusal;
  if (found === false) throw new Error('the session has ended');
  return (found ?? []).slice(-MAX_COMPARED);
}

/** A message of the mailbox that is open; undefined where the server has none under this UID, or does not give it. */
export async function sourceOf(flow: ImapFlow, uid: number): Promise<Buffer | undefined> {
  const one = await flow.fetchOne(String(uid), { source: true }, { uid: true });
  return one === false ? undefined : one.source;
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
