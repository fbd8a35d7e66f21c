import { asMailError } from '../errors.ts';
import type { Transaction } from '../pop3-client/transaction.ts';
import { BUSY_PAUSES_MS, LONGEST_LOGIN_DELAY_MS } from './limits.ts';
import { noteLogin, respectLoginDelay, waitUnlessStopped } from './login-delay.ts';
import type { Poll } from './poll.ts';
import { announcedBefore } from './quiet.ts';

/** A session that is logged in. */
export interface LoggedIn {
  readonly session: Transaction;
  /** In seconds, as announced until then. */
  readonly loginDelay: number;
  /** Milliseconds since 1970; undefined without TLS. */
  readonly certificateExpiresAt: number | undefined;
}

/**
 * Opens a session and logs in. Where the maildrop is in use, and it may be by our own session before (of this poll, or
 * of one that was killed), it is tried again after a while. A poll that comes too soon after the last one for what the
 * server wants waits, or raises `login-delay`.
 */
export async function logIn(poll: Poll): Promise<LoggedIn> {
  const { account, stopwatch } = poll;
  const pauses = poll.visited || poll.interrupted ? BUSY_PAUSES_MS : [];
  let certificateExpiresAt: number | undefined;
  await respectLoginDelay(poll);
  const session = await persevere(pauses, poll, () => {
    stopwatch.enter('connectMs');
    const watch = {
      greeted: () => stopwatch.enter('loginMs'),
      secured: (expiresAt: number) => {
        certificateExpiresAt = expiresAt;
      },
    };
    return poll.openSession(account, poll.control.abort, { watch, expected: announcedBefore(poll) });
  });
  const { loginDelay } = session;
  await noteLogin(loginDelay * 1000, poll);
  poll.visited = true;
  return { session, loginDelay, certificateExpiresAt };
}

/**
 * Notes what the server says about itself after the login, which is known from the first reply to another command on,
 * and tells whoever watches.
 */
export async function noteServer(
  { session, loginDelay, certificateExpiresAt }: LoggedIn,
  poll: Poll,
): Promise<void> {
  const loginDelayMs = session.loginDelay * 1000;
  if (session.loginDelay !== loginDelay) await noteLogin(loginDelayMs, poll);
  poll.observer.loggedIn?.(poll.account.name, {
    loginDelayMs: Math.min(loginDelayMs, LONGEST_LOGIN_DELAY_MS),
    certificateExpiresAt,
  });
}

async function persevere(
  pauses: readonly number[],
  { control }: Poll,
  attempt: () => Promise<Transaction>,
): Promise<Transaction> {
  for (const milliseconds of pauses) {
    try {
      return await attempt();
    } catch (error) {
      if (asMailError(error).code !== 'maildrop-busy' || control.stop.aborted) throw error;
      await waitUnlessStopped(milliseconds, control);
    }
  }
  return attempt();
}
