import { asMailError } from '../errors.ts';
import type { Transaction } from '../pop3-client/transaction.ts';
import { BUSY_PAUSES_MS, LONGEST_LOGIN_DELAY_MS } from './limits.ts';
import { noteLogin, respectLoginDelay, waitUnlessStopped } from './login-delay.ts';
import type { Poll } from './poll.ts';
import { announcedBefore } from './quiet.ts';

/** A session that is logged in. */
export interface LoggedIn {
  readonly session: Transaction;
  /** In seconds, as announced by the end of the login. */
  readonly loginDelay: number;
  /** Milliseconds since 1970; undefined without TLS. */
  readonly certificateExpiresAt: number | undefined;
}

/**
 * Opens a session and logs in. A maildrop that is in use, perhaps by an earlier session of ours (of this poll, or of one
 * that was killed), is tried again after a pause. A poll that comes sooner after the last login than the server wants waits,
 * or raises `login-delay`.
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
 * Notes what the server said about itself after the login, and tells whoever watches. It is known once another command has
 * been answered.
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
