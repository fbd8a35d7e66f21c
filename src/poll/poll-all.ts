import type { MailError } from '../errors.ts';
import { type Concurrency, Turns } from '../schedule/turns.ts';
import type { Account } from './account.ts';
import type { PollControl } from './poll.ts';
import { stoppedOnRequest } from './poll.ts';
import { type PollReport, Tally } from './report.ts';
import { NO_TIMINGS } from './timings.ts';

/**
 * Polls many accounts, as many at a time as `concurrency` allows; a host that hangs holds back only its own. The
 * reports come in the order of the accounts. An account that was not begun when the stop came reports that.
 */
export async function pollAll(
  accounts: readonly Account[],
  poll: (account: Account) => Promise<PollReport>,
  { concurrency, control }: { concurrency: Concurrency; control: PollControl },
): Promise<PollReport[]> {
  const turns = new Turns(concurrency);
  const pollInTurn = (account: Account): Promise<PollReport> =>
    turns.run(account, async () => (control.stop.aborted ? notBegun(account) : poll(account)));
  return Promise.all(accounts.map(pollInTurn));
}

/** The report of a poll that was not begun; unless told otherwise, since a stop came first. */
export function notBegun({ name }: Account, why: MailError = stoppedOnRequest()): PollReport {
  const tally = new Tally();
  tally.failure = why;
  return tally.report(name, { durationMs: 0, timings: NO_TIMINGS });
}
