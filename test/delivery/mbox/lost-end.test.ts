import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { Arrival } from '../../../src/delivery/destination.ts';
import { lostWithEnd } from '../../../src/delivery/mbox/cut.ts';
import { lostBehindEnd } from '../../../src/delivery/mbox/lost-end.ts';
import { sha256 } from '../../../src/message/sha256.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

test.each([lostWithEnd, lostBehindEnd])(
  'I1: an mbox that cannot be opened is not taken for one that has lost nothing with its end (%o)',
  async (lostOf) => {
    await using folder = await temporaryFolder();
    execFileSync('/bin/sh', ['-c', 'mkfifo "$0"', folder.at('box')]);
    const lost = lostOf(`mbox:${folder.at('box')}`, new Set([1]), { arrivals: () => [] });
    await expect(lost).rejects.toMatchObject({ code: 'destination-unusable' });
    const none = await lostOf(`mbox:${folder.at('gone')}`, new Set([1]), { arrivals: () => [] });
    expect(none.size).toBe(0);
  },
);

const LINE = 'From ada@b.example Fri Jan  2 03:04:05 2026\n';
const textOf = (name: string): string => `Subject: ${name}\n\n${name}\n`;

describe('I1: what was lost behind the end of an mbox', () => {
  const PLACES = ['one', 'two', 'six'].map((name, index) => index * `${LINE}${textOf(name)}\n`.length);

  /** Of messages of one size, in the order of their records: where in the mbox each was appended, and when. */
  type Came = readonly (readonly [name: string, place: number, at: number])[];

  /** Which of these, all but those that stand, were lost with its end. */
  async function lostOf(came: Came, standing: readonly string[]): Promise<string[]> {
    await using folder = await temporaryFolder();
    await writeFile(folder.at('box'), standing.map((name) => `${LINE}${textOf(name)}\n`).join(''));
    const destination = `mbox:${folder.at('box')}`;
    const arrivals = came.map(([name, place, deliveredAt], record): Arrival => {
      const text = Buffer.from(textOf(name));
      const location = String(PLACES[place]);
      const receipt = { destination, location, octets: text.length, sha256: sha256(text) };
      return { record, deliveredAt, receipt, messageId: undefined, headerSha256: undefined };
    });
    const missing = came.flatMap(([name], record) => (standing.includes(name) ? [] : [record]));
    const lost = await lostBehindEnd(destination, new Set(missing), { arrivals: () => arrivals });
    return [...lost].map((record) => came[record]?.[0] ?? '');
  }

  test('is what came after the last one that stands, also where that is the first of all', async () => {
    const came: Came = [
      ['one', 0, 1],
      ['two', 1, 2],
      ['six', 2, 3],
    ];
    expect(await lostOf(came, ['one', 'two'])).toEqual(['six']);
    expect(await lostOf(came, ['one'])).toEqual(['two', 'six']);
    expect(await lostOf(came, [])).toEqual([]);
    // Which ends where the first of all had ended.
    expect(await lostOf(came, ['new'])).toEqual([]);
  });

  test('is what something else stands in the place of that came later, by record and by the clock', async () => {
    const lostWhenLaterAt = (at: number): Promise<string[]> =>
      lostOf(
        [
          ['one', 0, 1],
          ['two', 1, 5],
          ['six', 1, at],
        ],
        ['one', 'six'],
      );
    expect(await lostWhenLaterAt(6)).toEqual(['two']);
    expect(await lostWhenLaterAt(5)).toEqual(['two']);
    expect(await lostWhenLaterAt(4)).toEqual([]);
  });

  test('is not what another has come in the place of that does not stand there either, and others stand behind', async () => {
    const came: Came = [
      ['one', 0, 1],
      ['two', 1, 2],
      ['six', 1, 3],
    ];
    expect(await lostOf(came, ['one', 'new'])).toEqual([]);
  });
});
