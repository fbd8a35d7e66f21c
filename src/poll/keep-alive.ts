import type { Transaction } from '../pop3-client/transaction.ts';
import { KEEP_ALIVE_MS } from './limits.ts';

/**
 * Lets the server hear from us now and then while something takes long here. It ends a session that is silent for long (RFC
 * 1939 §3), and a poll that always takes that long would never get further.
 */
export async function keptAlive<T>(session: Pick<Transaction, 'noop'>, work: Promise<T>): Promise<T> {
  // Whatever is wrong with the session, the next command tells.
  const timer = setInterval(() => void session.noop().catch(() => undefined), KEEP_ALIVE_MS);
  try {
    return await work;
  } finally {
    clearInterval(timer);
  }
}
