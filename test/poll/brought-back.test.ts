import { expect, test } from 'vitest';
import type { Receipt } from '../../src/delivery/destination.ts';
import type { RecordedDelivery } from '../../src/ledger/record.ts';
import { noteBroughtBack } from '../../src/poll/brought-back.ts';
import type { Poll } from '../../src/poll/poll.ts';

const MANY = 60_000;

/** What is wanted once more of an mbox, in which all of it stands: each with the hash that is given. */
function wantedOf(sha256Of: (index: number) => string): readonly RecordedDelivery[] {
  return Array.from({ length: MANY }, (_, index) => {
    const receipt = {
      destination: 'mbox:/mail',
      location: String(index),
      sha256: sha256Of(index),
    } as Receipt;
    return { record: index, receipt } as unknown as RecordedDelivery;
  });
}

/** How many of them count as delivered again. */
async function back(wanted: readonly RecordedDelivery[]): Promise<number> {
  let noted = 0;
  const ledger = {
    wanted: () => wanted,
    recordedAs: () => [],
    noteBack: (found: readonly unknown[]) => Promise.resolve((noted = found.length)),
  };
  const mbox = {
    name: 'mbox:/mail',
    hasNames: false,
    async *inspect(receipts: Iterable<Receipt>): AsyncIterable<string> {
      for (const _ of receipts) yield 'intact';
    },
  };
  const poll = { ledger, destinations: [mbox], account: { name: 'a' }, observer: {} };
  await noteBroughtBack(poll as unknown as Poll);
  return noted;
}

test('I7: tens of thousands of messages that are wanted once more do not keep the poll for minutes', async () => {
  expect(await back(wantedOf(String))).toBe(MANY);
});

test('I1: one copy in an mbox does not stand for two equal messages that are wanted once more', async () => {
  expect(await back(wantedOf((index) => (index < 2 ? 'equal' : String(index))))).toBe(MANY - 2);
});
