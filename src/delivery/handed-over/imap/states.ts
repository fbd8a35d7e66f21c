import type { ImapFlow } from 'imapflow';
import { chunksOf } from '../../../chunks.ts';
import { headerField } from '../../../message/header-field.ts';
import { sha256 } from '../../../message/sha256.ts';
import type { Receipt, StoredState } from '../../destination.ts';
import type { ImapSettings } from '../../settings.ts';
import {
  type Examined,
  examine,
  givenOf,
  leave,
  listedAmong,
  searchablePart,
  withMessageId,
} from './reading.ts';
import { isNotNowWhatever, isRefusal, notInspected, saysNoMailbox, saysNotAllowed } from './refusal.ts';
import { type ImapSession, inTime } from './session.ts';

/** So many are asked for with one command, one of which is in memory at a time. */
const AT_ONCE = 50;

/** So many times the session may end instead of an answer, before that says something of the server and not of messages. */
const MAX_ENDINGS = 10;

/** As so many counts one that we had to end ourselves, after all the time that an answer may take. */
const LATE_ENDING = 5;

/** What a look needs besides the settings. */
interface LookSurroundings {
  readonly session: ImapSession;
  /** What records say was appended there, by whichever account, at these places. */
  readonly recordedAt: (locations: readonly string[]) => readonly Receipt[];
}

/** What is appended there, as it is to be looked at: by its UID or, where the mailbox was made anew, by its Message-ID. */
interface Appended {
  readonly receipt: Receipt;
  readonly uidValidity: string;
  readonly uid: number;
}

/**
 * What has become of messages that were appended to a mailbox, in the order of their receipts. One of which the server did not say
 * where it put it is `handed-over`. With `compare`, each is read and compared with its receipt; without, one that is there, with
 * its Message-ID, is `handed-over`, too. Where the mailbox is gone, all are `lost`; where it was made anew, those that are not found in
 * it, or only as another recorded message; where it was put back as it was before, those that it never had. Raises `destination-locked` or `destination-unusable` where the
 * server cannot be asked now.
 */
export async function* statesInMailbox(
  receipts: Iterable<Receipt>,
  settings: ImapSettings,
  around: LookSurroundings,
): AsyncGenerator<StoredState, void, undefined> {
  let mailbox: Looked | undefined;
  try {
    for (const some of chunksOf(receipts, AT_ONCE)) {
      const appended = some.map(appendedAs).filter((one) => one !== undefined);
      if (appended.length > 0) mailbox ??= await openMailbox(settings, around);
      const states = await mailbox?.statesOf(appended);
      for (const receipt of some) yield states?.get(receipt) ?? 'handed-over';
    }
  } finally {
    await mailbox?.leave();
  }
}

/** By its receipt, what has become of each. */
type States = Map<Receipt, StoredState>;

/** A mailbox as it is found. */
interface Looked {
  statesOf(appended: readonly Appended[]): Promise<States>;
  leave(): Promise<void>;
}

async function openMailbox(settings: ImapSettings, around: LookSurroundings): Promise<Looked> {
  const flow = await around.session.open();
  return inTime<Looked>(flow, settings.timeoutMs, {
    act: async () => new Mailbox(flow, { settings, ...around, examined: await examine(flow, settings) }),
    failed: (thrown, isLate) => {
      if (saysNoMailbox(thrown)) return allAre('lost');
      // One that only takes mail is never seen.
      if (saysNotAllowed(thrown)) return allAre('handed-over');
      throw notInspected(settings, thrown, isLate);
    },
  });
}

function allAre(state: StoredState): Looked {
  return {
    statesOf: async (all) => new Map(all.map(({ receipt }) => [receipt, state])),
    leave: async () => undefined,
  };
}

class Mailbox implements Looked {
  #flow: ImapFlow;
  #examined: Examined;
  readonly #settings: ImapSettings;
  readonly #session: ImapSession;
  readonly #recordedAt: LookSurroundings['recordedAt'];
  /** What stands for a message already: another one that is like it must be there once more. */
  readonly #taken = new Set<number>();
  /** How often the session has ended instead of an answer; by a server that was waited for in vain, as several. */
  #ended = 0;

  constructor(
    flow: ImapFlow,
    {
      settings,
      session,
      recordedAt,
      examined,
    }: LookSurroundings & { readonly settings: ImapSettings; readonly examined: Examined },
  ) {
    this.#flow = flow;
    this.#settings = settings;
    this.#session = session;
    this.#recordedAt = recordedAt;
    this.#examined = examined;
  }

  leave(): Promise<void> {
    return leave(this.#flow);
  }

  async statesOf(appended: readonly Appended[]): Promise<States> {
    const { uidValidity: present } = this.#examined;
    const states = await this.#byUid(appended.filter(({ uidValidity }) => uidValidity === present));
    for (const one of appended)
      if (one.uidValidity !== present) states.set(one.receipt, await this.#byMessageId(one));
    return states;
  }

  /** One by one where the server does not give them all: so a message that it cannot read keeps no other from being looked at (I9). */
  async #byUid(appended: readonly Appended[]): Promise<States> {
    const states: States = new Map();
    const isTold = async (some: readonly Appended[]): Promise<boolean> =>
      (await this.#ask((goOn) => this.#fetch(some, states, goOn))) ?? false;
    if (appended.length === 0 || (await isTold(appended))) return states;
    for (const one of appended)
      if (!states.has(one.receipt) && !(await isTold([one]))) states.set(one.receipt, 'unreadable');
    return states;
  }

  /**
   * Undefined where the server refuses, or ends the session instead, as Dovecot does at a message that it cannot read: the next
   * question is asked in a new one.
   */
  async #ask<T>(act: (goOn: () => void) => Promise<T>): Promise<T | undefined> {
    if (!this.#flow.usable) {
      this.#flow = await this.#session.open();
      await this.#examineAgain();
    }
    return inTime<T | undefined>(this.#flow, this.#settings.timeoutMs, {
      act,
      failed: (thrown, isLate) => {
        if (isRefusal(thrown) ? isNotNowWhatever(thrown) : this.#endsTooOften(isLate))
          throw notInspected(this.#settings, thrown, isLate);
        return undefined;
      },
    });
  }

  #endsTooOften(isLate: boolean): boolean {
    this.#flow.close();
    this.#ended += isLate ? LATE_ENDING : 1;
    return this.#ended > MAX_ENDINGS || this.#session.givenUp.aborted;
  }

  /** It must be the same one still. */
  #examineAgain(): Promise<void> {
    const examineAgain = async (): Promise<void> => {
      const examined = await examine(this.#flow, this.#settings);
      if (examined.uidValidity !== this.#examined.uidValidity) throw new Error('it was just made anew');
      this.#examined = examined;
    };
    return inTime<void>(this.#flow, this.#settings.timeoutMs, {
      act: examineAgain,
      failed: (thrown, isLate) => {
        throw notInspected(this.#settings, thrown, isLate);
      },
    });
  }

  /** Adds what becomes of these to the states; resolves to whether that is all of them. */
  async #fetch(appended: readonly Appended[], states: States, goOn: () => void): Promise<boolean> {
    const uids = appended.map(({ uid }) => uid);
    const how = { whole: this.#settings.compare, session: this.#session };
    for await (const { uid, octets } of givenOf(this.#flow, uids, how))
      for (const { receipt } of appended.filter((one) => one.uid === uid)) {
        const before = states.get(receipt);
        if (before === undefined) goOn();
        // Who says one thing after the other is not believed the better one.
        if (isLike(before ?? 'intact')) states.set(receipt, this.#stateOf(receipt, octets));
      }
    return this.#noteNotGiven(
      appended.filter(({ receipt }) => !states.has(receipt)),
      states,
    );
  }

  /**
   * A server may leave out what it cannot read, and this mailbox may have got mail since it was opened. So what it has not given is
   * gone only if it does not list it either (I1).
   */
  async #noteNotGiven(appended: readonly Appended[], states: States): Promise<boolean> {
    if (appended.length === 0) return true;
    await this.#examineAgain();
    const uids = appended.map(({ uid }) => uid);
    const listed = await listedAmong(this.#flow, uids, this.#session);
    for (const { receipt, uid } of appended)
      if (!listed.has(uid)) states.set(receipt, this.#stateOfGone(uid));
    return listed.size === 0;
  }

  /** A mailbox that has never had this UID was put back as it was before, with the UIDVALIDITY that it had. */
  #stateOfGone(uid: number): StoredState {
    const { uidNext } = this.#examined;
    return uidNext !== undefined && uid >= uidNext ? 'lost' : 'missing';
  }

  async #byMessageId({ receipt }: Appended): Promise<StoredState> {
    const messageId = searchablePart(receipt.messageId ?? '');
    if (messageId === '') return 'lost';
    const found = await this.#ask(async (goOn) => {
      for (const uid of await withMessageId(this.#flow, messageId, this.#session)) {
        goOn();
        if (this.#isOfAnother(uid)) continue;
        const state = await this.#stateIfLike(receipt, uid);
        if (state === undefined) continue;
        this.#taken.add(uid);
        return state;
      }
      return 'lost' as const;
    });
    return found ?? 'unreadable';
  }

  /** Whether a message there stands for another one: of those that were asked about, or of one that a record speaks of (I1). */
  #isOfAnother(uid: number): boolean {
    return this.#taken.has(uid) || this.#recordedAt([`${this.#examined.uidValidity}:${uid}`]).length > 0;
  }

  async #stateIfLike(receipt: Receipt, uid: number): Promise<StoredState | undefined> {
    let state: StoredState | undefined;
    const how = { whole: this.#settings.compare, session: this.#session };
    for await (const { octets } of givenOf(this.#flow, [uid], how)) state = this.#stateOf(receipt, octets);
    return state !== undefined && isLike(state) ? state : undefined;
  }

  /** Of a message that is there, by what the server gives of it. A UID that another message has by now was given away anew. */
  #stateOf({ sha256: delivered, messageId }: Receipt, octets: Buffer): StoredState {
    const { compare } = this.#settings;
    if (compare && sha256(octets) === delivered) return 'intact';
    const found = headerField(octets, 'Message-ID');
    if (messageId !== undefined && (found !== undefined || !compare) && found !== messageId) return 'lost';
    return compare ? 'changed' : 'handed-over';
  }
}

function isLike(state: StoredState): boolean {
  return state === 'intact' || state === 'handed-over';
}

/** Where a server with UIDPLUS has put it (RFC 4315). */
function appendedAs(receipt: Receipt): Appended | undefined {
  const [, uidValidity, uid] = /^(\d+):(\d+)$/.exec(receipt.location) ?? [];
  return uidValidity === undefined ? undefined : { receipt, uidValidity, uid: Number(uid) };
}
