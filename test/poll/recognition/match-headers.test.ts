import { describe, expect, test } from 'vitest';
import type { FoundMessage, RecordId, RecordIdentity } from '../../../src/ledger/record.ts';
import { headerHash } from '../../../src/message/header-field.ts';
import { withoutReadersFields } from '../../../src/message/readers-fields.ts';
import type { ListedMessage } from '../../../src/poll/listing.ts';
import { matchHeaders, matchPresent, matchVanished } from '../../../src/poll/recognition/match-headers.ts';
import type { MessageNumber, UniqueId } from '../../../src/pop3/types.ts';

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

const A = 'Message-ID: <a@x>\r\nSubject: a';
const B = 'Message-ID: <b@x>\r\nSubject: b';

describe('I8: matchHeaders', () => {
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

/** What was found of the message with this header. */
function foundIn(destination: string, text: string, location = 'a', octets = 100): FoundMessage {
  const { messageId, headerSha256 } = known(0, text);
  return {
    receipt: { destination, location, octets: 90, sha256: '' },
    received: { octets, sha256: '', messageId, headerSha256 },
  };
}

const everywhere = (): boolean => true;
const onlyInMbox = (_: ListedMessage, place: string): boolean => place === 'mbox:/b';

describe('I8: matchPresent', () => {
  const headers = new Map([[1 as MessageNumber, header(A)]]);

  test('gives what each of several places has of one message', () => {
    const found = [foundIn('maildir:/a', A), foundIn('mbox:/b', A)];
    const { present } = matchPresent([listed(1)], headers, { found, isLacking: everywhere });
    expect([...present]).toEqual([[1, found]]);
  });

  test('gives one of several copies in a place: the others are of equal messages', () => {
    const found = [foundIn('mbox:/b', A, '0'), foundIn('mbox:/b', A, '200')];
    const { present } = matchPresent([listed(1)], headers, { found, isLacking: everywhere });
    expect(present.get(1 as MessageNumber)).toHaveLength(1);
  });

  test('does not look in a place that has the message already', () => {
    const found = [foundIn('maildir:/a', A), foundIn('mbox:/b', A)];
    const { present } = matchPresent([listed(1)], headers, { found, isLacking: onlyInMbox });
    expect([...present]).toEqual([[1, found.slice(1)]]);
  });

  test.each(['Status: RO', 'Lines: 3\r\nSubject: a\r\nX-UID: 4\r\n 5'])(
    'knows a message in an mbox without the fields of mail programs, though it came with them: %j',
    (fields) => {
      const text = `Message-ID: <a@x>\r\n${fields}`;
      const given = header(text);
      const bare = withoutReadersFields(given.toString('latin1')).slice(0, -4);
      const octets = 100 - given.length + header(bare).length;
      const found = [foundIn('mbox:/b', bare, '0', octets), foundIn('maildir:/a', bare, '0', octets)];
      const { present } = matchPresent([listed(1)], new Map([[1 as MessageNumber, given]]), {
        found,
        isLacking: everywhere,
      });
      const [first = expect.fail()] = found;
      const received = { ...first.received, octets: 100, headerSha256: headerHash(given, true) };
      expect([...present]).toEqual([[1, [{ receipt: first.receipt, received }]]]);
    },
  );

  test('leaves a doubt where what stands in one of the places may be the message', () => {
    const found = [foundIn('maildir:/a', B), foundIn('mbox:/b', 'Message-ID: <a@x>\r\nSubject: other')];
    const { present, doubtful } = matchPresent([listed(1)], headers, { found, isLacking: everywhere });
    expect([present.size, [...doubtful]]).toEqual([0, [1]]);
  });
});

describe('I8: where DELE was sent for all of several messages, matchVanished takes', () => {
  /** One that no header identifies, of a size of its own. */
  const plain = (id: number): RecordIdentity =>
    known(id, '', { messageId: undefined, headerSha256: undefined, octets: 50 });
  const [a, b] = [known(7, A), known(8, B)];

  /** Which of these records count as gone when such messages are listed under new unique-ids. */
  function goneOf(
    pool: readonly RecordIdentity[],
    messages: readonly ListedMessage[],
    headers: readonly (readonly [number, string])[],
  ): unknown[] {
    const map = new Map(headers.map(([number, text]) => [number as MessageNumber, header(text)]));
    const deleted = new Set(pool.map(({ id }) => id));
    return [...matchVanished(messages, map, { pool, deleted, keptAre: undefined }).gone];
  }

  test('a message for another copy, unless all of them are back', () => {
    expect(
      goneOf(
        [a, b],
        [listed(1), listed(2)],
        [
          [1, A],
          [2, B],
        ],
      ),
    ).toEqual([]);
    expect(goneOf([a, b], [listed(1)], [[1, A]])).toEqual([7, 8]);
  });

  test('a single one for another copy', () => {
    expect(goneOf([a], [listed(1)], [[1, A]])).toEqual([7]);
  });

  test('one that no header identifies for back only where enough of its size are in doubt', () => {
    const [one, two] = [listed(2, 50), listed(3, 50)];
    expect(goneOf([a, plain(8)], [listed(1), one], [[1, A]])).toEqual([]);
    expect(goneOf([a, plain(8), plain(9)], [listed(1), one, two], [[1, A]])).toEqual([]);
    expect(goneOf([a, plain(8), plain(9)], [listed(1), one], [[1, A]])).toEqual([7, 8, 9]);
    expect(goneOf([a, plain(8)], [listed(1), listed(2, 60)], [[1, A]])).toEqual([7, 8]);
  });

  test('none for back where no header identifies any', () => {
    expect(goneOf([plain(8), plain(9)], [listed(2, 50), listed(3, 50)], [])).toEqual([8, 9]);
  });
});
