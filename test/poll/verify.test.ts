import { expect, test } from 'vitest';
import type { Receipt, StoredState } from '../../src/delivery/destination.ts';
import { readOnly } from '../../src/delivery/read-only.ts';
import type { RecordedDelivery, RecordId } from '../../src/ledger/record.ts';
import { verifyDestination, verifyFormer } from '../../src/poll/verify.ts';
import { receipt } from '../ledger/fixtures.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const STATES: readonly StoredState[] = [
  'intact',
  'changed',
  'missing',
  'handed-over',
  'unreadable',
  'missing',
  'marked',
  'marked',
];

function delivered(...place: Parameters<typeof receipt>): RecordedDelivery {
  return { record: 1 as RecordId, receipt: receipt(...place) };
}

/** A destination that takes so many receipts before it tells the state of the first of them. */
function destination(ahead: number): Parameters<typeof verifyDestination>[0] & { most: number } {
  const self = {
    name: 'maildir:/a',
    most: 0,
    async *inspect(receipts: Iterable<Receipt>): AsyncGenerator<StoredState, void, undefined> {
      let waiting = 0;
      let told = 0;
      for (const _ of receipts) {
        waiting += 1;
        self.most = Math.max(self.most, waiting);
        if (waiting < ahead) continue;
        for (; waiting > 0; waiting -= 1) yield STATES[told++] as StoredState;
      }
    },
  };
  return self;
}

test.each([1, 2, 8])(
  'verify tells each message by its place, where %i are taken at a time',
  async (ahead) => {
    const receipts = STATES.map((_, index) => delivered('maildir:/a', `f${index}`));
    const place = destination(ahead);
    const ledger = { deliveries: () => receipts, used: () => true, workedOut: () => 1, arrivals: () => [] };
    const amiss = {
      changed: [{ location: 'f1' }],
      missing: [{ location: 'f2' }, { location: 'f5' }],
      unreadable: [{ location: 'f4' }],
    };
    expect(await verifyDestination(place, ledger)).toMatchObject({
      destination: 'maildir:/a',
      intact: 1,
      marked: 2,
      workedOut: 1,
      handedOver: 1,
      cutOff: 0,
      ...amiss,
    });
    expect(place.most).toBe(ahead);
  },
);

test('verify does not ask a destination that nothing was ever delivered to, which need not be there', async () => {
  const place = destination(1);
  const ledger = {
    deliveries: () => [delivered()],
    used: () => false,
    workedOut: () => 0,
    arrivals: () => [],
  };
  const nothing = {
    intact: 0,
    marked: 0,
    workedOut: 0,
    changed: [],
    missing: [],
    cutOff: 0,
    unreadable: [],
    handedOver: 0,
  };
  expect(await verifyDestination(place, ledger)).toEqual({ destination: 'maildir:/a', ...nothing });
  expect(place.most).toBe(0);
});

test.each(['maildir', 'mbox'] as const)(
  'verify of a place that is lost asks no %s that is configured now, is not there yet, and was never used',
  async (type) => {
    await using folder = await temporaryFolder();
    const lost = `maildir:${folder.at('old')}`;
    const settings = { type, path: folder.at('not', 'yet'), lineEndings: 'lf' } as const;
    const lookFrom = (used: boolean): ReturnType<typeof verifyFormer> => {
      const records = {
        recordedAs: () => [],
        recordedAt: () => [],
        used: () => used,
        folderOf: () => undefined,
      };
      const ledger = {
        ...records,
        deliveries: () => [delivered(lost, 'f')],
        workedOut: () => 0,
        arrivals: () => [],
      };
      return verifyFormer(lost, [readOnly(settings, records, 'me')], ledger);
    };
    expect(await lookFrom(false)).toMatchObject({
      destination: lost,
      intact: 0,
      missing: [{ location: 'f' }],
    });
    await expect(lookFrom(true)).rejects.toMatchObject({
      code: 'destination-unusable',
      hint: expect.stringContaining('mailferry refetch me') as string,
    });
  },
);
