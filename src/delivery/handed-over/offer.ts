import type { FileHandle } from 'node:fs/promises';
import type { MailError } from '../../errors.ts';
import { printable } from '../../wire/text.ts';
import { listeningAt, type MailServerSettings } from '../settings.ts';
import { MessageNotTaken } from './handed-over.ts';
import type { Spool } from './spool.ts';

/** What an SMTP or LMTP server answers, for the place that a receipt names. */
export const MAX_ANSWER_CHARACTERS = 200;

/** What a server says to one recipient: to RCPT where nothing was sent, else to the message. */
export interface Answer {
  readonly recipient: string;
  /** As it came, the code first. */
  readonly text: string;
}

/** A message, and who is to get it. */
export interface Offered {
  readonly to: readonly string[];
  readonly spool: Spool;
  readonly file: FileHandle;
}

/** What has come of offering a message to a server. */
export interface Offer {
  /** Not where one of the recipients is refused at RCPT: then none of them has got it. */
  readonly isSent: boolean;
  /** One for each recipient; SMTP knows one answer for all. What was sent is taken, or refused for now (4xx) or for good (5xx). */
  readonly answers: readonly Answer[];
  /** What broke the line when the server had taken the message for those alone who have answers (RFC 2033 §4.2). */
  readonly failure?: MailError;
}

/** Whether an answer to a message says that it was taken: no other than 250 does. */
export function isTaken({ text }: Answer): boolean {
  return /^250[ -]/.test(text);
}

/** Whether an answer refuses for good. */
export function isForGood({ text }: Answer): boolean {
  return text.startsWith('5');
}

/** An answer as it may be shown. */
export function saidBy({ text }: Answer): string {
  return printable(text.trim(), MAX_ANSWER_CHARACTERS);
}

/** What is raised where a server does not take a message for somebody. */
export function refusedFor(
  answer: Answer,
  settings: Pick<MailServerSettings, 'type' | 'at'>,
): MessageNotTaken {
  return messageRefused(settings, answer.recipient, { said: saidBy(answer), isForNow: !isForGood(answer) });
}

/** The same, where it was no answer to one recipient. */
export function messageRefused(
  { type, at }: Pick<MailServerSettings, 'type' | 'at'>,
  whom: string,
  { said, isForNow }: { readonly said: string; readonly isForNow: boolean },
): MessageNotTaken {
  const server = `${type.toUpperCase()} server ${listeningAt({ at })}`;
  const when = isForNow ? ' now' : '';
  return new MessageNotTaken(
    `The ${server} does not take the message for ${whom}${when}: ${said.replace(/\.$/, '')}.`,
    { hint: 'It stays on the POP3 server, and is handed over again at the next poll.', isForNow },
  );
}

/** RFC 6531 §4.4. */
const NO_UTF8 = '550 5.6.7 its name is not ASCII, and the server does not offer SMTPUTF8';

function isAscii(text: string): boolean {
  return Buffer.byteLength(text) === text.length;
}

/** The replies of a server to one message, as they come: to MAIL, to each RCPT, to DATA, and to the message. */
export class Replies {
  readonly #to: readonly string[];
  readonly #type: MailServerSettings['type'];
  #hello = '';
  #replies: string[] | undefined;

  constructor(to: readonly string[], type: MailServerSettings['type']) {
    this.#to = to;
    this.#type = type;
  }

  /** The commands for the message begin: what comes from now on answers them, in their order (RFC 2920 §3.1). */
  begin(): void {
    this.#replies = [];
  }

  push(reply: string): void {
    if (this.#replies === undefined) this.#hello = reply;
    else this.#replies.push(reply);
  }

  /** Whether the greeting that was answered last names this extension. */
  #offers(extension: string): boolean {
    return new RegExp(`^250[ -]${extension}(?: |\\r?$)`, 'im').test(this.#hello);
  }

  /**
   * Answers in place of a server that offers no SMTPUTF8, which may not even be asked (RFC 6531 §3.2), where one of the addresses
   * needs it. Whether there is one.
   */
  refuseBeyondAscii(): boolean {
    if (this.#offers('SMTPUTF8') || this.#to.every(isAscii)) return false;
    this.#replies = ['250 ', ...this.#to.map((one) => (isAscii(one) ? '250 ' : NO_UTF8))];
    return true;
  }

  /** The answers to all recipients, where one of them is refused; undefined while they are not all in. */
  refusedAtRcpt(): readonly Answer[] | undefined {
    const [sender = '', ...replies] = this.#replies ?? [];
    const answers = this.#answersOf(replies);
    if (!sender.startsWith('2') || answers.length < this.#to.length) return undefined;
    return answers.every(({ text }) => text.startsWith('2')) ? undefined : answers;
  }

  /** The answers to the message, as far as they are in. */
  toMessage(): readonly Answer[] {
    const replies = this.#replies?.slice(this.#to.length + 2) ?? [];
    const [first] = replies;
    if (this.#type === 'smtp') return first === undefined ? [] : this.#answersOf(this.#to.map(() => first));
    return this.#answersOf(replies);
  }

  #answersOf(replies: readonly string[]): readonly Answer[] {
    return this.#to.slice(0, replies.length).map((recipient, at) => ({ recipient, text: replies[at] ?? '' }));
  }
}
