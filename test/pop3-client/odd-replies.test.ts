import { describe, expect, test } from 'vitest';
import { openSession, type Transaction } from '../../src/pop3-client/index.ts';
import { createServer } from '../../src/pop3-server/index.ts';
import { type Answer, answering, rawPeer } from '../support/raw-peer.ts';
import { failureOf, inSession, openingFailure, options, serverThat } from './hostile.ts';
import { number, octetsOf } from './session.suite.ts';

const marked: Answer = (command) =>
  ({
    STAT: '+OK: 2 320\r\n',
    LIST: '+OK, they follow\r\n1 20\r\n.\r\n',
    'RETR 1': '+OK.\r\nSubject: hi\r\n.\r\n',
    'RETR 2': '-ERR: [SYS/TEMP] later\r\n',
  })[command];

/** An answer to every command that begins so. */
function at(start: string, reply: string): Answer {
  return (command) => (command.startsWith(start) ? reply : undefined);
}

const onTwoLines: Answer = (command, line) =>
  at('CAPA', '+OK\r\nSASL LOGIN\r\nSASL PLAIN\r\n.\r\n')(command, line) ??
  at('AUTH PLAIN ', '+OK\r\n')(command, line);

const noop = (session: Transaction): Promise<void> => session.noop();
const retr = async (session: Transaction): Promise<unknown> => octetsOf(await session.retr(number(1)));

/** What comes of these words behind a reply that `act` has asked for. */
function unasked(words: string, act: (session: Transaction) => Promise<unknown>): Promise<unknown> {
  const answer: Answer = (command) => {
    if (command === 'NOOP') return `+OK\r\n${words}\r\n`;
    return command === 'RETR 1' ? `+OK\r\nSubject: hi\r\n.\r\n${words}\r\n` : undefined;
  };
  return inSession(answer, async (session) => {
    await act(session);
    return failureOf(session.stat());
  });
}

describe('a server that puts a mark behind +OK and -ERR', () => {
  test('is understood', async () => {
    await inSession(marked, async (session) => {
      expect(await session.stat()).toEqual({ messages: 2, octets: 320 });
      expect(await session.list()).toEqual([{ number: 1, octets: 20 }]);
      expect(String(await octetsOf(await session.retr(number(1))))).toBe('Subject: hi\r\n');
      await expect(session.retr(number(2))).rejects.toMatchObject({
        code: 'message-refused',
        responseCode: 'SYS/TEMP',
        message: expect.stringContaining('saying "[SYS/TEMP] later"'),
      });
    });
  });
});

test('mechanisms that are announced on two lines are all known', async () => {
  await using peer = await rawPeer(answering(serverThat(onTwoLines)));
  const session = await openSession(options(peer));
  expect(session.announced?.get('SASL')).toEqual(['LOGIN', 'PLAIN']);
  await session.close();
});

test('a refusal is one, whatever the password has in common with it', async () => {
  const script = answering(serverThat(at('PASS', '-ERR no such user\r\n')));
  const error = await openingFailure(script, { password: ' ' });
  expect(error).toMatchObject({ code: 'login-refused' });
});

describe('what nobody has asked for', () => {
  test.each([
    ['-ERR idle for too long', noop, 'reasons for ending the session'],
    ['+OK 1 2', noop, 'more replies than there are commands'],
    ['the rest of it', retr, 'may not byte-stuff its messages'],
  ])('%j is explained by what came before', async (words, act, hint) => {
    expect(await unasked(words, act)).toMatchObject({
      code: 'protocol',
      hint: expect.stringContaining(hint),
    });
  });

  test('in a login says nothing of messages, of which there were none', async () => {
    const script = answering(serverThat(at('USER', '+OK\r\n-ERR too many logins\r\n')));
    expect(await openingFailure(script)).toMatchObject({
      message: expect.stringContaining('unasked before PASS: "-ERR too many logins"'),
      hint: expect.stringContaining('reasons for ending the session'),
    });
  });
});

test('a reply that is none says nothing of messages before there was one', async () => {
  const error = await inSession(at('STAT', 'what?\r\n'), (session) => failureOf(session.stat()));
  expect(error).toMatchObject({ hint: 'This may not be a POP3 server; check "host" and "port".' });
});

describe('a host', () => {
  test('that is an IPv6 address may stand in brackets, on both sides', async () => {
    await using server = await createServer({ host: '[::1]', users: { alice: { password: 'secret' } } });
    const { port } = server.address;
    const session = await openSession({
      host: '[::1]',
      port,
      tls: 'none',
      user: 'alice',
      password: 'secret',
      auth: 'user-pass',
    });
    await session.quit();
    expect(server.address.host).toBe('::1');
  });

  test('that is one is shown so that its port can be told', async () => {
    const opened = openSession({ host: '::1', port: 1, user: 'alice', password: 'secret' });
    await expect(opened).rejects.toMatchObject({ message: expect.stringContaining('[::1]:1: ') });
  });
});

test('a call after the end says that this side has ended it', async () => {
  await using server = await createServer({ users: { alice: { password: 'secret' } } });
  const session = await openSession({ ...server.address, tls: 'none', user: 'alice', password: 'secret' });
  await session.quit();
  const late: (() => Promise<unknown>)[] = [
    () => session.stat(),
    () => session.retr(number(1)),
    () => session.quit(),
  ];
  for (const call of late) {
    await expect(call()).rejects.toMatchObject({
      code: 'usage',
      message: 'The session has ended: quit() or close() was called.',
    });
  }
  await session.close();
});
