import { describe, expect, test } from 'vitest';
import { QUIET_MS, QUIET_POLLS } from '../../src/poll/limits.ts';
import type { Pop3Server } from '../../src/pop3-server/index.ts';
import { Ferry, mail, serve, storedAll } from './ferry.ts';
import { DAY_MS } from './policies.ts';

const [ONE, TWO, THREE] = [mail('one'), mail('two'), mail('three')] as const;
const LOOK = ['UIDL 3', 'STAT', 'QUIT'];
const LISTING = ['STAT', 'LIST', 'UIDL', 'QUIT'];

function serveThree(): Promise<Pop3Server> {
  return serve(ONE, TWO, THREE);
}

/** Gives the maildrop other content; each message with its unique-id. */
async function replace(server: Pop3Server, messages: readonly (readonly [string, string])[]): Promise<void> {
  const maildrop = server.maildrop('alice');
  await maildrop.remove(await maildrop.list());
  for (const [content, uid] of messages) maildrop.add(content, { uid });
}

describe('A maildrop in which nothing was left to do', () => {
  test('is looked at by its size and its last unique-id, not listed', async () => {
    await using server = await serveThree();
    await using ferry = await Ferry.to(server.address);
    await ferry.poll();
    ferry.takeCommands();
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', listed: 3, kept: 3, fetched: 0, skipped: 0 });
    expect(ferry.takeCommands()).toEqual(LOOK);
  });

  test('is not asked again what it announces before the login, until the next whole listing', async () => {
    await using server = await serveThree();
    await using ferry = await Ferry.to(server.address);
    const questions = async (): Promise<number> => {
      ferry.lines.length = 0;
      expect(await ferry.poll()).toMatchObject({ outcome: 'ok' });
      return ferry.lines.filter((line) => line === 'sent CAPA').length;
    };
    expect([await questions(), await questions(), await questions()]).toEqual([2, 1, 1]);
    ferry.runtime.advance(QUIET_MS);
    expect([await questions(), await questions()]).toEqual([2, 1]);
  });

  test('is asked again what it announces after a poll that failed, and under another configuration', async () => {
    await using server = await serveThree();
    await using ferry = await Ferry.to(server.address);
    const firstOf = async (changes: Parameters<Ferry['poll']>[0] = {}): Promise<string | undefined> => {
      ferry.lines.length = 0;
      await ferry.poll(changes);
      return ferry.lines.find((line) => line.startsWith('sent '));
    };
    await ferry.poll();
    expect(await firstOf()).not.toBe('sent CAPA');
    expect(await firstOf({ auth: 'user-pass' })).toBe('sent CAPA');
    await ferry.poll();
    expect(await firstOf()).not.toBe('sent CAPA');
    await ferry.poll({ user: 'nobody', host: server.address.host });
    expect(await firstOf()).toBe('sent CAPA');
  });

  test('in lock-step the size is asked for first, and may be enough', async () => {
    await using server = await serveThree();
    server.setFaults([{ do: 'hide', names: ['PIPELINING'] }]);
    await using ferry = await Ferry.to(server.address);
    await ferry.poll();
    ferry.takeCommands();
    await ferry.poll();
    expect(ferry.takeCommands()).toEqual(['STAT', 'UIDL 3', 'QUIT']);
    server.maildrop('alice').add(mail('four'));
    await ferry.poll();
    expect(ferry.takeCommands()).toEqual(['STAT', 'STAT', 'LIST', 'UIDL', 'RETR 4', 'QUIT']);
  });

  test('is listed when a message has come', async () => {
    await using server = await serveThree();
    await using ferry = await Ferry.to(server.address);
    await ferry.poll();
    await ferry.poll();
    server.maildrop('alice').add(mail('four'));
    expect(await ferry.poll()).toMatchObject({ listed: 4, fetched: 1 });
    expect(await ferry.mail()).toEqual(storedAll(ONE, TWO, THREE, mail('four')));
  });

  test('is listed when the last message is another of the same size', async () => {
    await using server = await serveThree();
    await using ferry = await Ferry.to(server.address);
    await ferry.poll();
    const [first = '', second = ''] = server.maildrop('alice').uids;
    const other = mail('other', 'threX').replaceAll('other', 'thirX');
    await replace(server, [
      [ONE, first],
      [TWO, second],
      [other, 'other'],
    ]);
    expect(await ferry.poll()).toMatchObject({ listed: 3, fetched: 1 });
    expect(await ferry.mail()).toEqual(storedAll(ONE, TWO, THREE, other));
  });

  test('I8: that hides a message of the same size in the place of another gives it up at the next whole listing', async () => {
    await using server = await serveThree();
    await using ferry = await Ferry.to(server.address);
    await ferry.poll();
    const [first = '', , third = ''] = server.maildrop('alice').uids;
    const other = TWO.replaceAll('two', 'owt');
    await replace(server, [
      [ONE, first],
      [other, 'other'],
      [THREE, third],
    ]);
    for (let looks = 0; looks < QUIET_POLLS; looks += 1) {
      expect(await ferry.poll()).toMatchObject({ fetched: 0 });
    }
    expect(await ferry.poll()).toMatchObject({ listed: 3, fetched: 1 });
    expect(await ferry.mail()).toEqual(storedAll(ONE, TWO, THREE, other));
  });

  test.each([
    ['after a while', QUIET_MS],
    ['when the clock was set back', -2],
  ])('is listed %s', async (_, milliseconds) => {
    await using server = await serveThree();
    await using ferry = await Ferry.to(server.address);
    await ferry.poll();
    ferry.takeCommands();
    ferry.runtime.advance(milliseconds);
    await ferry.poll();
    expect(ferry.takeCommands()).toEqual(LISTING);
  });

  test('is listed when what happens to messages has changed, and when somebody confirms deletions', async () => {
    await using server = await serveThree();
    await using ferry = await Ferry.to(server.address);
    await ferry.poll();
    ferry.takeCommands();
    await ferry.poll({}, { confirmDelete: true });
    expect(ferry.takeCommands()).toEqual(LISTING);
    expect(await ferry.poll({ deletion: { kind: 'after-delivery' } })).toMatchObject({ deleted: 3 });
  });

  test('is listed as soon as a message is due to be deleted', async () => {
    await using server = await serveThree();
    await using ferry = await Ferry.to(server.address, {
      account: { deletion: { kind: 'after', milliseconds: QUIET_MS / 2 } },
    });
    await ferry.poll();
    ferry.takeCommands();
    await ferry.poll();
    expect(ferry.takeCommands()).toEqual(LOOK);
    ferry.runtime.advance(QUIET_MS / 2);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', deleted: 3, kept: 0 });
    expect(server.maildrop('alice').messages).toEqual([]);
  });
});

describe('A maildrop in which something is left to do is listed each time', () => {
  test('I9: a message that is too large', async () => {
    await using server = await serveThree();
    await using ferry = await Ferry.to(server.address, {
      account: {
        limits: { messageOctets: ONE.length, messagesPerPoll: undefined, octetsPerPoll: undefined },
      },
    });
    const before = await ferry.poll();
    expect(before).toMatchObject({ skipped: 1 });
    ferry.takeCommands();
    expect(await ferry.poll()).toMatchObject({ skipped: before.skipped, kept: before.kept });
    expect(ferry.takeCommands()).toEqual(LISTING);
  });

  test('I9: a message that the server refused', async () => {
    await using server = await serveThree();
    server.setFaults([{ do: 'refuse', command: 'RETR', messages: [2], sessions: 1 }]);
    await using ferry = await Ferry.to(server.address);
    expect(await ferry.poll()).toMatchObject({ outcome: 'partial', fetched: 2 });
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1 });
  });

  test('I3: after a poll that never ended', async () => {
    await using server = await serveThree();
    await using ferry = await Ferry.to(server.address);
    await ferry.poll();
    await ferry.ledger.openPoll();
    await ferry.restart();
    ferry.takeCommands();
    await ferry.poll();
    expect(ferry.takeCommands()).toEqual(LISTING);
  });

  test('messages that were deleted', async () => {
    await using server = await serveThree();
    await using ferry = await Ferry.to(server.address, { account: { deletion: { kind: 'after-delivery' } } });
    await ferry.poll();
    server.maildrop('alice').add(ONE);
    ferry.runtime.advance(DAY_MS);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', listed: 1, deleted: 1 });
  });
});
