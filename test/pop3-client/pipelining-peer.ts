import { expect } from 'vitest';
import { openSession, type SessionOptions, type Transaction } from '../../src/pop3-client/index.ts';
import { type PeerLine, type RawPeer, rawPeer } from '../support/raw-peer.ts';

/** A server that greets, lets in whoever comes, announces these capabilities, and then follows a script. */
export function serverWith(capability: string, script: (line: PeerLine) => Promise<void>): Promise<RawPeer> {
  return rawPeer(async (line) => {
    await line.send('+OK ready\r\n');
    for (const command of ['CAPA', 'USER alice', 'PASS secret', 'CAPA']) {
      expect(await line.line()).toBe(command);
      await line.send(command === 'CAPA' ? `+OK\r\nUSER\r\n${capability}\r\n.\r\n` : '+OK\r\n');
    }
    await script(line);
  });
}

export async function sessionWith(
  { host, port }: RawPeer,
  options: Pick<SessionOptions, 'ahead' | 'signal'> = {},
): Promise<Transaction> {
  return openSession({
    ...options,
    host,
    port,
    tls: 'none',
    user: 'alice',
    password: 'secret',
    timeouts: { idleMs: 3000 },
  });
}
