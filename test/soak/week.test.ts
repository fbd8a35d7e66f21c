import { expect, test } from 'vitest';
import { Week } from './week.ts';

const FULL = process.env['MAILFERRY_SOAK'] === 'full';

/** `npm test` lives through half a day, `npm run soak` through the week. */
const DAYS = FULL ? 7 : 0.5;

/** What the ledger's caches and the optimiser of V8 may take between the middle and the end; a leak would be more. */
const ALLOWED_OCTETS = 1_500_000;

test('a week of polls leaves nothing behind: heap, buffers, handles and files stay what they were', async () => {
  await using week = await Week.begin({ accounts: 5, schedule: 'every 5m' });
  await week.live(DAYS / 2);
  const before = await week.holdings();
  await week.live(DAYS / 2);
  const after = await week.holdings();
  if (FULL) process.stdout.write(`a week: ${JSON.stringify({ carried: week.carried, before, after })}\n`);
  expect(after.polls).toBeGreaterThan(DAYS * 1100);
  expect(week.carried).toBeGreaterThan(DAYS * 100);
  expect(after.files).toBeLessThanOrEqual(before.files);
  expect(after.handles).toBeLessThanOrEqual(before.handles);
  expect(after.heapOctets - before.heapOctets).toBeLessThan(ALLOWED_OCTETS);
  expect(after.externalOctets - before.externalOctets).toBeLessThan(ALLOWED_OCTETS);
});
