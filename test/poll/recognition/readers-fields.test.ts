import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { Faults } from '../../../src/pop3-server/index.ts';
import { Ferry, mail, serve } from '../ferry.ts';
import { NO_TOP } from '../odd-server.ts';

const [ONE, TWO, THREE] = [mail('one'), mail('two'), mail('three')] as const;
const withField = (text: string, field: string): string => text.replace('\r\n\r\n', `\r\n${field}\r\n\r\n`);

const FIELDS = ['Content-Length: 12', 'Status: RO', 'Lines: 3', 'X-Keywords: a', 'X-UID: 4'];

/** Mail that is carried to an mbox, which is changed; then the ledger is lost. All of it stands there once, and counts as carried. */
async function afterLoss(
  all: readonly string[],
  faults: Faults,
  change: (text: string) => string = (text) => text,
): Promise<void> {
  await using server = await serve(...all);
  server.setFaults(faults);
  await using ferry = await Ferry.to(server.address, { destinations: ['mbox'] });
  await ferry.poll();
  const path = ferry.folder.at('mbox');
  await writeFile(path, change(await readFile(path, 'latin1')), 'latin1');
  await ferry.loseLedger();
  for (let polls = 0; polls < 2; polls += 1)
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, kept: all.length });
  expect((await readFile(path, 'latin1')).match(/^Subject: .*$/gm)).toHaveLength(all.length);
}

describe('I8: when the ledger was lost, mail in an mbox that came with fields as mail programs write them', () => {
  test.each(FIELDS.flatMap((field) => [[field, []] as const, [field, NO_TOP] as const]))(
    'is not stored a second time: %s, %j',
    (field, faults) => afterLoss([ONE, TWO, withField(THREE, field)], faults),
  );

  test.each(FIELDS)(
    'is recognised also before other mail that stands there, so that nobody is asked: %s',
    (field) => afterLoss([ONE, withField(TWO, field), THREE], []),
  );

  test('is not stored a second time when a mail program has written its own in their place', () =>
    afterLoss([ONE, withField(TWO, 'Status: O'), THREE], [], (text) =>
      text.replace('Status: O\n', 'Status: RO\n'),
    ));

  test.each([[[]], [NO_TOP]])('is told from mail without them that a mail program has marked: %j', (faults) =>
    afterLoss([ONE, withField(TWO, 'Lines: 3')], faults, (text) => text.replace('\n\n', '\nStatus: RO\n\n')),
  );

  test('is known by its header as the server gives it when its unique-id changes later', async () => {
    await using server = await serve(ONE, withField(TWO, 'Lines: 3'));
    await using ferry = await Ferry.to(server.address, { destinations: ['mbox'] });
    await ferry.poll();
    await ferry.loseLedger();
    await ferry.poll();
    server.setFaults([{ do: 'uids', prefix: 'new-' }]);
    ferry.takeCommands();
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, kept: 2 });
    expect(ferry.takeCommands().filter((line) => line.startsWith('RETR'))).toEqual([]);
  });
});
