import type { Account } from './account.ts';
import type { PollControl } from './poll.ts';
import { stoppedOnRequest } from './poll.ts';
import { type PollReport, Tally } from './report.ts';

/** How many accounts are polled at a time, in all and of one host. */
export interface Concurrency {
  readonly accounts: number;
  readonly perHost: number;
}

/**
 * Polls many accounts, as many at a time as `concurrency` allows; a host that hangs holds back only its own. The
 * reports come in the order of the accounts. An account that was not begun when the stop came reports that.
 */
export async function pollAll(
  accounts: readonly Account[],
  poll: (account: Account) => Promise<PollReport>,
  { concurrency, control }: { concurrency: Concurrency; control: PollControl },
): Promise<PollReport[]> {
  const reports = new Map<string, PollReport>();
  const waiting = [...accounts];
  const perHost = new Map<string, number>();
  const busy = (host: string): number => perHost.get(host) ?? 0;

  const worker = async (): Promise<void> => {
    for (;;) {
      const index = waiting.findIndex(({ host }) => busy(host) < concurrency.perHost);
      const account = waiting[index];
      if (account === undefined) return;
      waiting.splice(index, 1);
      perHost.set(account.host, busy(account.host) + 1);
      reports.set(account.name, control.stop.aborted ? notBegun(account) : await poll(account));
      perHost.set(account.host, busy(account.host) - 1);
    }
  };

  // A worker that finds only accounts of busy hosts ends; the one that frees the host goes on with them.
  await Promise.all(Array.from({ length: Math.min(concurrency.accounts, accounts.length) }, worker));
  return accounts.map(({ name }) => reports.get(name)).filter((report) => report !== undefined);
}

function notBegun({ name }: Account): PollReport {
  const tally = new Tally();
  tally.failure = stoppedOnRequest();
  return tally.report(name, 0);
}
