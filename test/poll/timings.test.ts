import { expect, it } from 'vitest';
import { Ferry, mail, serve } from './ferry.ts';

it('the timings of a poll add up to no more than it lasted, and say where the time went', async () => {
  await using server = await serve(...['a', 'b', 'c', 'd', 'e'].map((name) => mail(name, name.repeat(1000))));
  await using ferry = await Ferry.to(server.address);
  ferry.runtime.readingMs = 10;
  const { timings, durationMs } = await ferry.poll();
  const sum = Object.values(timings).reduce((one, other) => one + other, 0);
  expect(Object.values(timings).every((spent) => spent > 0)).toBe(true);
  expect(sum).toBeLessThanOrEqual(durationMs);
});
