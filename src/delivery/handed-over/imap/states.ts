import type { ImapFlow } from 'imapflow';
import { chunksOf } from '../../../chunks.ts';
import { sha256 } from '../../../message/sha256.ts';
import type { Receipt, StoredState } from '../../destination.ts';
import type { ImapSettings } from '../../settings.ts';
import { examine, leave, searchablePart, sourceOf, withMessageId } from './reading.ts';
import { codeOf, isNotNow, isRefusal, notInspected, saysNoMailbox } from './refusal.ts';
import { type ImapSession, inTime } from './session.ts';

/** So many are asked for with one command, one of which is in memory at a time. */
const AT_ONCE = 50;

/** What is appended there, as it is to be looked at: by its UID or, where the mailbox was made anew, by its Message-ID. */
interface Appended {
  readonly receipt: Receipt;
  readonly uidValidity: string;
  readonly uid: number;
}

/**
 * What has become of messages that were appended to a mailbox, in the order of their receipts. One of which the server did not say
 * where it put it is `handed-over`. With `compare`, each is read and compared with its receipt; without, one that is there is
 * `handed-over`, too. Where the mailbox is gone, all are `lost`; where it was made anew, those that are not found in it. Raises
 * `destination-locked` or `destination-unusable` where the server cannot be asked now.
 */
export async function* statesInMailbox(
  receipts: Iterable<Receipt>,
  settings: ImapSettings,
  session: ImapSession,
): AsyncGenerator<StoredState, void, undefined> {
  let mailbox: Looked | undefined;
  try {
    for (const some of chunksOf(receipts, AT_ONCE)) {
      const appended = some.map(appendedAs).filter((one) => one !== undefined);
      if (appended.length > 0) mailbox ??= await openMailbox(settings, session);
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

async function openMailbox(settings: ImapSettings, session: ImapSession): Promise<Looked> {
  const flow = await session.open();
  return inTime<Looked>(flow, settings.timeoutMs, {
    act: async () => new Mailbox(flow, { settings, session, uidValidity: await examine(flow, settings) }),
    failed: (thrown, isLate) => {
      if (saysNoMailbox(thrown)) return allAre('lost');
      // One that only takes mail is never seen.
      if (codeOf(thrown) === 'NOPERM') return allAre('handed-over');
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
  readonly #flow: ImapFlow;
  readonly #settings: ImapSettings;
  readonly #session: ImapSession;
  readonly #uidValidity: string;
  /** What stands for a message already: another one that is like it must be there once more. */
  readonly #taken = new Set<number>();

  constructor(
    flow: ImapFlow,
    {
      settings,
      session,
      uidValidity,
    }: { readonly settings: ImapSettings; readonly session: ImapSession; readonly uidValidity: string },
  ) {
    this.#flow = flow;
    this.#settings = settings;
    this.#session = session;
    this.#uidValidity = uidValidity;
  }

  leave(): Promise<void> {
    return leave(this.#flow);
  }

  async statesOf(appended: readonly Appended[]): Promise<States> {
    const here = appended.filter(({ uidValidity }) => uidValidity === this.#uidValidity);
    const states = await this.#byUid(here);
    for (const one of appended)
      if (one.uidValidity !== this.#uidValidity) states.set(one.receipt, await this.#byMessageId(one));
    return states;
  }

  /** One by one where the server does not give them all: so a message that it cannot read keeps no other from being looked at (I9). */
  async #byUid(appended: readonly Appended[]): Promise<States> {
    if (appended.length === 0) return new Map();
    const states = await this.#ask((goOn) => this.#fetch(appended, goOn));
    if (states !== undefined) return states;
    const [one] = appended;
    if (one !== undefined && appended.length === 1) return new Map([[one.receipt, 'unreadable']]);
    const all: States = new Map();
    for (const single of appended)
      for (const [receipt, state] of await this.#byUid([single])) all.set(receipt, state);
    return all;
  }

  /** Undefined where the server refuses. */
  #ask<T>(act: (goOn: () => void) => Promise<T>): Promise<T | undefined> {
    return inTime<T | undefined>(this.#flow, this.#settings.timeoutMs, {
      act,
      failed: (thrown, isLate) => {
        if (isRefusal(thrown) && !isNotNow(thrown)) return undefined;
        throw notInspected(this.#settings, thrown, isLate);
      },
    });
  }

  async #fetch(appended: readonly Appended[], goOn: () => void): Promise<States> {
    const { compare } = this.#settings;
    const found = new Map<number, string | undefined>();
    this.#session.takeRefusal();
    const range = appended.map(({ uid }) => uid).join(',');
    for await (const { uid, source } of this.#flow.fetch(
      range,
      { uid: true, source: compare },
      { uid: true },
    )) {
      found.set(uid, source && sha256(source));
      goOn();
    }
    const refusal = this.#session.takeRefusal();
    if (refusal !== undefined) throw refusal;
    const states: States = new Map();
    for (const { receipt, uid } of appended)
      states.set(receipt, found.has(uid) ? stateOf(receipt, found.get(uid), compare) : 'missing');
    return states;
  }

  async #byMessageId({ receipt }: Appended): Promise<StoredState> {
    const messageId = searchablePart(receipt.messageId ?? '');
    if (messageId === '') return 'lost';
    const found = await this.#ask(async (goOn) => {
      for (const uid of await withMessageId(this.#flow, messageId, this.#session)) {
        goOn();
        if (this.#taken.has(uid)) continue;
        const state = await this.#stateIfLike(receipt, uid);
        if (state === undefined) continue;
        this.#taken.add(uid);
        return state;
      }
      return 'lost' as const;
    });
    return found ?? 'unreadable';
  }

  async #stateIfLike(receipt: Receipt, uid: number): Promise<StoredState | undefined> {
    const { compare } = this.#settings;
    if (!compare) return 'handed-over';
    const source = await sourceOf(this.#flow, uid);
    return source !== undefined && sha256(source) === receipt.sha256 ? 'intact' : undefined;
  }
}

/** Of a message that is there. `found`: the SHA-256 of what the server gives; undefined where it gives nothing. */
function stateOf({ sha256: delivered }: Receipt, found: string | undefined, compare: boolean): StoredState {
  if (!compare) return 'handed-over';
  if (found === undefined) return 'unreadable';
  return found === delivered ? 'intact' : 'changed';
}

/** Where a server with UIDPLUS has put it (RFC 4315). */
function appendedAs(receipt: Receipt): Appended | undefined {
  const [, uidValidity, uid] = /^(\d+):(\d+)$/.exec(receipt.location) ?? [];
  return uidValidity === undefined ? undefined : { receipt, uidValidity, uid: Number(uid) };
}
