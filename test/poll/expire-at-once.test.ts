import { writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { createServer, type Pop3Server } from '../../src/pop3-server/index.ts';
import { Ferry, mail, storedAll } from './ferry.ts';
import { AFTER_DELIVERY, DAY_MS } from './policies.ts';
import { refusing } from './refusing.ts';

const [ONE, TWO, LONG] = [mail('one'), mail('two'), mail('long', 'line\r\n'.repeat(50))];

/** A server that removes at QUIT what was retrieved, as it announces (RFC 2449 §6.7). */
function serverOf(...messages: string[]): Promise<Pop3Server> {
  return createServer({ users: { alice: { password: 'secret', messages } }, expire: 0 });
}

/** A poll; then the server has removed by itself whatever was retrieved before QUIT. Resolves to how the poll ended. */
async function pollThere(ferry: Ferry, server: Pop3Server): Promise<string> {
  ferry.takeCommands();
  const there = await server.maildrop('alice').list();
  const { outcome } = await ferry.poll();
  const sessions = ferry.takeCommands().join(' ').split('STAT');
  const gone = sessions
    .filter((session) => session.includes('QUIT'))
    .flatMap((session) =>
      Array.from(session.matchAll(/RETR (\d+)/g), ([, number]) => there[Number(number) - 1]),
    );
  await server.maildrop('alice').remove(gone.filter((message) => message !== undefined));
  return outcome;
}

test('I1: what came and found no room stays on a server that removes what was retrieved', async () => {
  await using server = await serverOf(ONE, TWO);
  await using ferry = await Ferry.to(server.address, { account: AFTER_DELIVERY });
  ferry.wrapDestinations = (all) => all.map((one) => refusing(one));
  expect(await pollThere(ferry, server)).toBe('failed');
  ferry.wrapDestinations = (all) => all;
  expect(await pollThere(ferry, server)).toBe('ok');
  expect(await ferry.mail()).toEqual(storedAll(ONE, TWO));
  expect(server.maildrop('alice').messages).toEqual([]);
});

test('I1: what came short stays there, too', async () => {
  await using server = await serverOf(ONE, TWO, LONG);
  await using ferry = await Ferry.to(server.address, { account: AFTER_DELIVERY });
  server.setFaults([{ do: 'shorten', command: 'RETR', messages: [3], octets: 100 }]);
  expect(await pollThere(ferry, server)).toBe('partial');
  expect(ferry.notices).toContainEqual(expect.stringContaining('EXPIRE 0'));
  server.setFaults([]);
  expect(await pollThere(ferry, server)).toBe('ok');
  expect(await ferry.mail()).toEqual(storedAll(ONE, TWO, LONG));
  expect(server.maildrop('alice').messages).toEqual([]);
});

test('what is all safe is removed as elsewhere', async () => {
  await using server = await serverOf(ONE, TWO);
  await using ferry = await Ferry.to(server.address, { account: AFTER_DELIVERY });
  await ferry.poll();
  expect(server.maildrop('alice').messages).toEqual([]);
});

test('what is never taken keeps no other from being deleted, though each poll asks for it', async () => {
  await using server = await serverOf(ONE, TWO);
  await using ferry = await Ferry.to(server.address, { account: AFTER_DELIVERY, destinations: ['mda'] });
  await writeFile(ferry.folder.at('refused'), 'Subject: two');
  for (let day = 0; day < 8; day += 1) {
    server.maildrop('alice').add(mail(`day${day}`));
    expect(await pollThere(ferry, server)).toBe('partial');
    expect(server.maildrop('alice').messages.map(String)).toEqual([TWO]);
    ferry.runtime.advance(DAY_MS);
  }
});
