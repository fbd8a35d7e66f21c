import { expect, test } from 'vitest';
import { mailServer } from '../../delivery/handed-over/mail-server.ts';
import { Ferry, serve } from '../ferry.ts';
import { AFTER_DELIVERY } from '../policies.ts';

const TO = { header: 'Envelope-To', position: 1, prefix: '', domains: ['x.org'], otherwise: 'post@x.org' };

const MESSAGES = ['ann@x.org, bob@x.org', 'ann@x.org'].map((to, at) =>
  Buffer.from(`Envelope-To: ${to}\r\nMessage-ID: <${at}@y>\r\nSubject: ${at}\r\n\r\ntext\r\n`),
);

async function toServer(
  from: Awaited<ReturnType<typeof serve>>,
  port: number,
  type: 'lmtp' | 'smtp' = 'lmtp',
): Promise<Ferry> {
  const at = { host: '127.0.0.1', port };
  const destination = { type, at, tls: 'none', to: TO, timeoutMs: 30_000 } as const;
  return Ferry.to(from.address, { account: { ...AFTER_DELIVERY, destinations: [destination] } });
}

/** How often the server was asked for each. */
function asked(heard: readonly string[], name: string): number {
  return heard.filter((line) => line === `RCPT TO:<${name}@x.org>`).length;
}

test('I3: mail for several that one of them has comes again to the others alone, and leaves the server then', async () => {
  const answers: Record<string, string> = { '.RCPT TO:<bob@x.org>': '452 4.2.2 full' };
  await using taker = await mailServer({ port: 0, host: '127.0.0.1' }, answers, { perRecipient: true });
  await using server = await serve(...MESSAGES);
  await using ferry = await toServer(server, taker.port);
  for (let poll = 0; poll < 3; poll += 1)
    expect(await ferry.poll()).toMatchObject({ outcome: 'partial', skipped: 1 });
  expect(server.maildrop('alice').messages).toHaveLength(1);
  expect(asked(taker.heard, 'ann')).toBe(2);
  answers['.RCPT TO:<bob@x.org>'] = '250 ok';
  expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, deleted: 1 });
  expect(server.maildrop('alice').messages).toEqual([]);
  expect(asked(taker.heard, 'ann')).toBe(2);
  expect(asked(taker.heard, 'bob')).toBe(4);
});

test('I3: so it is where the line breaks before the server has answered for all', async () => {
  const answers: Record<string, string> = { '.RCPT TO:<bob@x.org>': '' };
  await using taker = await mailServer({ port: 0, host: '127.0.0.1' }, answers, { perRecipient: true });
  await using server = await serve(...MESSAGES);
  await using ferry = await toServer(server, taker.port);
  expect(await ferry.poll()).toMatchObject({ outcome: 'failed', fetched: 0, deleted: 0 });
  answers['.RCPT TO:<bob@x.org>'] = '250 ok';
  expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 2, deleted: 2 });
  expect(asked(taker.heard, 'ann')).toBe(2);
});

test('a copy that goes to otherwise is told of, by the number of the message', async () => {
  await using taker = await mailServer(
    { port: 0, host: '127.0.0.1' },
    { 'RCPT TO:<bob@x.org>': '550 5.1.1 unknown' },
  );
  await using server = await serve(...MESSAGES);
  await using ferry = await toServer(server, taker.port, 'smtp');
  expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 2, deleted: 2 });
  expect(ferry.notices).toEqual([
    'Message 1: A copy went to post@x.org, as bob@x.org is refused: 550 5.1.1 unknown.',
  ]);
  expect(asked(taker.heard, 'post')).toBe(1);
});
