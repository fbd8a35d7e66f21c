import { writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { destinationName } from '../../src/delivery/settings.ts';
import { StoredBodies } from '../../src/delivery/stored-body.ts';
import { BodyHash } from '../../src/message/body-hash.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const ONE = 'Message-ID: <one@x>\r\nSubject: one\r\n\r\nFrom here\r\n>From there\r\n\r\nlast\r\n';
const LONG = `Message-ID: <long@x>\r\n\r\n${'a line that is long enough\r\n'.repeat(20_000)}`;
const FROM_LINE = 'From a@x Thu Jan  1 00:00:00 2026\n';

const bodyOf = (message: string): string => {
  const hash = new BodyHash();
  hash.update(Buffer.from(message));
  return hash.digest().body ?? '';
};

/** As it stands in an mbox. */
const inMbox = (message: string): string =>
  `${FROM_LINE}${message.replaceAll('\r\n', '\n').replaceAll(/^(>*From )/gm, '>$1')}\n`;

/** Whether each of the messages stands at this place. */
async function standing(text: string, location: number, ...messages: string[]): Promise<boolean[]> {
  await using folder = await temporaryFolder();
  const path = folder.at('mbox');
  await writeFile(path, text);
  const receipt = { destination: destinationName({ type: 'mbox', path }), location: String(location) };
  const bodies = new StoredBodies();
  return await Promise.all(
    messages.map((it) => bodies.has(bodyOf(it), { ...receipt, octets: 0, sha256: '' })),
  );
}

describe('a body in an mbox', () => {
  test('is known where it was appended, by what was received', async () => {
    const text = inMbox(ONE) + inMbox(LONG) + inMbox(ONE);
    const places = [0, inMbox(ONE).length, inMbox(ONE + LONG).length + FROM_LINE.length + 1];
    const [first = 0, second = 0, third = 0] = places;
    expect(await standing(text, first, ONE, LONG)).toEqual([true, false]);
    expect(await standing(text, second, ONE, LONG)).toEqual([false, true]);
    expect(await standing(text, third, ONE, LONG)).toEqual([true, false]);
  });

  test('also when a mail program has written into its header', async () => {
    expect(await standing(inMbox(`Status: RO\r\n${ONE}`), 0, ONE)).toEqual([true]);
  });

  test('is not known elsewhere, nor in what is no mbox, nor in one that is not there', async () => {
    const text = inMbox(ONE);
    for (const place of [1, FROM_LINE.length, text.length, text.length + 9, Number.NaN])
      expect(await standing(text, place, ONE)).toEqual([false]);
    for (const nothing of ['', 'From', 'From a', FROM_LINE, `${FROM_LINE}${FROM_LINE}`, 'x'.repeat(70_000)])
      expect(await standing(nothing, 0, ONE)).toEqual([false]);
    const gone = { destination: 'mbox:/nowhere/mbox', location: '0', octets: 0, sha256: '' };
    expect(await new StoredBodies().has(bodyOf(ONE), gone)).toBe(false);
  });
});
