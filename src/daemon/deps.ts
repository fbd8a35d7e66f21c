import type { AccountConfiguration } from '../config/configuration.ts';
import type { AccountLedger, AccountSummary } from '../ledger/ledger.ts';
import type { UnsentNotice } from '../notices/outbox.ts';
import type { PollControl } from '../poll/poll.ts';
import type { PollReport } from '../poll/report.ts';
import type { Runtime } from '../runtime.ts';
import type { ClockSet } from './clock-set.ts';

/** What the daemon works with. */
export interface DaemonDeps {
  readonly runtime: Runtime;
  readonly ledger: {
    account(name: string): AccountLedger;
    summaries(day: number): ReadonlyMap<string, AccountSummary>;
    /** The wall clock was set: what was delivered at those times was delivered so much later. */
    followClock(set: ClockSet): void;
  };
  /** Polls once; never raises for what the account suffers. */
  readonly poll: (configuration: AccountConfiguration, control: PollControl) => Promise<PollReport>;
  /** Sends a notice, some time; tells which places have not taken it yet. */
  readonly notify: (unsent: UnsentNotice) => void;
  /** Is told of what a person may want to know. */
  readonly log: (level: 'info' | 'warn', message: string, account?: string) => void;
  /** Something may be due sooner than `sleepMs` said. */
  readonly changed: () => void;
}
