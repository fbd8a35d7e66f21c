import { describe, expect, test } from 'vitest';
import type { RecordId, RecordIdentity } from '../../src/ledger/ledger.ts';
import { headerHash } from '../../src/message/header-field.ts';
import { type Identity, tagFor } from '../../src/poll/identity.ts';
import type { ListedMessage } from '../../src/poll/listing.ts';
import { matchHeaders } from '../../src/poll/recognition/match-headers.ts';
import type { MessageNumber, UniqueId } from '../../src/pop3/types.ts';

const IDENTITY: Identity = { account: 'work', uid: 'u1' as UniqueId, occurrence: 0 };

describe('tagFor', () => {
  test('is short, and always the same', () => {
    expect(tagFor(IDENTITY)).toMatch(/^[0-9a-f]{20}$/);
    expect(tagFor({ ...IDENTITY })).toBe(tagFor(IDENTITY));
  });

  test('differs for every different identity', () => {
    const identities: Identity[] = [
      IDENTITY,
      { ...IDENTITY, account: 'home' },
      { ...IDENTITY, uid: 'u2' as UniqueId },
      { ...IDENTITY, uid: undefined },
      { ...IDENTITY, uid: '\xff' as UniqueId },
      { ...IDENTITY, occurrence: 1 },
      { ...IDENTITY, sha256: 'ab' },
      { ...IDENTITY, sha256: 'ab', occurrence: 1 },
      { ...IDENTITY, uid: 'u10' as UniqueId },
      { ...IDENTITY, account: 'worku', uid: '1' as UniqueId },
      { ...IDENTITY, account: 'work', uid: undefined, sha256: 'u1' },
      { ...IDENTITY, account: 'wörk' },
      { ...IDENTITY, account: 'w日rk' },
      { ...IDENTITY, account: 'w本rk' },
    ];
    expect(new Set(identities.map(tagFor)).size).toBe(identities.length);
  });

  test('of accounts whose names differ only outside latin1 differs', () => {
    // U+65E5 and U+00E5 have the same last octet.
    expect(tagFor({ ...IDENTITY, account: '\u65e5' })).not.toBe(tagFor({ ...IDENTITY, account: '\u00e5' }));
  });
});

const header = (text: string): Buffer => Buffer.from(`${text}\r\n\r\n`);
const listed = (number: number, octets = 100): ListedMessage => ({
  number: number as MessageNumber,
  octets,
  uid: `new${number}` as UniqueId,
  twin: false,
});
function known(id: number, text: string, more: Partial<RecordIdentity> = {}): RecordIdentity {
  return {
    id: id as RecordId,
    uid: `old${id}` as UniqueId,
    octets: 100,
    messageId: /Message-ID: (.*)/.exec(text)?.[1],
    headerSha256: headerHash(header(text), true),
    missingAt: undefined,
    ...more,
  };
}

function matched(
  messages: readonly ListedMessage[],
  headers: readonly (readonly [number, string])[],
  pool: readonly RecordIdentity[],
): { renumbered: unknown[]; doubtful: unknown[] } {
  const map = new Map(headers.map(([number, text]) => [number as MessageNumber, header(text)]));
  const { matched: found, doubtful } = matchHeaders(messages, map, pool);
  return { renumbered: [...found].map(([number, { id }]) => [number, id]), doubtful: [...doubtful] };
}

describe('I8: matchHeaders', () => {
  const A = 'Message-ID: <a@x>\r\nSubject: a';
  const B = 'Message-ID: <b@x>\r\nSubject: b';

  test('knows messages by their headers', () => {
    expect(
      matched(
        [listed(1), listed(2)],
        [
          [1, B],
          [2, A],
        ],
        [known(7, A), known(8, B)],
      ),
    ).toEqual({
      renumbered: [
        [1, 8],
        [2, 7],
      ],
      doubtful: [],
    });
  });

  test('takes an unknown header for a new message', () => {
    expect(matched([listed(1)], [[1, B]], [known(7, A)])).toEqual({ renumbered: [], doubtful: [] });
  });

  test.each<[string, string, RecordIdentity[]]>([
    ['the same Message-ID under another header', 'Message-ID: <a@x>\r\nSubject: other', [known(7, A)]],
    ['a record whose header is not known', B, [known(7, A, { headerSha256: undefined })]],
    ['the same header twice, of other sizes', A, [known(7, A, { octets: 1 }), known(8, A, { octets: 2 })]],
  ])('leaves a doubt at %s', (_, text, pool) => {
    expect(matched([listed(1)], [[1, text]], pool)).toEqual({ renumbered: [], doubtful: [1] });
  });

  test('leaves a doubt where the header cannot be had', () => {
    expect(matched([listed(1)], [], [known(7, A)])).toEqual({ renumbered: [], doubtful: [1] });
  });

  test('tells messages of one header by their sizes, each record standing for one', () => {
    const pool = [known(7, A, { octets: 10 }), known(8, A, { octets: 20 })];
    const messages = [listed(1, 20), listed(2, 10), listed(3, 10)];
    expect(
      matched(
        messages,
        [
          [1, A],
          [2, A],
          [3, A],
        ],
        pool,
      ).renumbered,
    ).toEqual([
      [1, 8],
      [2, 7],
    ]);
  });

  test.each(['', 'Subject: status of the backup'])(
    'does not believe a header that does not identify a message: %j',
    (text) => {
      expect(matched([listed(1)], [[1, text]], [known(7, text)])).toEqual({ renumbered: [], doubtful: [1] });
    },
  );
});
