import { createServer as createTlsServer } from 'node:tls';
import { expect, test } from 'vitest';
import { connect, openSession } from '../../src/pop3-client/index.ts';
import { createServer, type ServerEvent } from '../../src/pop3-server/index.ts';
import { authority, certificate } from '../support/certificates.ts';
import { type Answer, answering, rawPeer } from '../support/raw-peer.ts';
import { octetsOf } from './session.suite.ts';

/** What the RFCs ask of a client, where no other test asks it. */

const MESSAGE = Buffer.from('Subject: one\r\n\r\nfirst\r\nsecond\r\n');
const ALICE = { user: 'alice', password: 'secret' } as const;

function commandsOf(events: readonly ServerEvent[]): string[] {
  return events.flatMap((event) => (event.kind === 'command' ? [event.line.split(' ')[0] ?? ''] : []));
}

// RFC 2449 §5 [no-capa]
// RFC 2449 §7 [no-extension-needed]
// RFC 1939 §7 [optional-commands]
test('a server that knows nothing but what RFC 1939 demands is good enough', async () => {
  const users = { alice: { password: 'secret', messages: [MESSAGE] } };
  await using server = await createServer({ users, without: ['CAPA', 'UIDL', 'TOP', 'AUTH'] });
  const session = await openSession({ ...server.address, ...ALICE, tls: 'none' });
  const [row] = await session.list();
  if (row === undefined) throw new Error('The listing is empty.');
  expect(await octetsOf(await session.retr(row.number))).toEqual(MESSAGE);
  await session.dele(row.number);
  await session.quit();
  expect(server.maildrop('alice').messages).toEqual([]);
});

// RFC 5034 §3 [auth-announced]
test('where SASL is not announced, AUTH is not sent', async () => {
  const events: ServerEvent[] = [];
  await using server = await createServer({
    users: { alice: { password: 'secret' } },
    without: ['SASL'],
    observe: (event) => events.push(event),
  });
  await (await openSession({ ...server.address, ...ALICE, tls: 'none' })).quit();
  expect(commandsOf(events)).toEqual(['CAPA', 'UTF8', 'USER', 'PASS', 'CAPA', 'QUIT']);
});

// RFC 2449 §6.9 [implementation-ignored]
test('what a server calls itself changes nothing of what is said to it', async () => {
  const said = async (implementation: string): Promise<string | undefined> => {
    const capabilities = `+OK\r\nUSER\r\nUIDL\r\n${implementation}.\r\n`;
    const answer: Answer = (command) =>
      command === 'CAPA' ? capabilities : command === 'QUIT' ? undefined : '+OK 0 0\r\n';
    await using peer = await rawPeer(answering(answer));
    const session = await openSession({ host: peer.host, port: peer.port, ...ALICE, tls: 'none' });
    await session.stat();
    await session.quit();
    return peer.lines[0]?.received;
  };
  const without = await said('');
  expect(without).toContain('PASS secret\r\n');
  for (const name of ['Dovecot', 'Cyrus POP3 3.6.1', 'Courier Mail Server', 'x'.repeat(400)]) {
    expect(await said(`IMPLEMENTATION ${name}\r\n`)).toBe(without);
  }
});

// RFC 6856 §3 [client-lang]
test('a language can be asked for before the login, and the answer is told', async () => {
  await using server = await createServer({ users: { alice: { password: 'secret' } } });
  const authorization = await connect({ ...server.address, ...ALICE, tls: 'none' });
  expect(await authorization.lang('en')).toBe(true);
  expect(await authorization.lang('x-none')).toBe(false);
  await authorization.quit();
});

// RFC 6856 §3 [client-lang]
test.each([
  ['en', ['CAPA', 'UTF8', 'LANG en']],
  [undefined, ['CAPA', 'UTF8']],
])('a session asks for the language that it was told, %s, before the login', async (language, expected) => {
  const commands: string[] = [];
  await using server = await createServer({
    users: { alice: { password: 'secret' } },
    observe: (event) => event.kind === 'command' && commands.push(event.line),
  });
  const session = await openSession({ ...server.address, ...ALICE, tls: 'none', language });
  await session.quit();
  const login = commands.findIndex((line) => line.startsWith('AUTH'));
  expect(commands.slice(0, login)).toEqual(expected);
});

// RFC 6856 §3 [client-lang]
test('what a server says in a language with more than ASCII is passed on as it says it', async () => {
  await using server = await createServer({
    users: { alice: { password: 'secret' } },
    faults: [{ do: 'refuse', command: 'LOGIN', text: 'Paßwort ungültig' }],
  });
  const lines: string[] = [];
  const opening = openSession({
    ...server.address,
    ...ALICE,
    tls: 'none',
    transcript: (side, line) => lines.push(`${side} ${line}`),
  });
  await expect(opening).rejects.toThrow('saying "Paßwort ungültig"');
  expect(lines).toContain('received -ERR Paßwort ungültig');
});

// RFC 1939 §11 [size-is-a-hint]
test.each([0, 0.5, 3])('a message is whole whatever its size is said to be (times %d)', async (factor) => {
  await using server = await createServer({
    users: { alice: { password: 'secret', messages: [MESSAGE] } },
    faults: [{ do: 'sizes', factor }],
  });
  const session = await openSession({ ...server.address, ...ALICE, tls: 'none' });
  const [row] = await session.list();
  if (row === undefined) throw new Error('The listing is empty.');
  expect(row.octets).toBe(Math.floor(MESSAGE.length * factor));
  expect(await octetsOf(await session.retr(row.number))).toEqual(MESSAGE);
  await session.quit();
});

// RFC 8314 §4.1 [client-tls-version]
test('a server that speaks nothing newer than TLS 1.1 is refused', async () => {
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
  let secured = 0;
  const server = createTlsServer({ ...certificate(), ...old }, () => {
    secured += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  try {
    const session = openSession({ host: '127.0.0.1', port, ...ALICE, ca: [authority().cert] });
    await expect(session).rejects.toMatchObject({ code: 'tls' });
    expect(secured).toBe(0);
  } finally {
    server.close();
  }
});
