import { describe, expect, test } from 'vitest';
import {
  type EntryNow,
  explanationOf,
  type MessageFacts,
  type PlaceNow,
} from '../../src/cli/words/explanation.ts';
import type { RecordId } from '../../src/ledger/record.ts';
import type { ListedMessage } from '../../src/poll/listing.ts';
import type { Decision } from '../../src/poll/plan.ts';
import type { MessageNumber, UniqueId } from '../../src/pop3/types.ts';

const DAY = 86_400_000;
const NOON = new Date('2026-11-01T12:00').getTime();

const message: ListedMessage = {
  number: 3 as MessageNumber,
  octets: 100,
  uid: 'u3' as UniqueId,
  twin: false,
};
const CARRIED: Decision = { action: 'leave', message, reason: 'carried', record: undefined };
const NEW: Decision = { action: 'retrieve', message, reason: 'new', record: undefined, alone: false };

const PLACE: PlaceNow = {
  destination: 'maildir:/mail',
  location: '1.x',
  octets: 1990,
  sha256: null,
  unmarkedSha256: null,
  state: 'intact',
};

const ENTRY: EntryNow = {
  id: 1 as RecordId,
  account: 'work',
  uid: 'u3',
  octets: 2000,
  listedOctets: 2000,
  sha256: null,
  messageId: null,
  outcome: 'delivered',
  peer: null,
  attempts: 0,
  lastError: null,
  triedAt: NOON,
  deliveredAt: NOON,
  deleSentAt: null,
  missingAt: null,
  goneAt: null,
  places: [PLACE],
};

function explained(facts: Partial<MessageFacts>): string {
  const whole: MessageFacts = {
    account: 'work',
    asked: true,
    decision: CARRIED,
    deletedNow: false,
    refusal: undefined,
    entries: [ENTRY],
    deletion: { kind: 'after', milliseconds: 30 * DAY },
    now: NOON + DAY,
    ...facts,
  };
  return explanationOf(whole).join('\n');
}

describe('the explanation', () => {
  test('of a carried message says where it is, why it stays, and when it goes', () => {
    const text = explained({});
    expect(text).toContain(
      'Carried on 2026-11-01 12:00 (2.0 KB as received) to:\n    maildir:/mail, as 1.x: there as delivered\n',
    );
    expect(text).toContain('leave it where it is: it counts as carried already');
    expect(text).toContain(
      'deleted on the server by the first poll after 2026-12-01 12:00 (delete: { after: 30d })',
    );
  });

  test('says of an mbox how far into the file the message begins', () => {
    const places = [{ ...PLACE, destination: 'mbox:/box', location: '149' }];
    expect(explained({ entries: [{ ...ENTRY, places }] })).toContain('mbox:/box, at offset 149: there as');
  });

  test.each<[string, Partial<MessageFacts>, RegExp]>([
    [
      'new',
      { decision: NEW, entries: [] },
      /never tried[^]*would fetch it: the ledger does not know its unique-id/,
    ],
    ['new, and counts its time from now', { decision: NEW, entries: [] }, /after 2026-12-02 12:00/],
    ['due', { deletedNow: true }, /deleted on the server in the same poll/],
    [
      'due, and not safe',
      { refusal: 'It was changed.' },
      /first poll after[^]*some stays there: It was changed\./,
    ],
    [
      'wanted once more',
      { entries: [{ ...ENTRY, outcome: 'failed', attempts: 0 }] },
      /Carried on 2026-11-01 12:00, and to be carried once more[^]*maildir:\/mail/,
    ],
    ['kept for good', { deletion: { kind: 'never' } }, /stays on the server \(delete: never\)/],
    [
      'gone',
      { decision: undefined, entries: [{ ...ENTRY, goneAt: NOON }] },
      /confirmed on 2026-11-01 12:00[^]*does not list it now/,
    ],
    [
      'known, of a server that was not asked,',
      { asked: false, decision: undefined },
      /The server was not asked\.\nIt is deleted on the server by the first poll after 2026-12-01 12:00/,
    ],
    [
      'gone, of a server that was not asked,',
      { asked: false, decision: undefined, entries: [{ ...ENTRY, goneAt: NOON }] },
      /The server was not asked\.$/,
    ],
    [
      'imported, of a server that was not asked,',
      {
        asked: false,
        decision: undefined,
        entries: [{ ...ENTRY, outcome: 'adopted', peer: 'mpop', places: [] }],
      },
      /The server was not asked\.\nIt stays on the server: only what Mailferry itself/,
    ],
    ['missing', { decision: undefined, entries: [{ ...ENTRY, missingAt: NOON }] }, /without our doing/],
    [
      'imported',
      { entries: [{ ...ENTRY, outcome: 'adopted', peer: 'getmail', places: [] }] },
      /getmail remembers it, since 2026-11-01[^]*only what Mailferry itself has delivered/,
    ],
    ['adopted', { entries: [{ ...ENTRY, outcome: 'adopted', places: [] }] }, /mailferry adopt/],
    [
      'quarantined',
      { entries: [{ ...ENTRY, outcome: 'quarantined', attempts: 5, lastError: 'too long' }] },
      /Tried 5 times[^]*too long[^]*once a day/,
    ],
    [
      'shorter than listed',
      { entries: [{ ...ENTRY, listedOctets: 2003 }] },
      /listed with 2003\. .* --confirm-delete/,
    ],
    ['unconfirmed', { entries: [{ ...ENTRY, deleSentAt: NOON }] }, /has not confirmed it/],
    ['too large', { decision: { ...CARRIED, reason: 'too-large' }, entries: [] }, /limits\.messageSize/],
  ])('of one that is %s says so', (_, facts, words) => {
    expect(explained(facts)).toMatch(words);
  });

  test.each([
    ['changed', ': changed since'],
    ['missing', ': not there any more (moved or deleted by you?)'],
    ['lost', ': not there any more, and the place itself is gone, was made anew or has lost its end'],
    ['unreadable', ': cannot be read'],
    [null, ''],
  ] as const)('says of a place that is %s no more than that', (state, words) => {
    const places = ENTRY.places.map((place) => ({ ...place, state }));
    expect(explained({ entries: [{ ...ENTRY, places }] })).toContain(` as 1.x${words}\n`);
  });
});
