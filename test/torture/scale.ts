import { availableParallelism } from 'node:os';
import { systemRuntime } from '../../src/runtime.ts';

/** Whether the whole matrix runs (`npm run torture`) or, as a part of `npm test`, a thin slice of it. */
export const FULL: boolean = process.env['MAILFERRY_TORTURE'] === 'full';

/** Where chance decides; printed with the results. The same seed gives the same choices. */
export const SEED: number = Number(
  process.env['MAILFERRY_TORTURE_SEED'] ?? (FULL ? systemRuntime.now() % 1e9 : 1),
);

/** Every one of these in the whole matrix, else `count` of them, spread evenly from the first to the last. */
export function slice<T>(all: readonly T[], count: number): readonly T[] {
  if (FULL || all.length <= count) return all;
  const step = (all.length - 1) / Math.max(1, count - 1);
  return Array.from({ length: count }, (_, index) => all[Math.round(index * step)] as T);
}

/** Random numbers from 0 to below 1, the same ones for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Calls `act` for each of `all`, as many at a time as there are processors; the results in their order. */
export async function concurrently<T, R>(all: readonly T[], act: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < all.length; index = next++) results[index] = await act(all[index] as T);
  };
  await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, worker));
  return results;
}
