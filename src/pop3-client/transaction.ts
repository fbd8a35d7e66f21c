import { MailError } from '../errors.ts';
import { type Capabilities, loginDelay } from '../pop3/capabilities.ts';
import {
  type DropListing,
  type MessageNumber,
  parseOctets,
  type ScanRow,
  type UniqueId,
} from '../pop3/types.ts';
import { protocolViolation, type WireError } from '../wire/errors.ts';
import { MAX_LISTING_LINES, UPDATE_MS_PER_DELETION } from '../wire/limits.ts';
import { printableLine } from '../wire/text.ts';
import { plainCommand } from '../wire/transcript.ts';
import { askCapabilities } from './ask-capabilities.ts';
import { commandRefused, isTemporary, messageRefused } from './errors.ts';
import { GivenBody, type MessageBody } from './given-body.ts';
import { type OnSize, type OnUniqueId, readScanRow, readUniqueIdRow } from './listing-row.ts';
import type { Pipeline } from './pipeline.ts';

/** A row of a unique-id listing; `uid` is undefined where the server gave none that can be used. */
export interface ListedUniqueId {
  readonly number: MessageNumber;
  readonly uid: UniqueId | undefined;
}

/**
 * A session in the TRANSACTION state (RFC 1939 §5). Commands may be called without waiting for each other; they
 * are sent in that order, at once where the server announced PIPELINING, one by one otherwise.
 */
export class Transaction implements AsyncDisposable {
  readonly #pipeline: Pipeline;
  /** What the server announced before the login; undefined where it does not know CAPA, or was not asked. */
  readonly announced: Capabilities | undefined;
  #capabilities: Capabilities | undefined;
  #lockStep = false;
  readonly #body: GivenBody;
  /** How many messages were asked to be marked as deleted. */
  #marked = 0;

  constructor(pipeline: Pipeline, announced?: Capabilities) {
    this.#pipeline = pipeline;
    this.announced = announced;
    this.#body = new GivenBody(pipeline.connection);
  }

  /** What the server announced after the login; undefined before `capa`, and where it does not know CAPA. */
  get capabilities(): Capabilities | undefined {
    return this.#capabilities;
  }

  /** Whether commands go out before the replies to earlier ones have come (RFC 2449 §6.6). */
  get pipelining(): boolean {
    return this.#pipeline.pipelining;
  }

  /**
   * Whether each command is sent only when nothing else is under way, even where the server announced PIPELINING. In
   * lock-step, whatever has arrived unasked when a command is to be sent ends the session.
   */
  set lockStep(wanted: boolean) {
    this.#lockStep = wanted;
    this.#choosePace();
  }

  get lockStep(): boolean {
    return this.#lockStep;
  }

  /** The seconds that the server wants between two logins (LOGIN-DELAY, RFC 2449 §6.5); 0 where it does not say. */
  get loginDelay(): number {
    return loginDelay(this.#capabilities);
  }

  /** Why nothing more can be said in this session, once that is so. */
  get broken(): WireError | undefined {
    return this.#pipeline.connection.broken;
  }

  /** CAPA (RFC 2449 §5). Some servers announce more after the login (Gmail, 2026); PIPELINING is used from then on. */
  async capa(): Promise<Capabilities | undefined> {
    this.#capabilities = await askCapabilities(this.#pipeline);
    this.#choosePace();
    return this.#capabilities;
  }

  /**
   * As `capa`; but where `before`, what the server announced before the login, has PIPELINING, which stands for both
   * states (RFC 2449 §6.6), this does not wait for the reply: the next commands go along with it. Until that has come,
   * `capabilities` is what it was before the login.
   */
  async capaAlongside(before: Capabilities): Promise<void> {
    this.#capabilities = before;
    this.#choosePace();
    const asked = this.capa();
    // What it suffers, every later command suffers too.
    if (this.#pipeline.pipelining) asked.catch(() => undefined);
    else await asked;
  }

  /** STAT: the drop listing (RFC 1939 §5). */
  async stat(): Promise<DropListing> {
    const response = await this.#pipeline.command(
      plainCommand('STAT'),
      'asking for the size of the maildrop',
    );
    if (!response.ok) throw commandRefused('STAT', response);
    const [messages, octets] = response.said
      .trim()
      .split(/[ \t]+/, 2)
      .map(parseOctets);
    if (messages === undefined || octets === undefined) throw this.#nonsense('STAT', response.text);
    return { messages, octets };
  }

  /** LIST: the scan listing (RFC 1939 §5). Rows that make no sense are left out; more than `maxLines` break it off. */
  async list(maxLines: () => number = mostLines): Promise<ScanRow[]> {
    const rows: ScanRow[] = [];
    await this.eachSize((number, octets) => rows.push({ number, octets }), maxLines);
    return rows;
  }

  /** UIDL: the unique-id listing (RFC 1939 §7), like `list`; undefined where the server does not have it. */
  async uidl(maxLines: () => number = mostLines): Promise<ListedUniqueId[] | undefined> {
    const rows: ListedUniqueId[] = [];
    const hasUniqueIds = await this.eachUniqueId((number, uid) => rows.push({ number, uid }), maxLines);
    return hasUniqueIds ? rows : undefined;
  }

  /** LIST, like `list`, for listings of which not each row is to be held as an object. */
  async eachSize(onRow: OnSize, maxLines: () => number = mostLines): Promise<void> {
    const response = await this.#pipeline.listing(plainCommand('LIST'), {
      during: 'receiving the scan listing',
      maxLines,
      onRow: (block, start, end) => readScanRow(block, start, end, onRow),
    });
    if (!response.ok) throw commandRefused('LIST', response);
  }

  /** UIDL, like `uidl`, for listings of which not each row is to be held as an object; whether the server has it. */
  async eachUniqueId(onRow: OnUniqueId, maxLines: () => number = mostLines): Promise<boolean> {
    const response = await this.#pipeline.listing(plainCommand('UIDL'), {
      during: 'receiving the unique-id listing',
      maxLines,
      onRow: (block, start, end) => readUniqueIdRow(block, start, end, onRow),
    });
    // A server that has none says so for good; one that fails now must not be taken for it.
    if (!response.ok && isTemporary(response)) throw commandRefused('UIDL', response);
    return response.ok;
  }

  /** UIDL of one message (RFC 1939 §7); undefined where the server will not say, or says nothing that can be used. */
  async uniqueId(number: MessageNumber): Promise<UniqueId | undefined> {
    const command = plainCommand(`UIDL ${number}`);
    const { ok, said } = await this.#pipeline.command(
      command,
      `asking for the unique-id of message ${number}`,
    );
    const row = Buffer.from(ok ? said : '', 'latin1');
    let found: UniqueId | undefined;
    readUniqueIdRow(row, 0, row.length, (listed, uid) => {
      if (listed === number) found = uid;
    });
    return found;
  }

  /**
   * RETR (RFC 1939 §5): resolves when the message begins to arrive. Raises `message-refused` where the server
   * will not give it. A body holds back every later reply until it is read to its end: one that is left breaks the
   * session, and so does one of which nothing is read for ten minutes.
   */
  retr(number: MessageNumber): Promise<MessageBody> {
    return this.#open(`RETR ${number}`, `receiving message ${number}`);
  }

  /** TOP (RFC 1939 §7), like `retr`: the header, the empty line and the first `lines` lines of the body. */
  async top(number: MessageNumber, lines: number): Promise<MessageBody> {
    if (!Number.isSafeInteger(lines) || lines < 0) {
      throw new MailError('usage', `TOP takes a number of lines, and ${lines} is none.`, {
        hint: 'Give 0 for the header alone.',
      });
    }
    return this.#open(`TOP ${number} ${lines}`, `receiving the top of message ${number}`);
  }

  /** DELE (RFC 1939 §5): marks the message; it is gone only when QUIT has been answered. */
  dele(number: MessageNumber): Promise<void> {
    this.#marked += 1;
    return this.#simple(`DELE ${number}`, `marking message ${number} as deleted`);
  }

  /** RSET (RFC 1939 §5): unmarks all messages. */
  async rset(): Promise<void> {
    await this.#simple('RSET', 'taking back the deletions');
  }

  /** NOOP (RFC 1939 §5). */
  async noop(): Promise<void> {
    await this.#simple('NOOP', 'waiting for a sign of life');
  }

  /**
   * QUIT (RFC 1939 §6): the server enters the UPDATE state, deletes what was marked, and releases the lock. Only
   * when this resolves are the deletions real; when it raises, they may be or not. The session is over in any case.
   * Silence is borne for longer, as many deletions take their time.
   */
  async quit(): Promise<void> {
    const { connection } = this.#pipeline;
    if (this.#marked > 0) connection.idleMs += this.#marked * UPDATE_MS_PER_DELETION;
    try {
      await this.#simple('QUIT', 'ending the session');
    } finally {
      await this.close();
    }
  }

  /** Leaves without QUIT: the server forgets all deletions (RFC 1939 §6). For when nothing else is possible. */
  async close(): Promise<void> {
    this.#body.release();
    await this.#pipeline.connection.close();
  }

  /** As `close`: what leaves a scope without `quit` deletes nothing. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Ends the session at once, for this reason; every call under way or to come fails with it. */
  break(reason: WireError): void {
    this.#pipeline.connection.break(reason);
  }

  #choosePace(): void {
    this.#pipeline.pipelining = !this.#lockStep && this.#capabilities?.has('PIPELINING') === true;
  }

  async #simple(command: string, during: string): Promise<void> {
    const response = await this.#pipeline.command(plainCommand(command), during);
    if (!response.ok) throw commandRefused(command, response);
  }

  async #open(command: string, during: string): Promise<MessageBody> {
    const passTurn = await this.#pipeline.submit(plainCommand(command));
    try {
      const response = await this.#pipeline.readStatus(during);
      if (!response.ok) throw messageRefused(command, response);
      this.#pipeline.hasGivenMessages = true;
    } catch (error) {
      passTurn();
      throw error;
    }
    return this.#body.give(during, passTurn);
  }

  #nonsense(command: string, words: string): WireError {
    return this.#pipeline.connection.break(
      protocolViolation(`The reply to ${command} makes no sense: "${printableLine(words, 80)}".`, {
        hint: 'Check that "host" is a POP3 server.',
      }),
    );
  }
}

/** How many lines a listing may have, where nothing more is known. */
function mostLines(): number {
  return MAX_LISTING_LINES;
}
