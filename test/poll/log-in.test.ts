import { describe, expect, test } from 'vitest';
import type { DeletionPolicy } from '../../src/poll/deletion-policy.ts';
import type { Pop3Server } from '../../src/pop3-server/index.ts';
import { greetedClient } from '../support/raw-client.ts';
import { type Answer, answering, rawPeer } from '../support/raw-peer.ts';
import { Ferry, mail, serve } from './ferry.ts';

function serveTwo(): Promise<Pop3Server> {
  return serve(mail('one'), mail('two'));
}

describe('a maildrop in use', () => {
  test('by somebody else is left alone at once', async () => {
    await using server = await serveTwo();
    await using other = await greetedClient(server.address);
    await other.logIn();
    await using ferry = await Ferry.to(server.address);
    const report = await ferry.poll();
    expect(report).toMatchObject({ outcome: 'failed', error: { code: 'maildrop-busy' } });
    expect(ferry.lines.filter((line) => line.startsWith('sent AUTH'))).toHaveLength(1);
  });

  test('after a poll that was killed is tried again: the server may not have noticed yet', async () => {
    await using server = await serveTwo();
    await using ferry = await Ferry.to(server.address);
    await ferry.ledger.openPoll();
    const other = await greetedClient(server.address);
    await other.logIn();
    const report = ferry.poll();
    await expect.poll(() => ferry.lines.some((line) => line.includes('[IN-USE]'))).toBe(true);
    await other[Symbol.asyncDispose]();
    expect(await report).toMatchObject({ outcome: 'ok', fetched: 2, error: null });
  });

  test('is not waited for when the poll is to stop', async () => {
    await using server = await serveTwo();
    await using ferry = await Ferry.to(server.address);
    await ferry.ledger.openPoll();
    await using other = await greetedClient(server.address);
    await other.logIn();
    const stop = new AbortController();
    const report = ferry.poll({}, { stop: stop.signal });
    await expect.poll(() => ferry.lines.some((line) => line.includes('[IN-USE]'))).toBe(true);
    stop.abort();
    expect(['aborted', 'maildrop-busy']).toContain((await report).error?.code);
  });
});

describe('a server that removes messages by itself', () => {
  const MESSAGE = 'Subject: one\r\n\r\nfirst\r\n';

  function answerWith(expire: string): Answer {
    const replies: Readonly<Record<string, string>> = {
      CAPA: `+OK\r\nUSER\r\nUIDL\r\n${expire}\r\n.\r\n`,
      STAT: `+OK 1 ${MESSAGE.length}\r\n`,
      LIST: `+OK\r\n1 ${MESSAGE.length}\r\n.\r\n`,
      UIDL: '+OK\r\n1 a\r\n.\r\n',
      'RETR 1': `+OK\r\n${MESSAGE}.\r\n`,
    };
    return (command) => (command === 'QUIT' ? undefined : (replies[command] ?? '+OK\r\n'));
  }

  const KEEP: DeletionPolicy = { kind: 'never' };
  const month: DeletionPolicy = { kind: 'after', milliseconds: 30 * 86_400_000 };

  // RFC 2449 §6.7 [expire-told]
  test.each<[string, DeletionPolicy, number, number]>([
    ['EXPIRE 0', KEEP, 1, 0],
    ['EXPIRE 0 USER', month, 1, 0],
    ['EXPIRE 0', { kind: 'after-delivery' }, 0, 0],
    ['EXPIRE 7', KEEP, 1, 0],
    ['EXPIRE 7', month, 1, 0],
    ['EXPIRE 30', month, 0, 0],
    ['EXPIRE NEVER', KEEP, 0, 0],
    ['EXPIRENEVER', KEEP, 0, 0],
    ['EXPIRE -1', KEEP, 0, 0],
    ['EXPIRE', KEEP, 0, 0],
  ])(
    'is told of where the configuration keeps them longer: %s, %j',
    async (...[expire, deletion, first, second]) => {
      await using peer = await rawPeer(answering(answerWith(expire)));
      await using ferry = await Ferry.to(peer, { account: { deletion } });
      const told = async (): Promise<number> => {
        ferry.notices.length = 0;
        await ferry.poll();
        return ferry.notices.filter((notice) => notice.includes('EXPIRE')).length;
      };
      expect(await told()).toBe(first);
      expect(await told()).toBe(second);
    },
  );
});
