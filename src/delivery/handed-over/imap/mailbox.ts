import type { FileHandle } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import type { ImapFlow } from 'imapflow';
import { systemCode } from '../../../errors.ts';
import { arrivalDate } from '../../../message/arrival-date.ts';
import { headerField } from '../../../message/header-field.ts';
import type { Runtime } from '../../../runtime.ts';
import type { Envelope, Receipt, StoredState } from '../../destination.ts';
import { destinationName, type ImapSettings } from '../../settings.ts';
import { MessageNotTaken, type Taker } from '../handed-over.ts';
import type { Spool } from '../spool.ts';
import { OnTheirWay } from './on-their-way.ts';
import { asGivenBack, examine, leave, searchablePart, sourceOf, withMessageId } from './reading.ts';
import { isOfAppend, notAppended, notLookedFor, notMade, saysNoMailbox } from './refusal.ts';
import { ImapSession, inTime, MAX_MESSAGE_OCTETS, withoutSecrets } from './session.ts';
import { statesInMailbox } from './states.ts';

/** A line that is used for mail carries as much, and what a system buffers for it has come by then. */
const SLOW_OCTETS_PER_MS = 64;
const LEAST_ON_ITS_WAY_MS = 5000;
const MOST_ON_ITS_WAY_MS = 30_000;

/** What a mailbox needs besides its settings. */
export interface ImapSurroundings {
  readonly runtime: Pick<Runtime, 'now' | 'monotonic'>;
  /** Waits so many milliseconds. Default: by the timers of the system. */
  readonly pause?: typeof setTimeout;
  /** What records say was appended there, by whichever account: at these places, and with these hashes. */
  readonly recordedAt: (locations: readonly string[]) => readonly Receipt[];
  readonly recordedAs: (hashes: readonly string[]) => readonly Receipt[];
}

/**
 * Appends each message to a mailbox on an IMAP server (RFC 9051 §6.3.12), with the date at which it came to the first one, and without
 * flags: nobody has read it. The server answers for it from its OK on. One session serves a whole poll.
 */
export class ImapMailbox implements Taker {
  readonly #settings: ImapSettings;
  readonly #around: ImapSurroundings;
  readonly #session: ImapSession;
  readonly #onTheirWay: OnTheirWay;
  #isDoubted = false;
  /** Since when, by the monotonic clock, somebody knows that a message may still be on its way that a poll has just sent. */
  #doubtedLatelyAt: number | undefined;

  constructor(settings: ImapSettings, around: ImapSurroundings) {
    this.#settings = settings;
    this.#around = around;
    this.#session = new ImapSession(settings);
    this.#onTheirWay = new OnTheirWay(destinationName(settings));
  }

  doubt(lately: boolean): void {
    this.#isDoubted = true;
    if (lately) this.#doubtedLatelyAt ??= this.#around.runtime.monotonic();
  }

  async take(spool: Spool, file: FileHandle, { tag }: Envelope): Promise<string> {
    if (spool.octets > MAX_MESSAGE_OCTETS) throw tooLarge(this.#settings);
    await this.#session.open();
    const { start } = spool;
    const message = await contentOf(file, spool.octets);
    const messageId = searchablePart(headerField(start, 'Message-ID') ?? '');
    return this.#onTheirWay.inTurn(messageId, async () => {
      const wanted = { messageId, sha256: spool.sha256, message };
      const already = this.#isDoubted ? await this.#lookFor(wanted) : undefined;
      return already ?? (await this.#append(await this.#session.open(), start, message)) ?? tag;
    });
  }

  inspect(receipts: Iterable<Receipt>): AsyncIterable<StoredState> {
    const { recordedAt } = this.#around;
    return statesInMailbox(receipts, this.#settings, { session: this.#session, recordedAt });
  }

  abandon(): void {
    this.#session.giveUp();
  }

  close(): Promise<void> {
    this.#onTheirWay.clear();
    return this.#session.close();
  }

  /** Whether the mailbox is there; undefined where the server does not say. Raises what says that no mail can be given to it now. */
  async greet(): Promise<boolean | undefined> {
    const flow = await this.#session.open();
    const { mailbox, timeoutMs } = this.#settings;
    try {
      return await inTime(flow, timeoutMs, {
        act: async () => {
          const status = await flow.status(mailbox.split('/'), { messages: true });
          return status === false ? undefined : true;
        },
        // So the library says that neither STATUS nor LIST knows it.
        failed: (thrown) => (systemCode(thrown) === 'NotFound' ? false : undefined),
      });
    } finally {
      await this.close();
    }
  }

  /** Where it is; undefined where the server does not say (no UIDPLUS, RFC 4315). */
  async #append(flow: ImapFlow, start: Buffer, message: Buffer): Promise<string | undefined> {
    const { mailbox, timeoutMs } = this.#settings;
    const path = mailbox.split('/');
    const append = async (): Promise<string | undefined> => {
      const date = arrivalDate(start, this.#around.runtime.now());
      this.#session.takeRefusal();
      const appended = await flow.append(path, message, [], date);
      const refusal = this.#session.takeRefusal();
      if (refusal !== undefined && isOfAppend(refusal)) throw refusal;
      // So it says that the session has ended before.
      if (typeof appended !== 'object') throw new Error('the session has ended');
      const { uid, uidValidity } = appended;
      return uid === undefined || uidValidity === undefined ? undefined : `${uidValidity}:${uid}`;
    };
    if (message.includes(0) && !flow.capabilities.has('BINARY')) throw hasNul(this.#settings);
    return inTime(flow, timeoutMs, {
      act: () =>
        append().catch(async (refusal: unknown) => {
          if (!saysNoMailbox(refusal)) throw refusal;
          await flow.mailboxCreate(path).catch((thrown: unknown) => {
            throw notMade(this.#settings, withoutSecrets(flow, thrown));
          });
          return append();
        }),
      failed: (thrown, isLate) => {
        throw notAppended(this.#settings, thrown, isLate);
      },
    });
  }

  /**
   * Where a message stands already. What a process has sent that was killed since may still come: on a slow line it waits behind
   * other things, or in the system. So a second look is taken after a while, once, unless what was on its way is found before.
   */
  async #lookFor(wanted: Wanted): Promise<string | undefined> {
    const found = await this.#find(await this.#session.open(), wanted);
    if (this.#doubtedLatelyAt === undefined || wanted.messageId === '') return found;
    const { runtime, pause = setTimeout } = this.#around;
    const since = runtime.monotonic() - this.#doubtedLatelyAt;
    const left = mostOnItsWayMs(wanted.message.length) - since;
    if (found !== undefined) this.#doubtedLatelyAt = undefined;
    if (found !== undefined || left <= 0) return found;
    await pause(left, undefined, { signal: this.#session.givenUp }).catch(() => undefined);
    return this.#find(await this.#session.open(), wanted);
  }

  /** Where a message stands that no record speaks of and that equals this one, except for line ends; undefined where there is none. */
  async #find(flow: ImapFlow, wanted: Wanted): Promise<string | undefined> {
    if (wanted.messageId === '') return undefined;
    return inTime(flow, this.#settings.timeoutMs, {
      act: () => this.#findAmong(flow, wanted),
      failed: (thrown, isLate) => {
        const failure = notLookedFor(this.#settings, thrown, isLate);
        if (failure !== undefined) throw failure;
        return undefined;
      },
    });
  }

  async #findAmong(flow: ImapFlow, wanted: Wanted): Promise<string | undefined> {
    const { uidValidity } = await examine(flow, this.#settings);
    try {
      return await this.#findInOpen(flow, uidValidity, wanted);
    } finally {
      await leave(flow);
    }
  }

  async #findInOpen(
    flow: ImapFlow,
    uidValidity: string,
    { messageId, sha256, message }: Wanted,
  ): Promise<string | undefined> {
    const found = await withMessageId(flow, messageId, this.#session);
    const ofOthers = this.#onTheirWay.placesOfOthers(messageId);
    const wanted = asGivenBack(message);
    let equalOnes = 0;
    for (const uid of found) {
      const location = `${uidValidity}:${uid}`;
      if (ofOthers.includes(location) || this.#around.recordedAt([location]).length > 0) continue;
      const source = await sourceOf(flow, uid, this.#session);
      if (source === undefined || asGivenBack(source) !== wanted) continue;
      equalOnes += 1;
      if (equalOnes > this.#placedUnseen(flow, sha256, ofOthers)) return location;
    }
    return undefined;
  }

  /** Of how many equal messages the server has not said where it has put them (no UIDPLUS): as many copies are theirs (I1). */
  #placedUnseen(flow: ImapFlow, sha256: string, ofOthers: readonly string[]): number {
    if (flow.capabilities.has('UIDPLUS')) return 0;
    const recorded = this.#around.recordedAs([sha256]).map(({ location }) => location);
    const places = new Set([...recorded, ...ofOthers]);
    return [...places].filter((place) => !place.includes(':')).length;
  }
}

/** For how long a message may be on its way when nobody sends it any more: of a large one more is buffered. */
function mostOnItsWayMs(octets: number): number {
  return Math.min(MOST_ON_ITS_WAY_MS, LEAST_ON_ITS_WAY_MS + octets / SLOW_OCTETS_PER_MS);
}

/** A message that may be there already. */
interface Wanted {
  /** The part of it that can be searched for; empty where there is none. */
  readonly messageId: string;
  readonly sha256: string;
  readonly message: Buffer;
}

async function contentOf(file: FileHandle, octets: number): Promise<Buffer> {
  const content = Buffer.allocUnsafeSlow(octets);
  for (let done = 0; done < octets; ) {
    const { bytesRead } = await file.read(content, done, octets - done, done);
    if (bytesRead === 0) throw new Error('the waiting message has become shorter');
    done += bytesRead;
  }
  return content;
}

function tooLarge({ host }: ImapSettings): MessageNotTaken {
  return new MessageNotTaken(`The message is larger than any that is given to the IMAP server ${host}.`, {
    hint: 'It stays on the POP3 server; a second destination, such as a Maildir, takes it.',
  });
}

function hasNul({ host }: ImapSettings): MessageNotTaken {
  return new MessageNotTaken(`The message has a NUL octet, which the IMAP server ${host} does not take.`, {
    hint: 'It stays on the POP3 server; a second destination, such as a Maildir, takes it.',
  });
}
