import { array, assert, constantFrom, oneof, property } from 'fast-check';
import { expect, test } from 'vitest';
import { parseMessageNumber, parseOctets } from '../../src/pop3/types.ts';
import { parseUniqueId } from '../../src/pop3/unique-id.ts';
import { readScanRow, readUniqueIdRow } from '../../src/pop3-client/listing-row.ts';
import { MAX_UNIQUE_ID_OCTETS } from '../../src/wire/limits.ts';
import { propertyRuns } from '../support/property-runs.ts';

/** What a line in the middle of a block is read as. */
function read(reader: typeof readScanRow | typeof readUniqueIdRow, line: string): unknown[] {
  const rows: unknown[] = [];
  const block = Buffer.from(`9 9\n${line}\r\n8 8`, 'latin1');
  reader(block, 4, 4 + line.length, (number: number, value: unknown) => rows.push([number, value]));
  return rows;
}

const pieces = constantFrom(
  '1',
  '20',
  '0',
  '007',
  '2147483647',
  '2147483648',
  '9'.repeat(16),
  '9'.repeat(17),
);
const others = constantFrom(' ', '\t', '  ', 'x', '-', '+', '.', '\u00a0', '\u0000', '\u00e9', 'uid-1');
const lines = array(oneof(pieces, others), { maxLength: 6 }).map((parts) => parts.join(''));

test('a row of a scan listing is read as its words are', () => {
  assert(
    property(lines, (line) => {
      const [digits = '', size = ''] = line.trim().split(/[ \t]+/, 2);
      const [number, octets] = [parseMessageNumber(digits), parseOctets(size)];
      const isRow = number !== undefined && octets !== undefined;
      expect(read(readScanRow, line)).toEqual(isRow ? [[number, octets]] : []);
    }),
    propertyRuns(2000),
  );
});

test('a row of a unique-id listing is read as its number and all that stands behind the gap', () => {
  assert(
    property(lines, (line) => {
      const [, digits = '', rest = ''] = /^[ \t]*([^ \t]*)(.*)$/s.exec(line) ?? [];
      const number = parseMessageNumber(digits);
      const uid = parseUniqueId(rest.replace(/^[ \t]+|[ \t]+$/g, ''), MAX_UNIQUE_ID_OCTETS);
      expect(read(readUniqueIdRow, line)).toEqual(number === undefined ? [] : [[number, uid]]);
    }),
    propertyRuns(2000),
  );
});

test('a row of either listing may begin with blanks', () => {
  expect(read(readScanRow, ' \t12 20')).toEqual([[12, 20]]);
  expect(read(readUniqueIdRow, ' \t12 20')).toEqual([[12, '20']]);
});

test.each<[string, unknown[]]>([
  ['1 999999999999999', [[1, 999_999_999_999_999]]],
  ['1 9007199254740991', [[1, Number.MAX_SAFE_INTEGER]]],
  ['1 9007199254740992', []],
  ['1 9999999999999999', []],
  ['2147483647 1', [[2_147_483_647, 1]]],
  ['2147483648 1', []],
])('a row of a scan listing with the largest numbers: %j', (line, rows) => {
  expect(read(readScanRow, line)).toEqual(rows);
});
