import { describe, expect, test } from 'vitest';
import type { LedgerRecord, RecordId } from '../../src/ledger/record.ts';
import type { PollLimits } from '../../src/poll/account.ts';
import type { DeletionPolicy } from '../../src/poll/deletion-policy.ts';
import { FramingTrouble } from '../../src/poll/framing-trouble.ts';
import {
  MAX_ATTEMPTS,
  QUARANTINE_RETRY_MS,
  SESSION_MESSAGES,
  SHORT_RETRY_MS,
} from '../../src/poll/limits.ts';
import type { ListedMessage } from '../../src/poll/listing.ts';
import {
  boundRecords,
  type Decision,
  type PlanQuestion,
  planPoll,
  planRetrievals,
  retrievalsOf,
} from '../../src/poll/plan.ts';
import { NONE_ABSENT } from '../../src/poll/recognition/absent.ts';
import { isLastAttempt } from '../../src/poll/record-state.ts';
import type { MessageNumber, UniqueId } from '../../src/pop3/types.ts';

const NOW = 1_000_000_000;
const STARTED = NOW - 5000;
const NO_LIMITS: PollLimits = {
  messageOctets: undefined,
  messagesPerPoll: undefined,
  octetsPerPoll: undefined,
};
const number = (value: number): MessageNumber => value as MessageNumber;
const id = (value: number): RecordId => value as RecordId;

function message(value: number, more: Partial<ListedMessage> = {}): ListedMessage {
  return { number: number(value), octets: 100, uid: `u${value}` as UniqueId, twin: false, ...more };
}

function record(more: Partial<LedgerRecord> = {}): LedgerRecord {
  return {
    id: id(7),
    uid: 'u1' as UniqueId,
    outcome: 'delivered',
    sha256: 'ab',
    attempts: 0,
    triedAt: STARTED - 1000,
    deliveredAt: STARTED - 1000,
    goneAt: undefined,
    deleSent: false,
    workedOut: false,
    missingAt: undefined,
    destinations: [],
    ...more,
  };
}

interface Situation {
  readonly messages: readonly ListedMessage[];
  readonly records?: Readonly<Record<string, readonly LedgerRecord[]>>;
  readonly deletion?: DeletionPolicy;
  readonly limits?: Partial<PollLimits>;
  readonly passedOver?: readonly number[];
  readonly recognition?: Partial<PlanQuestion['recognition']>;
}

function plan(situation: Situation): Decision[] {
  return [...planRetrievals(questionOf(situation))];
}

function questionOf({
  messages,
  records = {},
  deletion,
  limits,
  recognition,
  passedOver = [],
}: Situation): PlanQuestion {
  return {
    listing: { messages },
    known: { withUniqueId: (uid) => (Object.hasOwn(records, uid) ? (records[uid] ?? []) : []) },
    recognition: {
      renumbered: new Map(),
      doubtful: new Set(),
      present: new Map(),
      absent: NONE_ABSENT,
      gone: new Set(),
      isRenumbering: false,
      again: new Map(),
      wasMoved: false,
      ...recognition,
    },
    account: { deletion: deletion ?? { kind: 'never' } },
    limits: { ...NO_LIMITS, ...limits },
    framing: framingWith(passedOver),
    pastSizes: [],
    startedAt: STARTED,
    now: NOW,
  };
}

function framingWith(passedOver: readonly number[]): FramingTrouble {
  const framing = new FramingTrouble();
  for (const value of passedOver) framing.passOver(message(value, { twin: true }));
  return framing;
}

const inShort = (decisions: readonly Decision[]): string[] =>
  decisions.map(({ action, message: { number: value }, reason }) => `${value} ${action} ${reason}`);

const failed = record({ outcome: 'failed', deliveredAt: undefined, attempts: 1 });
const quarantined = record({ outcome: 'quarantined', deliveredAt: undefined, attempts: 5 });

describe('planRetrievals decides, for a message', () => {
  test.each<[string, readonly LedgerRecord[], string]>([
    ['that the ledger does not know', [], 'retrieve new'],
    ['that was delivered', [record()], 'leave carried'],
    ['that was adopted', [record({ outcome: 'adopted', deliveredAt: undefined })], 'leave carried'],
    ['that failed in an earlier poll', [failed], 'retrieve again'],
    ['that failed in this poll', [{ ...failed, triedAt: STARTED }], 'leave failed'],
    ['that was quarantined lately', [quarantined], 'leave quarantined'],
    [
      'that was quarantined a moment less than long ago',
      [{ ...quarantined, triedAt: NOW - QUARANTINE_RETRY_MS + 1 }],
      'leave quarantined',
    ],
    [
      'that was quarantined long ago',
      [{ ...quarantined, triedAt: NOW - QUARANTINE_RETRY_MS }],
      'retrieve again',
    ],
    ['that was gone', [record({ goneAt: 5 })], 'retrieve compare'],
    ['that was missing', [record({ missingAt: 5 })], 'retrieve compare'],
    ['that failed and was missing', [{ ...failed, missingAt: 5 }], 'retrieve compare'],
    [
      'whose unique-id stood for another before',
      [record({ goneAt: 5 }), record({ id: id(8) })],
      'leave carried',
    ],
  ])('%s', (_, records, expected) => {
    expect(inShort(plan({ messages: [message(1)], records: { u1: records } }))).toEqual([`1 ${expected}`]);
  });

  test('that its size tells which of two it is that were carried under its unique-id', () => {
    const of = (value: number, octets: number): LedgerRecord => record({ id: id(value), octets });
    for (const [records, expected] of [
      [[of(7, 100), of(8, 60)], 7],
      [[of(7, 60), of(8, 100)], 8],
      [[of(7, 100), of(8, 100)], 8],
    ] as const) {
      expect(plan({ messages: [message(1)], records: { u1: records } })).toMatchObject([
        { reason: 'carried', record: expected },
      ]);
    }
  });

  const DAY = SHORT_RETRY_MS;
  const half = record({ octets: 50, listedOctets: 100, triedAt: NOW - DAY, deliveredAt: NOW - DAY });
  test.each<[string, Partial<LedgerRecord>, Partial<ListedMessage>, string]>([
    ['came in part a day ago', {}, {}, 'retrieve short'],
    ['came in part a day ago, and is too large', {}, { octets: 300 }, 'leave carried'],
    ['came in part, and was asked for since', { deliveredAt: NOW - 3 * DAY }, {}, 'leave carried'],
    ['came in part, and was asked for long since', { deliveredAt: NOW - 2 * DAY }, {}, 'retrieve short'],
    ['came in part just now', { triedAt: NOW - 1, deliveredAt: NOW - 1 }, {}, 'leave carried'],
    [
      'came in part just now, and is listed larger',
      { triedAt: NOW - 1, deliveredAt: NOW - 1 },
      { octets: 101 },
      'retrieve short',
    ],
    ['came in part, which is all that is listed by now', {}, { octets: 50 }, 'leave carried'],
    ['came whole', { octets: 100 }, {}, 'leave carried'],
    ['came with a line end less', { octets: 98 }, {}, 'leave carried'],
    ['came with an unknown size', { octets: undefined }, {}, 'leave carried'],
  ])('that %s', (_, more, listed, expected) => {
    const limits = { messageOctets: 200 };
    const records = { u1: [{ ...half, ...more }] };
    expect(inShort(plan({ messages: [message(1, listed)], records, limits }))).toEqual([`1 ${expected}`]);
  });

  test('without a unique-id to compare its content', () => {
    expect(inShort(plan({ messages: [message(1, { uid: undefined })] }))).toEqual(['1 retrieve compare']);
  });

  test('recognised under a new unique-id to leave it, as the record that it is', () => {
    const decisions = plan({
      messages: [message(1)],
      recognition: { renumbered: new Map([[number(1), id(3)]]) },
    });
    expect(decisions).toMatchObject([{ action: 'leave', reason: 'carried', record: 3 }]);
  });

  test('that may have been carried under another unique-id to compare its content', () => {
    const decisions = plan({ messages: [message(1)], recognition: { doubtful: new Set([number(1)]) } });
    expect(inShort(decisions)).toEqual(['1 retrieve compare']);
  });

  test('called __proto__ nothing else than for any other', () => {
    const uid = '__proto__' as UniqueId;
    expect(inShort(plan({ messages: [message(1, { uid })] }))).toEqual(['1 retrieve new']);
  });
});

describe('I8: planRetrievals decides, for two messages with one unique-id,', () => {
  const uid = 'same' as UniqueId;
  const messages = [message(1, { uid, twin: true }), message(2, { uid, twin: true })];
  const two = [record({ id: id(1) }), record({ id: id(2) })];
  const later: DeletionPolicy = { kind: 'after', milliseconds: 10_000 };

  test.each<[string, readonly LedgerRecord[], DeletionPolicy, string]>([
    ['to compare both when nothing is known', [], { kind: 'never' }, 'retrieve compare'],
    ['to compare both when one is known', [record()], { kind: 'never' }, 'retrieve compare'],
    ['to leave both when two are known', two, { kind: 'never' }, 'leave carried'],
    ['to leave both while none is to be deleted', two, later, 'leave carried'],
    ['to compare both when they are to be deleted', two, { kind: 'after-delivery' }, 'retrieve compare'],
    [
      'to compare both when one is to be deleted',
      [record({ id: id(1), deliveredAt: NOW - 10_000 }), record({ id: id(2), deliveredAt: NOW })],
      later,
      'retrieve compare',
    ],
    [
      'to compare both when one of two is gone',
      [record({ goneAt: 5 }), record()],
      { kind: 'never' },
      'retrieve compare',
    ],
    ['to compare both when one failed before', [failed], { kind: 'never' }, 'retrieve compare'],
    ['to leave both while one is quarantined', [quarantined], { kind: 'never' }, 'leave quarantined'],
  ])('%s', (_, records, deletion, expected) => {
    expect(inShort(plan({ messages, records: { same: records }, deletion }))).toEqual([
      `1 ${expected}`,
      `2 ${expected}`,
    ]);
  });

  test('and never says by the unique-id alone which record is which', () => {
    expect(boundRecords(plan({ messages, records: { same: two } })).size).toBe(0);
  });

  test('to leave only the one that had no end in this poll', () => {
    const decisions = plan({ messages, records: { same: [failed] }, passedOver: [1] });
    expect(inShort(decisions).sort()).toEqual(['1 leave failed', '2 retrieve compare']);
  });

  test('to count a failure with those before', () => {
    const decisions = plan({ messages, records: { same: [failed] } });
    expect(decisions).toMatchObject([{ record: { attempts: 1 } }, { record: { attempts: 1 } }]);
  });
});

describe('planRetrievals holds limits:', () => {
  test.each<[string, Partial<PollLimits>, readonly string[]]>([
    ['none', {}, ['1 retrieve new', '2 retrieve new', '3 retrieve new']],
    ['messages', { messagesPerPoll: 2 }, ['1 retrieve new', '2 retrieve new', '3 leave later']],
    ['no messages left', { messagesPerPoll: 0 }, ['1 leave later', '2 leave later', '3 leave later']],
    ['octets', { octetsPerPoll: 150 }, ['1 retrieve new', '2 retrieve new', '3 leave later']],
    [
      'octets that the first exceeds',
      { octetsPerPoll: 1 },
      ['1 retrieve new', '2 leave later', '3 leave later'],
    ],
    ['no octets left', { octetsPerPoll: 0 }, ['1 leave later', '2 leave later', '3 leave later']],
    [
      'the size of a message',
      { messageOctets: 99 },
      ['1 leave too-large', '2 leave too-large', '3 leave too-large'],
    ],
    [
      'the size of a message, exactly',
      { messageOctets: 100 },
      ['1 retrieve new', '2 retrieve new', '3 retrieve new'],
    ],
  ])('%s', (_, limits, expected) => {
    expect(inShort(plan({ messages: [message(1), message(2), message(3)], limits }))).toEqual(expected);
  });

  test('a message that is too large does not count', () => {
    const messages = [message(1, { octets: 1000 }), message(2)];
    expect(inShort(plan({ messages, limits: { messageOctets: 500, messagesPerPoll: 1 } }))).toEqual([
      '1 leave too-large',
      '2 retrieve new',
    ]);
  });

  test('messages that only their content tells apart are not limited, since they come each time', () => {
    const messages = [1, 2, 3].map((value) => message(value, { uid: undefined }));
    expect(retrievalsOf(plan({ messages, limits: { messagesPerPoll: 1, octetsPerPoll: 1 } }))).toHaveLength(
      3,
    );
  });

  test('a message without a listed size is not too large', () => {
    const messages = [message(1, { octets: undefined })];
    expect(inShort(plan({ messages, limits: { messageOctets: 1 } }))).toEqual(['1 retrieve new']);
  });

  test('what failed before comes last, so that it holds up nothing', () => {
    const decisions = plan({
      messages: [message(1), message(2), message(3)],
      records: { u1: [failed] },
      limits: { messagesPerPoll: 2 },
    });
    expect(inShort(decisions)).toEqual(['2 retrieve new', '3 retrieve new', '1 leave later']);
    expect(retrievalsOf(decisions)).toHaveLength(2);
  });
});

test('planPoll names as many messages as a session may take, and one more, and counts the others', () => {
  const most = SESSION_MESSAGES + 1;
  const messages = Array.from({ length: most + 4 }, (_, index) => message(index + 1));
  const records = { u1: [record()], u2: [record({ outcome: 'adopted' })], u3: [failed] };
  const { retrievals, further, left, carried } = planPoll(questionOf({ messages, records }));
  const numbers = retrievals.map((it) => it.message.number);
  // The third, which has failed, is asked for alone, so last.
  expect([numbers[0], numbers.at(-2), numbers.at(-1), numbers.length]).toEqual([4, most + 3, 3, most + 1]);
  expect(further).toEqual({ messages: 1, octets: 100 });
  expect([...left]).toEqual([['carried', 2]]);
  expect([...carried]).toEqual([[1, 7]]);
});

test('I1: a message that is only planned is bound to no record', () => {
  const decisions = plan({
    messages: [message(1), message(2), message(3)],
    records: { u2: [failed], u3: [record({ id: id(3) })] },
  });
  expect([...boundRecords(decisions)]).toEqual([[3, 3]]);
});

test('isLastAttempt counts the attempts made before', () => {
  expect(isLastAttempt(undefined)).toBe(false);
  expect(isLastAttempt(record({ attempts: MAX_ATTEMPTS - 2 }))).toBe(false);
  expect(isLastAttempt(record({ attempts: MAX_ATTEMPTS - 1 }))).toBe(true);
});
