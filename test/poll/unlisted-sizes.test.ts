import { expect, test } from 'vitest';
import { Ferry, mail, serve, storedAll } from './ferry.ts';
import { NO_TOP, NUMBERS } from './odd-server.ts';

const MIB = 1024 * 1024;
const LARGE = mail('large', 'sixteen octets\r\n'.repeat((1.5 * MIB) / 16));
const AS_NOTHING = { do: 'sizes', factor: 0 } as const;

test('I9: a large message comes also from a server that lists all sizes as nothing', async () => {
  await using server = await serve(mail('small'), LARGE);
  server.setFaults([AS_NOTHING]);
  await using ferry = await Ferry.to(server.address, { account: { deletion: { kind: 'after-delivery' } } });
  expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 2, deleted: 2 });
  expect(await ferry.mail()).toEqual(storedAll(mail('small'), LARGE));
});

test('and is known again there under a number, where only all of it can tell', async () => {
  await using server = await serve(mail('small'), LARGE);
  server.setFaults([...NUMBERS, ...NO_TOP, AS_NOTHING]);
  await using ferry = await Ferry.to(server.address);
  for (let poll = 0; poll < 2; poll += 1) expect(await ferry.poll()).toMatchObject({ outcome: 'ok' });
  expect(await ferry.mail()).toEqual(storedAll(mail('small'), LARGE));
});
