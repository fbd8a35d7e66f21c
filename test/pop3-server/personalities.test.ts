import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  createServer,
  MemoryMaildrop,
  PERSONALITIES,
  type PersonalityName,
  type Pop3Server,
  type ServerUser,
} from '../../src/pop3-server/index.ts';
import { FakeRuntime } from '../support/fake-runtime.ts';
import { greetedClient, loggedInClient, rawClient } from '../support/raw-client.ts';

const ONE = 'Subject: one\r\n\r\n1\r\n';
const TWO = 'Subject: two\r\n\r\n2\r\n';

function serve(personality: PersonalityName, alice: Partial<ServerUser> = {}): Promise<Pop3Server> {
  return createServer({
    users: { alice: { password: 'secret', token: 'token', messages: [ONE, TWO], ...alice } },
    personality,
  });
}

const NAMES = Object.keys(PERSONALITIES) as PersonalityName[];

describe.each(NAMES)('%s', (name) => {
  test('says where it has its facts from, and when', () => {
    const { sources } = PERSONALITIES[name];
    expect(sources.length).toBeGreaterThan(0);
    for (const { fact, source, seen } of sources) {
      expect(fact.length * source.length).toBeGreaterThan(0);
      expect(seen).toMatch(/^20\d\d-(0[1-9]|1[0-2])$/);
    }
  });

  test('is a POP3 server still: lists, sends and deletes', async () => {
    await using server = await serve(name);
    await using client = await loggedInClient(server.address);
    expect(await client.command('STAT')).toMatch(/^\+OK 2 38/);
    expect(await client.multiline('UIDL')).toMatch(/\r\n1 \S{1,70}\r\n2 \S{1,70}\r\n\.\r\n$/);
    expect((await client.multiline('RETR 1')).split('\r\n').slice(1)).toEqual([
      ...ONE.split('\r\n').slice(0, -1),
      '.',
      '',
    ]);
    expect(await client.command('DELE 1')).toMatch(/^\+OK/);
    expect(await client.command('QUIT')).toMatch(/^\+OK/);
    await using next = await loggedInClient(server.address);
    expect(await next.command('STAT')).toMatch(/^\+OK 1 19/);
  });

  test('announces what it has, and nothing else', async () => {
    await using server = await serve(name);
    await using client = await greetedClient(server.address);
    const capabilities = await client.multiline('CAPA');
    const has = (tag: string): boolean => new RegExp(`^${tag}\\b`, 'm').test(capabilities);
    expect((await client.command('UTF8')).startsWith('+OK')).toBe(has('UTF8'));
    expect((await client.multiline('LANG')).startsWith('+OK')).toBe(has('LANG'));
    expect((await client.multiline('AUTH')).startsWith('+OK')).toBe(has('SASL'));
    expect(await client.logIn('alice', 'wrong')).toMatch(
      has('AUTH-RESP-CODE') ? /^-ERR \[AUTH\]/ : /^-ERR(?! \[)/,
    );
  });
});

test.each(['popa3d', 'qmail'] as const)(
  '%s has bare replies, no CAPA, and hangs up after one failed login',
  async (name) => {
    await using server = await serve(name);
    await using client = await rawClient(server.address);
    expect(await client.line()).toMatch(name === 'qmail' ? /^\+OK <\d+\.\d+@.*>$/ : /^\+OK$/);
    expect(await client.command('CAPA')).toMatch(/^-ERR/);
    expect(await client.command('USER alice')).toBe('+OK');
    client.send('PASS wrong\r\nUSER alice\r\n');
    expect((await client.rest()).toString()).toMatch(/^-ERR.*\r\n$/);
  },
);

test('qmail takes APOP', async () => {
  await using server = await serve('qmail');
  await using client = await rawClient(server.address);
  const timestamp = (await client.line()).slice('+OK '.length);
  const digest = createHash('md5').update(`${timestamp}secret`).digest('hex');
  expect(await client.command(`APOP alice ${digest}`)).toBe('+OK');
});

test('popa3d gives equal messages equal unique-ids', async () => {
  await using server = await serve('popa3d', { messages: [ONE, TWO, ONE] });
  await using client = await loggedInClient(server.address);
  const [first, second, third] = (await client.multiline('UIDL')).match(/[0-9a-f]{16}/g) ?? [];
  expect(first).toBe(third);
  expect(first).not.toBe(second);
});

test('popa3d leaves out what it cannot read', async () => {
  const maildrop = new MemoryMaildrop([ONE, TWO]);
  const [first, second] = await maildrop.list();
  const broken = {
    uid: 'broken',
    octets: 3,
    read: () => {
      throw new Error('No.');
    },
  };
  const listed = [first, broken, second].filter((message) => message !== undefined);
  await using server = await serve('popa3d', {
    messages: undefined,
    maildrop: { list: () => Promise.resolve(listed), remove: () => Promise.resolve() },
  });
  await using client = await loggedInClient(server.address);
  expect(await client.command('STAT')).toMatch(/^\+OK 2 38/);
});

test.each(['courier', 'cyrus', 'popa3d', 'qmail'] as const)('%s has no lock', async (name) => {
  await using server = await serve(name);
  await using first = await loggedInClient(server.address);
  await using second = await loggedInClient(server.address);
  for (const client of [first, second]) {
    expect(await client.command('DELE 1')).toMatch(/^\+OK/);
    expect(await client.command('QUIT')).toMatch(/^\+OK/);
  }
});

test('outlook takes PLAIN on one line', async () => {
  await using server = await serve('outlook');
  await using client = await greetedClient(server.address);
  const response = Buffer.from('\0alice\0secret').toString('base64');
  expect(await client.command(`AUTH PLAIN ${response}`)).toMatch(/^\+OK/);
});

test('outlook wants AUTH XOAUTH2 on two lines', async () => {
  await using server = await serve('outlook');
  await using client = await greetedClient(server.address);
  const response = Buffer.from('user=alice\x01auth=Bearer token\x01\x01').toString('base64');
  expect(await client.command(`AUTH XOAUTH2 ${response}`)).toBe('-ERR Command is not valid in this state.');
  expect(await client.command('AUTH XOAUTH2')).toBe('+ ');
  expect(await client.command(response)).toMatch(/^\+OK/);
});

describe('gmail', () => {
  test('lists no more what RETR has fetched in a session that ended by QUIT, though it stays', async () => {
    await using server = await serve('gmail');
    await using first = await loggedInClient(server.address);
    await first.multiline('RETR 1');
    await first.multiline('TOP 2 100');
    await first.command('QUIT');
    await using second = await loggedInClient(server.address);
    expect(await second.command('STAT')).toMatch(/^\+OK 1 19/);
    expect(await second.multiline('RETR 1')).toContain('Subject: two');
    expect(server.maildrop('alice').messages).toHaveLength(2);
  });

  test('lists it again when the session ended without QUIT', async () => {
    await using server = await serve('gmail');
    await using first = await loggedInClient(server.address);
    await first.multiline('RETR 1');
    first.drop();
    await first.rest();
    await using second = await greetedClient(server.address);
    while ((await second.logIn()).startsWith('-ERR'));
    expect(await second.command('STAT')).toMatch(/^\+OK 2 38/);
  });

  test('lists to recent:NAME all of the last 30 days, and a stranger is none', async () => {
    const runtime = new FakeRuntime();
    const maildrop = new MemoryMaildrop([ONE]);
    maildrop.add(TWO, { receivedAt: runtime.now() - 31 * 86_400_000 });
    const users = { alice: { password: 'secret', maildrop } };
    await using server = await createServer({ users, personality: 'gmail' }, runtime);
    await using usual = await loggedInClient(server.address);
    await usual.multiline('RETR 1');
    await usual.command('DELE 2');
    await usual.command('QUIT');
    await using recent = await greetedClient(server.address);
    expect(await recent.logIn('recent:bob')).toMatch(/^-ERR/);
    expect(await recent.logIn('recent:alice')).toMatch(/^\+OK/);
    expect(await recent.command('STAT')).toMatch(/^\+OK 1 19/);
    expect(await recent.multiline('RETR 1')).toContain('Subject: one');
  });

  test('lists the oldest 250', async () => {
    const messages = Array.from({ length: 300 }, (_, index) => `Subject: ${index}\r\n\r\n`);
    await using server = await serve('gmail', { messages });
    await using client = await loggedInClient(server.address);
    expect(await client.command('STAT')).toMatch(/^\+OK 250 /);
    expect(await client.multiline('RETR 1')).toContain('Subject: 0\r\n');
  });
});

test('a personality of one’s own is data as well', async () => {
  const personality = { ...PERSONALITIES.dovecot, greeting: 'Mine.', apop: false };
  await using server = await createServer({ users: { alice: { password: 'x' } }, personality });
  await using client = await rawClient(server.address);
  expect(await client.line()).toBe('+OK Mine.');
});

test('a personality that there is not is refused with the names of those that there are', async () => {
  const personality = 'exchange' as PersonalityName;
  await expect(createServer({ users: {}, personality })).rejects.toThrow('dovecot, courier');
});
