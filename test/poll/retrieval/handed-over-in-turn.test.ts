import { writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { Destination, Draft } from '../../../src/delivery/destination.ts';
import { MessageNotTaken, NoneTaken } from '../../../src/delivery/handed-over/handed-over.ts';
import { MailError } from '../../../src/errors.ts';
import { withMethods } from '../../support/with-methods.ts';
import { Ferry, ledgerWith, mail, serve, storedAll } from '../ferry.ts';
import { AFTER_DELIVERY, DAY_MS, NEVER } from '../policies.ts';

/** How mail that is handed over takes its turn: what cannot be taken back comes last, and is recorded before the next. */

const MESSAGES = [mail('one'), mail('two'), mail('three')];

/** The same destination, whose drafts are made visible by `commit`. */
function committing(
  destination: Destination,
  commit: (draft: Draft, ...how: Parameters<Draft['commit']>) => ReturnType<Draft['commit']>,
): Destination {
  return withMethods(destination, {
    begin: () => {
      const draft = destination.begin();
      return withMethods(draft, { commit: (envelope) => commit(draft, envelope) });
    },
  });
}

/** Fails each message that holds this text. */
function failingFor(text: string, error: MailError): (all: readonly Destination[]) => readonly Destination[] {
  return (all) =>
    all.map((one) =>
      withMethods(one, {
        begin: () => {
          const draft = one.begin();
          let isIt = false;
          return withMethods(draft, {
            write: (block) => {
              isIt ||= block.includes(text);
              return draft.write(block);
            },
            commit: async (envelope) => {
              if (!isIt) return draft.commit(envelope);
              await draft.discard();
              throw error;
            },
          });
        },
      }),
    );
}

const TRY_LATER = new NoneTaken('destination-locked', 'The program was ended by SIGSEGV.', { hint: 'Look.' });

describe('mail that is handed over', () => {
  test('I3: is recorded before the next is, so that a kill leaves one message in doubt', async () => {
    await using server = await serve(...MESSAGES);
    await using ferry = await Ferry.to(server.address, {
      account: AFTER_DELIVERY,
      destinations: ['mda', 'maildir'],
    });
    const steps: string[] = [];
    ferry.wrapDestinations = (all) =>
      all.map((one) =>
        committing(one, async (draft, envelope) => {
          const receipt = await draft.commit(envelope);
          steps.push(one.name.replace(/:.*/s, ''));
          return receipt;
        }),
      );
    ferry.wrapLedger = (ledger) =>
      ledgerWith(ledger, {
        recordDelivery: async (...what) => {
          const id = await ledger.recordDelivery(...what);
          steps.push('recorded');
          return id;
        },
      });
    await ferry.poll();
    const once = ['maildir', 'mda', 'recorded'];
    expect(steps).toEqual([...once, ...once, ...once]);
  });

  test('waits for no more of it than what is under way when the poll is to stop', async () => {
    await using server = await serve(...MESSAGES);
    await using ferry = await Ferry.to(server.address, { account: AFTER_DELIVERY, destinations: ['mda'] });
    const stop = new AbortController();
    ferry.wrapDestinations = (all) =>
      all.map((one) =>
        committing(one, (draft, envelope) => {
          stop.abort();
          return draft.commit(envelope);
        }),
      );
    const stopped = await ferry.poll({}, { stop: stop.signal });
    expect(stopped).toMatchObject({ outcome: 'failed', fetched: 1, deleted: 1, error: { code: 'aborted' } });
    ferry.wrapDestinations = (all) => all;
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 2, deleted: 2 });
    expect(await ferry.mail('mda')).toEqual(storedAll(...MESSAGES));
  });

  test('is not handed over while a place beside it cannot be written', async () => {
    await using server = await serve(...MESSAGES);
    await using ferry = await Ferry.to(server.address, {
      account: AFTER_DELIVERY,
      destinations: ['mda', 'maildir'],
    });
    const full = new MailError('disk-full', 'No room.', { hint: 'Make room.' });
    ferry.wrapDestinations = (all) =>
      all.map((one) => (one.isReadable ? committing(one, () => Promise.reject(full)) : one));
    expect(await ferry.poll()).toMatchObject({ outcome: 'failed', deleted: 0, error: { code: 'disk-full' } });
    expect(await ferry.mail('mda')).toEqual([]);
  });

  test('I9: ends the poll where one of two takers takes none, also when the other did not want the message', async () => {
    await using server = await serve(mail('one'));
    await using ferry = await Ferry.to(server.address, {
      account: AFTER_DELIVERY,
      destinations: ['mda', 'mda-2'],
    });
    await writeFile(ferry.folder.at('refused'), '^Subject: one');
    await writeFile(ferry.folder.at('busy-2'), '');
    expect(await ferry.poll()).toMatchObject({
      outcome: 'failed',
      deleted: 0,
      error: { code: 'destination-locked' },
    });
  });

  test('I9: a message at which a program breaks down is tried last by the next poll, and never left alone', async () => {
    await using server = await serve(...MESSAGES);
    await using ferry = await Ferry.to(server.address, { account: AFTER_DELIVERY, destinations: ['mda'] });
    for (let poll = 0; poll < 8; poll += 1) {
      ferry.wrapDestinations = failingFor('Subject: one', TRY_LATER);
      expect(await ferry.poll()).toMatchObject({ outcome: 'failed', deleted: poll === 1 ? 2 : 0 });
    }
    ferry.wrapDestinations = (all) => all;
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', deleted: 1 });
    expect(await ferry.mail('mda')).toEqual(storedAll(...MESSAGES));
  });

  test('I9: one that is not wanted now keeps no other, and is tried at each poll', async () => {
    await using server = await serve(...MESSAGES);
    await using ferry = await Ferry.to(server.address, { account: AFTER_DELIVERY, destinations: ['mda'] });
    const later = new MessageNotTaken('Not now.', { hint: 'It stays.', isForNow: true });
    for (let poll = 0; poll < 8; poll += 1) {
      ferry.wrapDestinations = failingFor('Subject: one', later);
      const report = await ferry.poll();
      expect(report).toMatchObject({ outcome: 'partial', skipped: 1, deleted: poll === 0 ? 2 : 0 });
      expect(report.error).toMatchObject({ code: 'destination-locked' });
    }
    ferry.wrapDestinations = (all) => all;
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', deleted: 1 });
    expect(await ferry.mail('mda')).toEqual(storedAll(...MESSAGES));
  });

  test.each([
    ['now', true],
    ['at all', false],
  ])('I9: what was taken short stays taken where the whole of it is not wanted %s', async (_, isForNow) => {
    const long = mail('long', 'line\r\n'.repeat(400));
    await using server = await serve(long);
    server.setFaults([{ do: 'shorten', command: 'RETR', messages: [1], octets: 1200 }]);
    await using ferry = await Ferry.to(server.address, { account: NEVER, destinations: ['mda'] });
    await ferry.poll();
    expect(await ferry.poll()).toMatchObject({ fetched: 1 });
    server.setFaults([]);
    ferry.runtime.advance(2 * DAY_MS);
    const refusal = new MessageNotTaken('No.', { hint: 'It stays.', isForNow });
    ferry.wrapDestinations = failingFor('Subject: long', refusal);
    expect(await ferry.poll()).toMatchObject({ outcome: 'partial', fetched: 0, kept: 1, skipped: 0 });
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, kept: 1 });
    ferry.wrapDestinations = (all) => all;
    ferry.runtime.advance(8 * DAY_MS);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, kept: 1 });
  });
});
