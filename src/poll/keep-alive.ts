import type { Transaction } from '../pop3-client/transaction.ts';
import { KEEP_ALIVE_MS } from './limits.ts';

/**
 * Lets the server hear of us from time to time while something is done here: it ends a session in which nothing is said for long
 * (RFC 1939 §3), and what takes as long here each time would never get further.
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
