import { expect, test } from 'vitest';
import { requirePrograms } from '../support/programs.ts';
import { Soak } from './soak.ts';

const FULL = process.env['MAILFERRY_SOAK'] === 'full';
const SEED = Number(process.env['MAILFERRY_SEED'] ?? 1);
const SIZE = FULL
  ? { accounts: 200, seconds: Number(process.env['MAILFERRY_SECONDS'] ?? 180) }
  : { accounts: 20, seconds: 10 };

test('through faults, signals, kills and jumps of the clock, all mail comes exactly once, and /metrics agrees', async (context) => {
  requirePrograms('faketime')(context);
  // Below those that the system gives to connections, and another for each process.
  const monitoringPort = 10_000 + (process.pid % 10_000);
  await using soak = await Soak.begin({ ...SIZE, seed: SEED, monitoringPort });
  const { sent, stored, metrics, events, errors } = await soak.run();
  const count = Object.values(sent).flat().length;
  if (FULL) process.stdout.write(`seed ${SEED}: ${count} messages, ${JSON.stringify(events)}\n`);
  expect(count).toBeGreaterThan(SIZE.accounts);
  expect(stored).toEqual(sent);
  const counts = Object.entries(stored).map(([name, list]) => [name, list.length]);
  expect(metrics).toEqual(Object.fromEntries(counts));
  expect(errors).toEqual([]);
});
