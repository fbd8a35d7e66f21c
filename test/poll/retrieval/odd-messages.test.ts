import { describe, expect, test } from 'vitest';
import { MAX_ATTEMPTS, QUARANTINE_RETRY_MS, SESSION_MS } from '../../../src/poll/limits.ts';
import type { UniqueId } from '../../../src/pop3/types.ts';
import type { Faults } from '../../../src/pop3-server/index.ts';
import { PIPELINE_COMMANDS } from '../../../src/wire/limits.ts';
import { type Answer, answering, rawPeer } from '../../support/raw-peer.ts';
import { Ferry, mail, serve, storedAll } from '../ferry.ts';
import { NO_UIDL } from '../odd-server.ts';
import { AFTER_DELIVERY } from '../policies.ts';

const [ONE, TWO, THREE] = [mail('one'), mail('two'), mail('three')] as const;

const PATIENT = { timeouts: { connectMs: 5000, idleMs: 5000 } };

const LOCK_STEP: Faults = [{ do: 'hide', names: ['PIPELINING'] }];

describe.each([
  ['pipelined', []],
  ['in lock-step', LOCK_STEP],
] as const)('I9: one odd message never blocks the others (%s):', (_, always) => {
  test('one that the server will not give', async () => {
    await using server = await serve(ONE, TWO, THREE);
    server.setFaults([...always, { do: 'refuse', command: 'RETR', messages: [2], text: 'cannot be read' }]);
    await using ferry = await Ferry.to(server.address, { account: AFTER_DELIVERY });
    expect(await ferry.poll()).toMatchObject({
      outcome: 'partial',
      fetched: 2,
      deleted: 2,
      skipped: 1,
      error: { code: 'message-refused' },
    });
    expect(server.maildrop('alice').messages.map(String)).toEqual([TWO]);
    server.setFaults(always);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, deleted: 1 });
    expect(await ferry.mail()).toEqual(storedAll(ONE, TWO, THREE));
  });

  test('one that is refused each time is quarantined, reported, and tried again a day later', async () => {
    await using server = await serve(ONE, TWO);
    server.setFaults([...always, { do: 'refuse', command: 'RETR', messages: [1] }]);
    await using ferry = await Ferry.to(server.address);
    for (let attempt = 1; attempt < MAX_ATTEMPTS; attempt += 1) {
      expect(await ferry.poll()).toMatchObject({ outcome: 'partial', skipped: 1, quarantined: 0 });
    }
    expect(await ferry.poll()).toMatchObject({ outcome: 'partial', skipped: 0, quarantined: 1 });
    ferry.takeCommands();
    expect(await ferry.poll()).toMatchObject({ outcome: 'partial', quarantined: 1, error: null });
    expect(ferry.takeCommands()).toEqual(['STAT', 'LIST', 'UIDL', 'QUIT']);
    ferry.runtime.advance(QUARANTINE_RETRY_MS);
    server.setFaults(always);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, quarantined: 0 });
    expect(await ferry.mail()).toEqual(storedAll(ONE, TWO));
  });

  test('one that has no end is passed over in the same poll', async () => {
    await using server = await serve(ONE, TWO, THREE);
    server.setFaults([...always, { do: 'endless', command: 'RETR', messages: [1], what: 'body' }]);
    await using ferry = await Ferry.to(server.address, { account: AFTER_DELIVERY });
    expect(await ferry.poll()).toMatchObject({
      outcome: 'partial',
      fetched: 2,
      deleted: 2,
      skipped: 1,
      error: { code: 'message-damaged' },
    });
    expect(await ferry.mail()).toEqual(storedAll(TWO, THREE));
    expect(server.maildrop('alice').messages.map(String)).toEqual([ONE]);
  });

  // RFC 1939 §7 [uid-twins]
  test('two that have one unique-id, one of them without end', async () => {
    await using server = await serve();
    for (const message of [ONE, TWO]) server.maildrop('alice').add(message, { uid: 'same' });
    server.maildrop('alice').add(THREE);
    server.setFaults([...always, { do: 'endless', command: 'RETR', messages: [1], what: 'body' }]);
    await using ferry = await Ferry.to(server.address);
    expect(await ferry.poll()).toMatchObject({ outcome: 'partial', error: { code: 'message-damaged' } });
    expect(await ferry.mail()).toContain(storedAll(THREE)[0]);
    for (let attempt = 1; attempt < MAX_ATTEMPTS + 2; attempt += 1) await ferry.poll();
    const records = ferry.ledger.withUniqueId('same' as UniqueId);
    expect(records.map(({ outcome }) => outcome).sort()).toEqual(['delivered', 'quarantined']);
    server.setFaults(always);
    ferry.runtime.advance(QUARANTINE_RETRY_MS);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok' });
    expect(await ferry.mail()).toEqual(storedAll(ONE, TWO, THREE));
  });

  test.each([
    ['in the middle of it', { do: 'cut', command: 'RETR', messages: [2], inReply: 300 }],
    ['in place of its status line', { do: 'cut', command: 'RETR', messages: [2] }],
  ] as const)('one at which the server hangs up, %s, comes last in the next poll', async (__, fault) => {
    const large = mail('large', 'x'.repeat(600));
    await using server = await serve(ONE, large, THREE);
    server.setFaults([...always, { ...fault, sessions: 1 }]);
    await using ferry = await Ferry.to(server.address);
    expect(await ferry.poll()).toMatchObject({ outcome: 'failed', error: { code: 'connection-lost' } });
    server.setFaults([...always, { do: 'cut', command: 'RETR', messages: [2] }]);
    ferry.takeCommands();
    await ferry.poll();
    expect(
      ferry
        .takeCommands()
        .filter((line) => line.startsWith('RETR'))
        .at(-1),
    ).toBe('RETR 2');
    expect(await ferry.mail()).toEqual(storedAll(ONE, THREE));
  });

  test('one at which the server hangs up each time is quarantined', async () => {
    await using server = await serve(ONE, TWO);
    server.setFaults([...always, { do: 'cut', command: 'RETR', messages: [1] }]);
    await using ferry = await Ferry.to(server.address);
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      expect(await ferry.poll()).toMatchObject({ outcome: 'failed' });
    }
    expect(await ferry.poll()).toMatchObject({ outcome: 'partial', quarantined: 1, error: null });
    expect(await ferry.mail()).toEqual(storedAll(TWO));
  });

  test('one whose end the server leaves out is not taken for whole', async () => {
    await using server = await serve(ONE, TWO, THREE);
    server.setFaults([...always, { do: 'omit-end', command: 'RETR', messages: [1] }]);
    await using ferry = await Ferry.to(server.address, {
      account: { timeouts: { connectMs: 5000, idleMs: 200 } },
    });
    const report = await ferry.poll();
    expect(report.outcome).not.toBe('ok');
    server.setFaults(always);
    expect(await ferry.poll(PATIENT)).toMatchObject({ outcome: 'ok' });
    expect(await ferry.mail()).toEqual(storedAll(ONE, TWO, THREE));
  });

  test('one that is cut in the middle is completed by the next poll, with nothing doubled or half', async () => {
    const messages = Array.from({ length: 20 }, (__, index) => mail(`m${index}`, 'y'.repeat(3000)));
    await using server = await serve(...messages);
    server.setFaults([...always, { do: 'cut', afterOctets: 31_000, sessions: 1 }]);
    await using ferry = await Ferry.to(server.address, { account: AFTER_DELIVERY });
    const first = await ferry.poll();
    expect(first).toMatchObject({ outcome: 'failed', deleted: 0, error: { code: 'connection-lost' } });
    expect(first.fetched).toBeGreaterThan(5);
    expect(await ferry.mail()).toHaveLength(first.fetched);
    ferry.takeCommands();
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 20 - first.fetched, deleted: 20 });
    expect(ferry.takeCommands().filter((line) => line.startsWith('RETR'))).toHaveLength(20 - first.fetched);
    expect(await ferry.mail()).toEqual(storedAll(...messages));
  });

  test('a server that falls silent in a message is left at the deadline', async () => {
    await using server = await serve(mail('large', 'x'.repeat(5000)), TWO);
    server.setFaults([...always, { do: 'stall', afterOctets: 2000, sessions: 1 }]);
    await using ferry = await Ferry.to(server.address, {
      account: { timeouts: { connectMs: 5000, idleMs: 100 } },
    });
    expect(await ferry.poll()).toMatchObject({ outcome: 'failed', error: { code: 'timeout' } });
    expect(await ferry.poll(PATIENT)).toMatchObject({ outcome: 'ok' });
  });
});

/** A server that sends its one message without byte-stuffing, and has PIPELINING or not. */
function unstuffedServer(pipelining: boolean): ReturnType<typeof rawPeer> {
  const replies: Readonly<Record<string, string>> = {
    CAPA: `+OK\r\nUIDL\r\nTOP\r\nUSER\r\n${pipelining ? 'PIPELINING\r\n' : ''}.\r\n`,
    STAT: '+OK 2 200\r\n',
    LIST: '+OK\r\n1 20\r\n2 30\r\n.\r\n',
    UIDL: '+OK\r\n1 a\r\n2 b\r\n.\r\n',
    'RETR 1': '+OK\r\nSubject: one\r\n\r\nabove\r\n.\r\nbelow\r\n.\r\n',
    'RETR 2': '+OK\r\nSubject: two\r\n\r\nhello world\r\n.\r\n',
  };
  return rawPeer(answering((command) => (command === 'QUIT' ? undefined : (replies[command] ?? '+OK\r\n'))));
}

describe('a message that is not byte-stuffed', () => {
  test.each([
    ['pipelined', true],
    ['in lock-step', false],
  ])('is not accepted in half, nor deleted (%s)', async (_, pipelining) => {
    await using peer = await unstuffedServer(pipelining);
    await using ferry = await Ferry.to(peer, { account: AFTER_DELIVERY });
    const report = await ferry.poll();
    expect(report).toMatchObject({ outcome: 'failed', deleted: 0, error: { code: 'protocol' } });
    expect((await ferry.mail()).filter((message) => message.includes('above'))).toEqual([]);
    expect(ferry.takeCommands()).not.toContain('DELE 1');
  });

  test.each([
    ['pipelined', true],
    ['in lock-step', false],
  ])('does not keep the others away for ever (%s)', async (_, pipelining) => {
    await using peer = await unstuffedServer(pipelining);
    await using ferry = await Ferry.to(peer);
    for (let attempt = 0; attempt <= MAX_ATTEMPTS; attempt += 1) await ferry.poll();
    expect(await ferry.mail()).toEqual(['Subject: two\n\nhello world\n']);
  });
});

describe('I7: what a server can make us do', () => {
  test('a listing without end ends the session', async () => {
    await using server = await serve(ONE);
    server.setFaults([{ do: 'endless', command: 'LIST', what: 'line' }]);
    await using ferry = await Ferry.to(server.address);
    expect(await ferry.poll()).toMatchObject({ outcome: 'failed', error: { code: 'protocol' } });
  });

  test('many sessions for a maildrop that takes long, each message once', async () => {
    const messages = Array.from({ length: PIPELINE_COMMANDS + 100 }, (_, index) => mail(`${index}`));
    await using server = await serve(...messages);
    await using ferry = await Ferry.to(server.address, { account: AFTER_DELIVERY });
    ferry.onReceived = () => ferry.runtime.advance(SESSION_MS);
    expect(await ferry.poll()).toMatchObject({
      outcome: 'ok',
      listed: messages.length,
      fetched: messages.length,
      deleted: messages.length,
      kept: 0,
    });
    const commands = ferry.takeCommands();
    expect(commands.filter((line) => line === 'QUIT')).toHaveLength(2);
    expect(commands.filter((line) => line.startsWith('RETR'))).toHaveLength(messages.length);
    expect(commands.indexOf('QUIT')).toBeGreaterThan(commands.indexOf('DELE 1'));
    expect(await ferry.mail()).toEqual(storedAll(...messages));
    expect(server.maildrop('alice').messages).toEqual([]);
  }, 120_000);

  // RFC 2449 §6.5 [login-delay-respected]
  test('one session, however long it takes, where the server wants much time between two logins', async () => {
    const numbers = Array.from({ length: 5 }, (_, index) => index + 1);
    const listing = (row: (number: number) => string): string => `+OK\r\n${numbers.map(row).join('')}.\r\n`;
    const replies: Readonly<Record<string, string>> = {
      CAPA: '+OK\r\nUSER\r\nUIDL\r\nLOGIN-DELAY 600\r\n.\r\n',
      STAT: `+OK ${numbers.length} ${numbers.length * 9}\r\n`,
      LIST: listing((number) => `${number} 9\r\n`),
      UIDL: listing((number) => `${number} uid${number}\r\n`),
    };
    const answer: Answer = (command) => {
      if (command === 'QUIT') return undefined;
      if (command.startsWith('RETR ')) return `+OK\r\nS: ${command.slice(5)}\r\n\r\n.\r\n`;
      return replies[command] ?? '+OK\r\n';
    };
    await using peer = await rawPeer(answering(answer));
    await using ferry = await Ferry.to({ host: peer.host, port: peer.port }, { account: AFTER_DELIVERY });
    ferry.onReceived = () => ferry.runtime.advance(SESSION_MS);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 5, deleted: 5 });
    expect(peer.lines).toHaveLength(1);
  });

  test.each([
    ['has no unique-ids', NO_UIDL],
    ['has one unique-id for all', [{ do: 'uids', uid: 'same' }]],
  ] as const)(
    'a maildrop that takes long and %s is carried whole, and comes to an end',
    async (_, faults) => {
      const messages = Array.from({ length: PIPELINE_COMMANDS + 100 }, (__, index) => mail(`${index}`));
      await using server = await serve(...messages);
      server.setFaults(faults);
      await using ferry = await Ferry.to(server.address, { account: AFTER_DELIVERY });
      ferry.onReceived = () => ferry.runtime.advance(SESSION_MS);
      const abort = AbortSignal.timeout(110_000);
      expect(await ferry.poll({}, { abort })).toMatchObject({ outcome: 'ok', fetched: messages.length });
      expect(await ferry.poll({}, { abort })).toMatchObject({ outcome: 'ok', fetched: 0 });
      expect(await ferry.mail()).toEqual(storedAll(...messages));
    },
    120_000,
  );

  // RFC 1939 §7 [optional-commands]
  // RFC 2449 §7 [no-extension-needed]
  test('messages without unique-ids go on where the limit of a poll stopped', async () => {
    await using server = await serve(ONE, TWO, THREE);
    server.setFaults(NO_UIDL);
    await using ferry = await Ferry.to(server.address);
    const limits = { messageOctets: undefined, messagesPerPoll: 2, octetsPerPoll: undefined };
    await ferry.poll({ limits });
    await ferry.poll({ limits });
    expect(await ferry.mail()).toEqual(storedAll(ONE, TWO, THREE));
  });

  test('a message without unique-id and without end does not keep the others away', async () => {
    await using server = await serve(ONE, TWO, THREE);
    server.setFaults([
      { do: 'hide', names: ['UIDL'] },
      { do: 'endless', command: 'RETR', messages: [1], what: 'body' },
    ]);
    await using ferry = await Ferry.to(server.address);
    expect(await ferry.poll()).toMatchObject({ error: { code: 'message-damaged' } });
    expect(await ferry.mail()).toEqual(storedAll(TWO, THREE));
  });
});
