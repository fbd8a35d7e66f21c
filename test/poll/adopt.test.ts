import { expect, test } from 'vitest';
import { adoptAccount } from '../../src/poll/adopt.ts';
import { Ferry, mail, serve, storedAll } from './ferry.ts';
import { NUMBERS, takeAway } from './odd-server.ts';

const CONTROL = { stop: new AbortController().signal, abort: new AbortController().signal };
const [ONE, TWO, THREE] = [mail('one'), mail('two'), mail('three')] as const;
const FOUR = mail('four', 'four '.repeat(300));
const DAY_MS = 86_400_000;

async function adopted(server: Awaited<ReturnType<typeof serve>>): Promise<Ferry> {
  const ferry = await Ferry.to(server.address);
  await adoptAccount(ferry.account, ferry.deps(), { none: false, control: CONTROL });
  ferry.runtime.advance(DAY_MS);
  expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, kept: 3 });
  return ferry;
}

test('I9: new mail that gets the number of an adopted message, where unique-ids are numbers, is carried once', async () => {
  await using server = await serve(ONE, TWO, THREE);
  server.setFaults(NUMBERS);
  await using ferry = await adopted(server);
  await takeAway(server, 2);
  server.maildrop('alice').add(FOUR);
  ferry.runtime.advance(DAY_MS);
  expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1 });
  expect(await ferry.mail()).toEqual(storedAll(FOUR));
  ferry.runtime.advance(DAY_MS);
  expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0 });
});

test('an adopted message whose size its server counts otherwise now is not downloaded, where unique-ids tell who it is', async () => {
  await using server = await serve(ONE, TWO, THREE);
  await using ferry = await adopted(server);
  server.setFaults([{ do: 'sizes', factor: 1, offset: 5000 }]);
  ferry.runtime.advance(DAY_MS);
  expect(await ferry.poll()).toMatchObject({ fetched: 0 });
});
