import { array, assert, asyncProperty, constantFrom, integer, oneof, string, uint8Array } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MailError } from '../../src/errors.ts';
import { addRow, joinListing, scanRows, uniqueIdRows } from '../../src/poll/listing.ts';
import type { MessageNumber, UniqueId } from '../../src/pop3/types.ts';
import { Pipeline } from '../../src/pop3-client/pipeline.ts';
import { Transaction } from '../../src/pop3-client/transaction.ts';
import { Connection } from '../../src/wire/connection.ts';
import { MemoryWire } from '../support/memory-wire.ts';
import { propertyRuns } from '../support/property-runs.ts';

/** What a server may say: pieces that look like POP3, and pieces that do not. */
const piece = oneof(
  constantFrom(
    '+OK',
    '-ERR',
    ' ',
    '\r\n',
    '\r\n.\r\n',
    '.\r\n',
    '..',
    '1 ',
    '2 120',
    '99999999999999999999',
    '[IN-USE]',
  ),
  constantFrom(
    '\n',
    '\r',
    '\0',
    '\u00ff',
    '\u001b[31m',
    '-1 5',
    '1 __proto__',
    '1 constructor',
    'PIPELINING',
    'SASL PLAIN',
  ),
  string({ maxLength: 20 }),
  uint8Array({ maxLength: 40 }).map((octets) => Buffer.from(octets).toString('latin1')),
);
const speech = array(piece, { maxLength: 30 }).map((pieces) => pieces.join(''));

describe('whatever a server says', () => {
  it.each([
    ['STAT', (session: Transaction) => session.stat()],
    ['LIST', (session: Transaction) => session.list()],
    ['UIDL', (session: Transaction) => session.uidl()],
    ['CAPA', (session: Transaction) => session.capa()],
    ['RETR', (session: Transaction) => readAll(session)],
    ['DELE', (session: Transaction) => session.dele(1 as MessageNumber)],
    ['QUIT', (session: Transaction) => session.quit()],
  ] as const)('%s ends with an answer or an error of ours, without hanging', async (_, command) => {
    await assert(
      asyncProperty(speech, integer({ min: 1, max: 9 }), async (text, size) => {
        const wire = new MemoryWire();
        const session = new Transaction(new Pipeline(new Connection(wire, { idleMs: 5000 })));
        const answer = command(session).then(
          () => undefined,
          (error: unknown) => error,
        );
        const octets = Buffer.from(text, 'latin1');
        for (let at = 0; at < octets.length; at += size) wire.arrive(octets.subarray(at, at + size));
        wire.finish();
        const error = await answer;
        expect(error === undefined || error instanceof MailError, String(error)).toBe(true);
        wire.destroy();
      }),
      propertyRuns(150),
    );
  });

  it('a listing joined of it has each message once, in order, and counts its twins', async () => {
    await assert(
      asyncProperty(
        array(integer({ min: 1, max: 9 })),
        array(integer({ min: 1, max: 9 })),
        async (sizes, uids) => {
          const scan = scanRows();
          for (const number of sizes) addRow(scan, number as MessageNumber, number);
          const named = uniqueIdRows();
          for (const number of uids) addRow(named, number as MessageNumber, `u${number % 3}` as UniqueId);
          const listing = joinListing({ messages: sizes.length, octets: 0 }, scan, named);
          const numbers = listing.messages.map(({ number }) => number);
          expect(numbers).toEqual([...new Set([...sizes, ...uids])].toSorted((a, b) => a - b));
          for (const { uid, twin } of listing.messages) {
            const alike = listing.messages.filter((other) => uid !== undefined && other.uid === uid);
            expect(twin).toBe(alike.length > 1);
          }
        },
      ),
      propertyRuns(300),
    );
  });
});

async function readAll(session: Transaction): Promise<void> {
  for await (const block of await session.retr(1 as MessageNumber)) expect(block.length).toBeGreaterThan(0);
}
