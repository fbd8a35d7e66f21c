import { isAscii, isUtf8 } from 'node:buffer';
import { parseMessageNumber } from '../pop3/types.ts';
import type { Command } from './command.ts';
import { changeLanguage } from './language.ts';
import type { LockedMaildrop, NumberedMessage } from './locked-maildrop.ts';
import { type CommandRules, performByRules } from './perform-command.ts';
import { linesAsBlocks } from './replies.ts';
import type { CommandRule, SessionContext, State } from './state.ts';
import { headerAndLines } from './top.ts';
import { octetsOf } from './trusted-maildrop.ts';

/** The TRANSACTION state (RFC 1939 §5), and by QUIT the UPDATE state (RFC 1939 §6). */
export class Transaction implements State {
  readonly #context: SessionContext;
  readonly #maildrop: LockedMaildrop;

  constructor(context: SessionContext, maildrop: LockedMaildrop) {
    this.#context = context;
    this.#maildrop = maildrop;
  }

  perform(command: Command): Promise<State | undefined> {
    return performByRules(this.#rules, command, { context: this.#context, state: this });
  }

  readonly #rules: CommandRules = new Map<string, CommandRule>([
    ['STAT', { takes: [0, 0], perform: () => this.#stat() }],
    ['LIST', { takes: [0, 1], perform: (_, [number]) => this.#list(number, scanRow) }],
    ['UIDL', { takes: [0, 1], perform: (_, [number]) => this.#list(number, uniqueIdRow) }],
    ['RETR', { takes: [1, 1], perform: (_, [number]) => this.#withMessage(number, this.#retrieve) }],
    ['TOP', { takes: [2, 2], perform: (_, [number, lines]) => this.#top(number, lines) }],
    ['DELE', { takes: [1, 1], perform: (_, [number]) => this.#withMessage(number, this.#markDeleted) }],
    ['RSET', { takes: [0, 0], perform: () => this.#reset() }],
    ['NOOP', { takes: [0, 0], perform: () => this.#ok(this.#context.profile.texts.nothingDone) }],
    ['LANG', { takes: [0, 1], perform: (_, [tag]) => changeLanguage(tag, this.#context, this) }],
    ['CAPA', { takes: [0, 0], perform: () => this.#listCapabilities() }],
    ['QUIT', { takes: [0, 0], perform: () => this.#quit() }],
  ]);

  #stat(): Promise<State> {
    const { messages, octets } = this.#maildrop.dropListing();
    return this.#ok(`${messages} ${octets}`);
  }

  /** LIST (RFC 1939 §5) and UIDL (RFC 1939 §7) differ only in their rows. */
  async #list(number: string | undefined, row: (message: NumberedMessage) => string): Promise<State> {
    if (number !== undefined) return this.#withMessage(number, (message) => this.#ok(row(message)));
    const rows = function* (maildrop: LockedMaildrop): Generator<string, void, undefined> {
      for (const message of maildrop.messages()) yield row(message);
    };
    const { messages, octets } = this.#maildrop.dropListing();
    const text = `${messages} messages (${octets} octets)`;
    await this.#context.replies.multiline(text, linesAsBlocks(rows(this.#maildrop)));
    return this;
  }

  readonly #retrieve = async (message: NumberedMessage): Promise<State> => {
    const sent = await this.#sendMessage(`${message.octets} octets`, octetsOf(message.stored));
    if (sent) this.#maildrop.noteRetrieved(message);
    return this;
  };

  /** RFC 1939 §7. */
  #top(number: string | undefined, lines: string | undefined): Promise<State> {
    // More lines than anybody can count are all lines.
    if (!/^\d+$/.test(lines ?? '')) return this.#refuse('TOP needs a message number and a number of lines.');
    const bodyLines = Number(lines);
    return this.#withMessage(number, async (message) => {
      await this.#sendMessage('Top of message follows.', headerAndLines(octetsOf(message.stored), bodyLines));
      return this;
    });
  }

  readonly #markDeleted = (message: NumberedMessage): Promise<State> => {
    this.#maildrop.mark(message);
    return this.#ok(this.#context.profile.texts.marked);
  };

  #reset(): Promise<State> {
    this.#maildrop.unmarkAll();
    const { messages, octets } = this.#maildrop.dropListing();
    return this.#ok(`The maildrop has ${messages} messages (${octets} octets).`);
  }

  async #listCapabilities(): Promise<State> {
    const { replies, capabilities } = this.#context;
    await replies.multiline('Capabilities follow.', linesAsBlocks(capabilities('after')));
    return this;
  }

  /** The reply tells how UPDATE went; the lock is free by then, so that the client may come back at once. */
  async #quit(): Promise<undefined> {
    const { replies, onTrouble, profile } = this.#context;
    const failure = await this.#maildrop.update().then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    this.#maildrop.release();
    if (failure === undefined) {
      await replies.ok(profile.texts.goodbye);
    } else {
      onTrouble(failure.error);
      await replies.error('some messages not removed');
    }
  }

  /**
   * Opens the message before it promises it: one that cannot be read is refused, and the session goes on. Resolves to
   * whether it was sent.
   */
  async #sendMessage(text: string, blocks: AsyncIterable<Buffer>): Promise<boolean> {
    const { profile, utf8, replies, onTrouble } = this.#context;
    const iterator = blocks[Symbol.asyncIterator]();
    let first: IteratorResult<Buffer>;
    try {
      first = await iterator.next();
    } catch (error) {
      onTrouble(error);
      await replies.error('The message cannot be read.', 'SYS/TEMP');
      return false;
    }
    try {
      // RFC 6856 §2.1
      if (profile.utf8 === 'strict' && !utf8.enabled && first.done !== true && needsUtf8(first.value)) {
        await replies.error('The header of the message is in UTF-8; say UTF8 before the login.', 'UTF8');
        return false;
      }
      await replies.multiline(text, resumed(first, iterator));
      return true;
    } finally {
      await iterator.return?.();
    }
  }

  async #withMessage(
    number: string | undefined,
    perform: (message: NumberedMessage) => Promise<State>,
  ): Promise<State> {
    const parsed = parseMessageNumber(number ?? '');
    const message = parsed === undefined ? undefined : this.#maildrop.message(parsed);
    return message === undefined ? this.#refuse(this.#context.profile.texts.noSuchMessage) : perform(message);
  }

  async #ok(text: string): Promise<State> {
    await this.#context.replies.ok(text);
    return this;
  }

  async #refuse(text: string): Promise<State> {
    await this.#context.replies.error(text);
    return this;
  }
}

/** Whether the header of a message that begins so has UTF-8 in it; the first block holds every sane header. */
function needsUtf8(block: Buffer): boolean {
  const end = block.indexOf('\r\n\r\n');
  const header = end < 0 ? block : block.subarray(0, end);
  return !isAscii(header) && isUtf8(header);
}

function scanRow({ number, octets }: NumberedMessage): string {
  return `${number} ${octets}`;
}

function uniqueIdRow({ number, uid }: NumberedMessage): string {
  return `${number} ${uid}`;
}

/** The rest of an iteration that has begun; the caller returns the iterator. */
async function* resumed(
  first: IteratorResult<Buffer>,
  iterator: AsyncIterator<Buffer>,
): AsyncGenerator<Buffer, void, undefined> {
  for (let step = first; step.done !== true; step = await iterator.next()) yield step.value;
}
