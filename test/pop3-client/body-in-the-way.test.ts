import { describe, expect, test, vi } from 'vitest';
import type { MessageNumber } from '../../src/pop3/types.ts';
import type { MessageBody, Transaction } from '../../src/pop3-client/index.ts';
import { WireError } from '../../src/wire/errors.ts';
import { AUTOLOGOUT_MS } from '../../src/wire/limits.ts';
import type { RawPeer } from '../support/raw-peer.ts';
import { serverWith, sessionWith } from './pipelining-peer.ts';

const FIRST = 1 as MessageNumber;

/** A server that gives one message, in two pieces that cannot come as one, and nothing more. */
function oneMessage(): Promise<RawPeer> {
  return serverWith('PIPELINING', async (line) => {
    await line.line();
    await line.send('+OK\r\nfirst line\r\n');
    await line.have(line.received.length + 1);
    await line.send('second line\r\n.\r\n');
    await line.closed();
  });
}

const untouched = (): Promise<void> => Promise.resolve();

async function halfRead(body: MessageBody): Promise<void> {
  await body[Symbol.asyncIterator]().next();
}

const STATES = [
  ['that nobody has begun to read', untouched],
  ['that is read in part', halfRead],
] as const;

describe.each(STATES)('behind a body %s', (_, begin) => {
  test.each<[string, (session: Transaction, controller: AbortController) => unknown]>([
    ['close()', (session) => session.close()],
    ['break()', (session) => session.break(new WireError('internal', 'enough'))],
    ['the signal', (__, controller) => controller.abort()],
  ])('every call ends with %s', async (___, end) => {
    await using peer = await oneMessage();
    const controller = new AbortController();
    const session = await sessionWith(peer, { signal: controller.signal });
    await begin(await session.retr(FIRST));
    const calls = Promise.allSettled([session.noop(), session.retr(FIRST), session.quit()]);
    await end(session, controller);
    for (const { status } of await calls) expect(status).toBe('rejected');
    await session.close();
  });

  test('every call ends after ten minutes in which nothing of it was read, as does the session', async () => {
    await using peer = await oneMessage();
    const session = await sessionWith(peer);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      await begin(await session.retr(FIRST));
      const noop = session.noop();
      const ended = expect(noop).rejects.toMatchObject({ code: 'internal' });
      // Of one that was begun it is seen only the second time that nothing more was read.
      vi.advanceTimersByTime(2 * AUTOLOGOUT_MS + 2);
      await ended;
      expect(session.broken?.message).toContain('receiving message 1');
    } finally {
      vi.useRealTimers();
    }
  });
});
