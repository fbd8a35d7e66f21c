import { setTimeout as pause } from 'node:timers/promises';
import { MailError } from '../errors.ts';
import type { LastLogin } from '../ledger/ledger.ts';
import type { Transaction } from '../pop3-client/transaction.ts';
import { abortReason } from '../wire/deadline.ts';
import { LOGIN_DELAY_PATIENCE_MS, LONGEST_LOGIN_DELAY_MS } from './limits.ts';
import type { Poll, PollControl } from './poll.ts';

/**
 * Gives a server the time between two logins that it announces (RFC 2449 §6.5), whichever process made the last one. Waits
 * out a short rest of it in silence; raises `login-delay` for a longer one.
 */
export async function respectLoginDelay({ account, ledger, runtime, control, visited }: Poll): Promise<void> {
  const last = ledger.lastLogin();
  if (last === undefined) return;
  const left = timeLeft(last, runtime.now());
  const isLong = left > LOGIN_DELAY_PATIENCE_MS;
  if (left === 0 || (visited && isLong)) return;
  const between = `${seconds(last.delayMs)} between two logins`;
  if (isLong) {
    throw new MailError(
      'login-delay',
      `${account.host} wants ${between}, and ${seconds(left)} of them are left; nothing was sent to it.`,
      { hint: `Try again in ${seconds(left)}; "schedule" should not be shorter than that time.` },
    );
  }
  await waitUnlessStopped(left, control);
}

/** Resolves after so long, or raises the reason of the stop or the abort that comes first. */
export async function waitUnlessStopped(
  milliseconds: number,
  { stop, abort }: Pick<PollControl, 'stop' | 'abort'>,
): Promise<void> {
  await pause(milliseconds, undefined, { signal: AbortSignal.any([stop, abort]) }).catch(() => {
    throw abortReason(abort.aborted ? abort : stop);
  });
}

/** Whether a poll may come back to the server in another session: at once, or after a wait that is short enough. */
export function mayComeBack({ loginDelay }: Pick<Transaction, 'loginDelay'>): boolean {
  return loginDelay * 1000 <= LOGIN_DELAY_PATIENCE_MS;
}

/** Notes a login, where the next one must not come too soon. */
export async function noteLogin(delayMs: number, { ledger, runtime }: Poll): Promise<void> {
  const least = Math.min(delayMs, LONGEST_LOGIN_DELAY_MS);
  await ledger.noteLogin(least === 0 ? undefined : { at: runtime.now(), delayMs: least });
}

/** Milliseconds until the next login; 0 also where the clock was set back since the last one, as then nobody knows. */
function timeLeft({ at, delayMs }: LastLogin, now: number): number {
  return now < at ? 0 : Math.max(0, at + delayMs - now);
}

function seconds(milliseconds: number): string {
  return `${Math.ceil(milliseconds / 1000)} s`;
}
