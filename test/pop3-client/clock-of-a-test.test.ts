import { once } from 'node:events';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { openSession, type Transaction } from '../../src/pop3-client/index.ts';
import { createServer, type Pop3Server, type ServerOptions } from '../../src/pop3-server/index.ts';

const users = { alice: { password: 'secret', messages: ['Subject: 1\r\n\r\n', 'Subject: 2\r\n\r\n'] } };

/** The global timers stand still from here on, and nothing but time does. */
const stopTheClock = (): unknown => vi.useFakeTimers();

afterEach(() => void vi.useRealTimers());

function login(server: Pop3Server): Promise<Transaction> {
  return openSession({ ...server.address, tls: 'none', user: 'alice', password: 'secret' });
}

async function serverWith(options: Partial<ServerOptions> = {}): Promise<Pop3Server> {
  return createServer({ users, ...options });
}

describe('while a test has put a clock of its own in place of the timers', () => {
  test('a session goes from the login to its end', async () => {
    stopTheClock();
    await using server = await serverWith();
    const session = await login(server);
    const rows = await session.list();
    await Promise.all(rows.map(({ number }) => session.dele(number)));
    await session.quit();
    expect(server.maildrop('alice').messages).toEqual([]);
  });

  test('the client gives up when that clock says so', async () => {
    await using server = await serverWith({ faults: [{ do: 'stall', command: 'STAT' }] });
    stopTheClock();
    const session = await login(server);
    const answer = expect(session.stat()).rejects.toMatchObject({ code: 'timeout' });
    await vi.advanceTimersByTimeAsync(60_000);
    await answer;
  });

  test('the server delays its answer by that clock', async () => {
    const heard = new EventTarget();
    await using server = await serverWith({
      faults: [{ do: 'delay', command: 'STAT', ms: 50_000 }],
      observe: (event) => {
        if (event.kind === 'command' && event.line === 'STAT') heard.dispatchEvent(new Event('STAT'));
      },
    });
    stopTheClock();
    await using session = await login(server);
    const delayed = once(heard, 'STAT');
    const asked = session.stat();
    await delayed;
    await vi.advanceTimersByTimeAsync(50_000);
    expect(await asked).toMatchObject({ messages: 2 });
  });
});
