import { describe, expect, test } from 'vitest';
import type { Account } from '../../../src/poll/account.ts';
import { Ferry, killedBeforeRecording, mail, serve } from '../ferry.ts';
import { NUMBERS } from '../odd-server.ts';

/** A Maildir whose `lineEndings` were others when its mail came. */

const FORMS = ['lf', 'as-received'] as const;
const MANY_LINES = 'line\r\n'.repeat(700);
const MESSAGES = [mail('one'), mail('two', MANY_LINES), 'Subject: no id\r\n\r\ntext\r\n'];

function stored(ferry: Ferry, lineEndings: (typeof FORMS)[number]): Partial<Account> {
  const path = ferry.folder.at('maildir');
  return { destinations: [{ type: 'maildir', path, lineEndings }] };
}

describe.each(FORMS)('I8: mail that was stored as %s', (before) => {
  const now = before === 'lf' ? 'as-received' : 'lf';

  describe.each([
    ['unique-ids', []],
    ['numbers for unique-ids', NUMBERS],
    ['no unique-ids', [{ do: 'hide', names: ['UIDL'] }]],
  ] as const)('by a server with %s', (_, faults) => {
    test('is known again when the ledger was lost, and is deleted', async () => {
      await using server = await serve(...MESSAGES);
      server.setFaults(faults);
      await using ferry = await Ferry.to(server.address);
      expect(await ferry.poll(stored(ferry, before))).toMatchObject({ fetched: 3 });
      await ferry.loseLedger();
      expect(await ferry.poll(stored(ferry, now))).toMatchObject({ outcome: 'ok', fetched: 0 });
      const deletion = { kind: 'after-delivery' } as const;
      const report = await ferry.poll({ ...stored(ferry, now), deletion });
      expect(report).toMatchObject({ outcome: 'ok', fetched: 0, deleted: 3 });
      expect(await ferry.mail()).toHaveLength(3);
    });

    test('I3: is known again when the poll was killed that had stored it', async () => {
      await using server = await serve(...MESSAGES);
      server.setFaults(faults);
      await using ferry = await Ferry.to(server.address);
      ferry.wrapLedger = killedBeforeRecording;
      await ferry.poll(stored(ferry, before));
      expect(await ferry.mail()).not.toEqual([]);
      ferry.wrapLedger = (ledger) => ledger;
      await ferry.restart();
      const deletion = { kind: 'after-delivery' } as const;
      // What the killed poll had not come to is fetched now.
      expect(await ferry.poll({ ...stored(ferry, now), deletion })).toMatchObject({
        outcome: 'ok',
        deleted: 3,
      });
      expect(await ferry.mail()).toHaveLength(3);
    });
  });
});
