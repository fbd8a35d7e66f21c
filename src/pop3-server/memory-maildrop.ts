import { createHash } from 'node:crypto';
import { MailError } from '../errors.ts';
import { BLOCK_OCTETS } from './limits.ts';
import type { Maildrop, Messages, StoredMessage } from './maildrop.ts';
import { isUniqueIdToSend, UNIQUE_ID_HINT } from './trusted-maildrop.ts';

/** What a message that is added may have of its own. */
export interface AddOptions {
  /** Default: made from the content, so that it is the same whenever the same messages are added in order. */
  readonly uid?: string | undefined;
  /** When it came, in milliseconds since 1970. Default: nobody knows. */
  readonly receivedAt?: number | undefined;
}

/**
 * A maildrop in memory. Messages are served octet by octet as they were given; only a missing final CRLF is
 * added on the way out. Open sessions see what was there at their login.
 */
export class MemoryMaildrop implements Maildrop {
  #messages: MemoryMessage[] = [];
  readonly #timesAdded = new Map<string, number>();

  constructor(messages: Messages = []) {
    if (typeof messages === 'string') throw noMessage('Messages must come as a list.');
    for (const message of messages) this.add(message);
  }

  /** What is here now, as it was given. */
  get messages(): readonly Buffer[] {
    return this.#messages.map(({ content }) => content);
  }

  /** The unique-ids of what is here now, in the order of `messages`. */
  get uids(): readonly string[] {
    return this.#messages.map(({ uid }) => uid);
  }

  /**
   * Adds a message at the end (text as UTF-8) and returns its unique-id. Two messages may be given the same one,
   * as servers in the field do, and a longer one than the 70 octets of RFC 1939 §7: up to 1024. Raises `usage` when
   * `uid` cannot be sent as one, or `message` is neither text nor octets.
   */
  add(message: Uint8Array | string, options: AddOptions = {}): string {
    if (typeof message !== 'string' && !(message instanceof Uint8Array))
      throw noMessage('A message must be a text or octets.');
    const content = Buffer.from(message);
    const uid = options.uid ?? this.#uidOf(content);
    if (!isUniqueIdToSend(uid))
      throw new MailError('usage', 'This unique-id cannot be sent.', { hint: UNIQUE_ID_HINT });
    this.#messages.push(new MemoryMessage(uid, content, options.receivedAt));
    return uid;
  }

  list(): Promise<readonly StoredMessage[]> {
    return Promise.resolve([...this.#messages]);
  }

  remove(messages: readonly StoredMessage[]): Promise<void> {
    const gone = new Set(messages);
    this.#messages = this.#messages.filter((message) => !gone.has(message));
    return Promise.resolve();
  }

  /** Counts copies for as long as the maildrop lives: the unique-id of a removed one never comes back (RFC 1939 §7). */
  #uidOf(content: Buffer): string {
    const hash = createHash('sha256').update(content).digest('hex').slice(0, 32);
    const times = (this.#timesAdded.get(hash) ?? 0) + 1;
    this.#timesAdded.set(hash, times);
    return times === 1 ? hash : `${hash}-${times}`;
  }
}

function noMessage(what: string): MailError {
  return new MailError('usage', what, { hint: "For example: ['Subject: hi\\r\\n\\r\\nhi\\r\\n']." });
}

class MemoryMessage implements StoredMessage {
  readonly uid: string;
  readonly content: Buffer;
  readonly octets: number;
  readonly receivedAt: number | undefined;

  constructor(uid: string, content: Buffer, receivedAt: number | undefined) {
    this.uid = uid;
    this.receivedAt = receivedAt;
    this.content = content;
    const complete = content.length === 0 || content.subarray(-2).equals(Buffer.from('\r\n'));
    this.octets = content.length + (complete ? 0 : 2);
  }

  // oxlint-disable-next-line require-await -- the interface is for maildrops that must wait
  async *read(): AsyncGenerator<Buffer, void, undefined> {
    for (let at = 0; at < this.content.length; at += BLOCK_OCTETS) {
      yield this.content.subarray(at, at + BLOCK_OCTETS);
    }
  }
}
