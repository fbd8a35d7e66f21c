import { openSession, type SessionOptions, type Transaction } from '../../src/pop3-client/index.ts';
import { type Answer, answering, type PeerLine, type RawPeer, rawPeer } from '../support/raw-peer.ts';

export const PASSWORD = 'tr0ub4dor&3';

export function options({ host, port }: RawPeer, more: Partial<SessionOptions> = {}): SessionOptions {
  return { host, port, tls: 'none', user: 'alice', password: PASSWORD, ...more };
}

/** What an ordinary server says, but for what `answer` says. */
export function serverThat(answer: Answer): Answer {
  const usual: Readonly<Record<string, string>> = {
    CAPA: '+OK\r\nTOP\r\nUIDL\r\nUSER\r\n.\r\n',
    'USER alice': '+OK\r\n',
    [`PASS ${PASSWORD}`]: '+OK\r\n',
    NOOP: '+OK\r\n',
  };
  return (command, line) => answer(command, line) ?? usual[command];
}

export async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => Promise.reject(new Error('it did not fail')),
    (error: unknown) => error,
  );
}

/** The error of opening a session with a server that follows this script. */
export async function openingFailure(
  script: (line: PeerLine, ordinal: number) => Promise<void>,
  more: Partial<SessionOptions> = {},
): Promise<unknown> {
  await using peer = await rawPeer(script);
  return await failureOf(openSession(options(peer, more)));
}

export async function inSession<T>(answer: Answer, act: (session: Transaction) => Promise<T>): Promise<T> {
  await using peer = await rawPeer(answering(serverThat(answer)));
  const session = await openSession(options(peer));
  try {
    return await act(session);
  } finally {
    await session.close();
  }
}
