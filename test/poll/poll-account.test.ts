import { mkdir, readdir, rm } from 'node:fs/promises';
import { describe, expect, test, vi } from 'vitest';
import { imapServer, settingsFor } from '../delivery/handed-over/imap/server.ts';
import { Ferry, ledgerWith, mail, serve, storedAll } from './ferry.ts';
import { DAY_MS, keptFor } from './policies.ts';

const [ONE, TWO, THREE] = [mail('one'), mail('two'), mail('three')] as const;

describe.each([
  ['pipelined', []],
  ['in lock-step', [{ do: 'hide', names: ['PIPELINING'] }]],
] as const)('a poll (%s)', (_, faults) => {
  test('carries what is new, once, and leaves it on the server', async () => {
    await using server = await serve(ONE, TWO);
    server.setFaults(faults);
    await using ferry = await Ferry.to(server.address);
    expect(await ferry.poll()).toMatchObject({
      account: 'work',
      outcome: 'ok',
      listed: 2,
      fetched: 2,
      bytes: ONE.length + TWO.length,
      deleted: 0,
      kept: 2,
      skipped: 0,
      quarantined: 0,
      error: null,
    });
    server.maildrop('alice').add(THREE);
    ferry.takeCommands();
    expect(await ferry.poll()).toMatchObject({ listed: 3, fetched: 1, kept: 3 });
    const looked = ferry.takeCommands();
    expect(looked.slice(-5)).toEqual(['STAT', 'LIST', 'UIDL', 'RETR 3', 'QUIT']);
    expect(await ferry.mail()).toEqual(storedAll(ONE, TWO, THREE));
  });

  test('deletes what is safe', async () => {
    await using server = await serve(ONE, TWO);
    server.setFaults(faults);
    await using ferry = await Ferry.to(server.address);
    expect(await ferry.poll({ deletion: { kind: 'after-delivery' } })).toMatchObject({
      outcome: 'ok',
      fetched: 2,
      deleted: 2,
      kept: 0,
    });
    expect(server.maildrop('alice').messages).toEqual([]);
    expect(await ferry.poll({ deletion: { kind: 'after-delivery' } })).toMatchObject({
      outcome: 'ok',
      listed: 0,
      fetched: 0,
      deleted: 0,
    });
    expect(await ferry.mail()).toEqual(storedAll(ONE, TWO));
  });

  test('of an empty maildrop does nothing', async () => {
    await using server = await serve();
    server.setFaults(faults);
    await using ferry = await Ferry.to(server.address);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', listed: 0, fetched: 0, error: null });
  });

  test('I4: carries every octet, the awkward ones too', async () => {
    const octets = Buffer.from(Array.from({ length: 256 }, (__, octet) => octet));
    const awkward = Buffer.concat([
      Buffer.from('Subject: x\r\n\r\n.\r\n..\r\nFrom me\r\n\0\r\n'),
      octets,
      Buffer.from('\r\n'),
    ]);
    await using server = await serve(awkward);
    server.setFaults(faults);
    await using ferry = await Ferry.to(server.address, { destinations: ['maildir', 'mbox'] });
    expect(await ferry.poll()).toMatchObject({ fetched: 1, bytes: awkward.length });
    expect(await ferry.mail('maildir')).toEqual(storedAll(awkward));
    expect(await ferry.mail('mbox')).toEqual(storedAll(awkward));
  });
});

describe('deletion', () => {
  test('after a time deletes what has been safe for so long, and nothing else', async () => {
    await using server = await serve(ONE);
    await using ferry = await Ferry.to(server.address, {
      account: keptFor(10),
    });
    await ferry.poll();
    ferry.runtime.advance(5 * DAY_MS);
    server.maildrop('alice').add(TWO);
    expect(await ferry.poll()).toMatchObject({ fetched: 1, deleted: 0, kept: 2 });
    ferry.runtime.advance(5 * DAY_MS - 3);
    expect(await ferry.poll()).toMatchObject({ deleted: 0 });
    ferry.runtime.advance(1);
    ferry.takeCommands();
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, deleted: 1, kept: 1 });
    expect(ferry.takeCommands()).toEqual(['STAT', 'LIST', 'UIDL', 'TOP 1 0', 'DELE 1', 'QUIT']);
    expect(server.maildrop('alice').messages.map(String)).toEqual([TWO]);
  });

  // RFC 1939 §8 [no-site-deletion]
  test('I1: is asked of the ledger after all was recorded, not of memory', async () => {
    await using server = await serve(ONE, TWO);
    await using ferry = await Ferry.to(server.address, { account: { deletion: { kind: 'after-delivery' } } });
    ferry.wrapLedger = (ledger) => ledgerWith(ledger, { deletable: () => new Map() });
    expect(await ferry.poll()).toMatchObject({ fetched: 2, deleted: 0, kept: 2 });
    expect(ferry.takeCommands()).not.toContain('DELE 1');
    expect(server.maildrop('alice').messages).toHaveLength(2);
  });

  test('I2: is begun only after each message is on disk and recorded', async () => {
    await using server = await serve(ONE, TWO, THREE);
    await using ferry = await Ferry.to(server.address, { account: { deletion: { kind: 'after-delivery' } } });
    const recorded: { inMaildir: number }[] = [];
    let safeAtDele = -1;
    ferry.wrapLedger = (ledger) =>
      ledgerWith(ledger, {
        recordDelivery: async (delivery) => {
          const names = await readdir(ferry.folder.at('maildir', 'new'));
          const standing = delivery.receipts.every(({ location }) => names.includes(location));
          recorded.push({ inMaildir: standing ? 1 : 0 });
          return ledger.recordDelivery(delivery);
        },
        noteDeleSent: async (records, at) => {
          safeAtDele = [...ledger.listed().values()].flat().filter((it) => it.outcome === 'delivered').length;
          expect(ferry.lines.some((line) => line.startsWith('sent DELE'))).toBe(false);
          await ledger.noteDeleSent(records, at);
        },
      });
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', deleted: 3 });
    expect(recorded).toEqual([{ inMaildir: 1 }, { inMaildir: 1 }, { inMaildir: 1 }]);
    expect(safeAtDele).toBe(3);
  });

  test('I1: takes nothing off the server when the ledger cannot be written', async () => {
    await using server = await serve(ONE, TWO);
    await using ferry = await Ferry.to(server.address, { account: { deletion: { kind: 'after-delivery' } } });
    ferry.wrapLedger = (ledger) =>
      ledgerWith(ledger, { recordDelivery: () => Promise.reject(new Error('no ledger')) });
    expect(await ferry.poll()).toMatchObject({ outcome: 'failed', deleted: 0 });
    expect(server.maildrop('alice').messages).toHaveLength(2);
  });

  test('that is refused leaves the message for the next poll, without a second RETR', async () => {
    await using server = await serve(ONE, TWO);
    server.setFaults([{ do: 'refuse', command: 'DELE', messages: [1], sessions: 1 }]);
    await using ferry = await Ferry.to(server.address, { account: { deletion: { kind: 'after-delivery' } } });
    expect(await ferry.poll()).toMatchObject({ fetched: 2, deleted: 1, kept: 1 });
    ferry.takeCommands();
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, deleted: 1, kept: 0 });
    expect(ferry.takeCommands()).toEqual(['STAT', 'LIST', 'UIDL', 'TOP 1 0', 'DELE 1', 'QUIT']);
    expect(await ferry.mail()).toEqual(storedAll(ONE, TWO));
  });

  // RFC 1939 §6 [quit-refused]
  test.each([
    ['did not become real', false],
    ['became real all the same', true],
  ])(
    'whose QUIT is answered -ERR and %s is not reported, and comes right at the next poll',
    async (_, commit) => {
      await using server = await serve(ONE, TWO);
      server.setFaults([{ do: 'refuse', command: 'QUIT', sessions: 1, commit }]);
      await using ferry = await Ferry.to(server.address, {
        account: { deletion: { kind: 'after-delivery' } },
      });
      expect(await ferry.poll()).toMatchObject({ outcome: 'partial', fetched: 2, deleted: 0 });
      ferry.takeCommands();
      expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, deleted: commit ? 0 : 2 });
      expect(ferry.takeCommands().filter((line) => line.startsWith('RETR'))).toEqual([]);
      expect(server.maildrop('alice').messages).toEqual([]);
      expect(await ferry.mail()).toEqual(storedAll(ONE, TWO));
    },
  );

  // RFC 1939 §6 [quit-needed]
  test.each([
    ['before it', 'DELE', false],
    ['after some of it', 'DELE', true],
    ['at QUIT', 'QUIT', false],
    ['after UPDATE, before its answer', 'QUIT', true],
  ] as const)('lost by a cut %s is sent again, without a second RETR', async (_, command, later) => {
    await using server = await serve(ONE, TWO, THREE);
    server.setFaults([
      command === 'QUIT'
        ? { do: 'cut', command, commit: later, sessions: 1 }
        : { do: 'cut', command, nth: later ? 2 : 1, sessions: 1 },
    ]);
    await using ferry = await Ferry.to(server.address, { account: { deletion: { kind: 'after-delivery' } } });
    // At DELE it may be the fault of that message: the others are deleted in another session.
    const inOther = command === 'DELE' ? 2 : 0;
    expect(await ferry.poll()).toMatchObject({
      outcome: command === 'DELE' ? 'partial' : 'failed',
      fetched: 3,
      deleted: inOther,
    });
    ferry.takeCommands();
    const gone = command === 'QUIT' && later;
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, deleted: gone ? 0 : 3 - inOther });
    expect(ferry.takeCommands().filter((line) => line.startsWith('RETR'))).toEqual([]);
    expect(server.maildrop('alice').messages).toEqual([]);
    expect(await ferry.mail()).toEqual(storedAll(ONE, TWO, THREE));
  });
});

describe('limits', () => {
  const limits = { messageOctets: undefined, messagesPerPoll: undefined, octetsPerPoll: undefined };

  test('of messages per poll go on in the next', async () => {
    await using server = await serve(ONE, TWO, THREE);
    await using ferry = await Ferry.to(server.address, {
      account: { limits: { ...limits, messagesPerPoll: 2 } },
    });
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 2, skipped: 1 });
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, skipped: 0 });
    expect(await ferry.mail()).toEqual(storedAll(ONE, TWO, THREE));
  });

  test('of octets per poll go on in the next, one message at least at a time', async () => {
    await using server = await serve(ONE, TWO, THREE);
    await using ferry = await Ferry.to(server.address, {
      account: { limits: { ...limits, octetsPerPoll: 1 } },
    });
    for (const skipped of [2, 1, 0]) expect(await ferry.poll()).toMatchObject({ fetched: 1, skipped });
    expect(await ferry.mail()).toEqual(storedAll(ONE, TWO, THREE));
  });

  test('of the size of a message leave it on the server, and report it', async () => {
    const large = mail('large', 'x'.repeat(5000));
    await using server = await serve(large, ONE);
    await using ferry = await Ferry.to(server.address, {
      account: { limits: { ...limits, messageOctets: 1000 }, deletion: { kind: 'after-delivery' } },
    });
    expect(await ferry.poll()).toMatchObject({ fetched: 1, skipped: 1, tooLarge: 1, deleted: 1 });
    expect(server.maildrop('alice').messages.map(String)).toEqual([large]);
    expect(await ferry.poll()).toMatchObject({ fetched: 0, skipped: 1 });
    expect(await ferry.poll({ limits })).toMatchObject({ outcome: 'ok', fetched: 1 });
  });
});

describe('a stop', () => {
  test('ends the session properly: what has come is kept, deleted and QUIT is said', async () => {
    const messages = Array.from({ length: 300 }, (_, index) => mail(`m${index}`, 'x'.repeat(20_000)));
    await using server = await serve(...messages);
    await using ferry = await Ferry.to(server.address, { account: { deletion: { kind: 'after-delivery' } } });
    const stop = new AbortController();
    let octets = 0;
    ferry.onReceived = (more) => {
      octets += more;
      if (octets > 200_000) stop.abort();
    };
    const report = await ferry.poll({}, { stop: stop.signal });
    expect(report).toMatchObject({ outcome: 'failed', error: { code: 'aborted' } });
    expect(report.fetched).toBeGreaterThan(0);
    expect(report.fetched).toBeLessThan(300);
    expect(report.deleted).toBe(report.fetched);
    expect(ferry.lines).toContain('sent QUIT');
    expect(await ferry.mail()).toHaveLength(report.fetched);
    ferry.onReceived = () => undefined;
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 300 - report.fetched });
    expect(await ferry.mail()).toEqual(storedAll(...messages));
  });

  test('that comes when all is done is no failure', async () => {
    await using server = await serve(ONE);
    await using ferry = await Ferry.to(server.address);
    const stop = new AbortController();
    ferry.onReceived = () => stop.abort();
    expect(await ferry.poll({}, { stop: stop.signal })).toMatchObject({ outcome: 'ok', fetched: 1 });
  });

  test('at once breaks off, and the next poll completes it with nothing doubled', async () => {
    const messages = Array.from({ length: 50 }, (_, index) => mail(`m${index}`, 'x'.repeat(50_000)));
    await using server = await serve(...messages);
    await using ferry = await Ferry.to(server.address, { account: { deletion: { kind: 'after-delivery' } } });
    const abort = new AbortController();
    let octets = 0;
    ferry.onReceived = (more) => {
      octets += more;
      if (octets > 500_000) abort.abort();
    };
    expect(await ferry.poll({}, { abort: abort.signal })).toMatchObject({
      outcome: 'failed',
      deleted: 0,
      error: { code: 'aborted' },
    });
    ferry.onReceived = () => undefined;
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', deleted: 50 });
    expect(await ferry.mail()).toEqual(storedAll(...messages));
  });

  test('at once is no failure of the destination that was given up for it', async () => {
    await using server = await serve(ONE);
    await using imap = await imapServer({ APPEND: 'nothing' });
    await using ferry = await Ferry.to(server.address, { account: { destinations: [settingsFor(imap)] } });
    const abort = new AbortController();
    const report = ferry.poll({}, { abort: abort.signal });
    await vi.waitUntil(() => imap.heard.some((line) => line.startsWith('APPEND')), { timeout: 20_000 });
    abort.abort();
    expect(await report).toMatchObject({ outcome: 'failed', error: { code: 'aborted' } });
    expect(await ferry.ledger.openPoll()).toMatchObject({ interrupted: true, inDoubt: true });
  });
});

describe('I9: what cannot be done', () => {
  test('a server that is not there is reported, and nothing is thrown', async () => {
    const server = await serve(ONE);
    await using ferry = await Ferry.to(server.address);
    await server.close();
    expect(await ferry.poll()).toMatchObject({ outcome: 'failed', error: { code: 'unreachable' } });
  });

  test('a destination that is gone is what the ledger says of the last poll', async () => {
    await using server = await serve(ONE);
    await using ferry = await Ferry.to(server.address);
    await ferry.poll();
    await rm(ferry.folder.at('maildir'), { recursive: true });
    ferry.runtime.advance(1000);
    await ferry.poll();
    const { lastPollAt, lastSuccessAt = 0, lastReport = '' } = ferry.ledger.summary(0);
    expect(JSON.parse(lastReport)).toMatchObject({
      outcome: 'failed',
      error: { code: 'destination-unusable' },
    });
    expect(lastPollAt).toBeGreaterThan(lastSuccessAt);
    await mkdir(ferry.folder.at('maildir/cur'), { recursive: true });
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0 });
  });

  test('a refused login is reported', async () => {
    await using server = await serve(ONE);
    await using ferry = await Ferry.to(server.address, { account: { user: 'bob' } });
    expect(await ferry.poll()).toMatchObject({ outcome: 'failed', error: { code: 'login-refused' } });
  });

  test('a password that cannot be had is reported, without a session', async () => {
    await using server = await serve(ONE);
    await using ferry = await Ferry.to(server.address);
    const report = await ferry.poll({ password: () => Promise.reject(new Error('no such program')) });
    expect(report).toMatchObject({ outcome: 'failed' });
    expect(ferry.lines).toEqual([]);
  });

  // RFC 1939 §4 [lock-retry]
  test('a maildrop that another session has is reported as busy', async () => {
    await using server = await serve(ONE);
    await using ferry = await Ferry.to(server.address);
    const other = await ferry.deps().openSession(ferry.account, new AbortController().signal);
    expect(await ferry.poll()).toMatchObject({ outcome: 'failed', error: { code: 'maildrop-busy' } });
    await other.quit();
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1 });
  });

  test('a difference between STAT and the listing is noticed', async () => {
    await using server = await serve(ONE, TWO);
    server.setFaults([{ do: 'say', command: 'STAT', line: '+OK 9 1000' }]);
    await using ferry = await Ferry.to(server.address);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 2 });
    expect(ferry.notices).toContain('The server says 9 messages, but lists 2.');
  });
});

test('a poll that cannot note whose maildrop it is ends like any other, and is no interrupted one', async () => {
  await using server = await serve(ONE);
  await using ferry = await Ferry.to(server.address);
  ferry.wrapLedger = (ledger) =>
    ledgerWith(ledger, { takeMaildrop: () => Promise.reject(new Error('no room')) });
  expect(await ferry.poll()).toMatchObject({ outcome: 'failed' });
  expect(await ferry.ledger.openPoll()).toMatchObject({ interrupted: false, ledgerWasPutBack: false });
});
