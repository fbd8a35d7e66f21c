import { describe, expect, test } from 'vitest';
import type { DeletionPolicy } from '../../src/poll/deletion-policy.ts';
import { type Answer, answering, rawPeer } from '../support/raw-peer.ts';
import { Ferry } from './ferry.ts';

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
