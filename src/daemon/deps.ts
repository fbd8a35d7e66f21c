import type { AccountConfiguration } from '../config/configuration.ts';
import type { AccountLedger, AccountSummary } from '../ledger/ledger.ts';
import type { Notice } from '../notices/notice.ts';
import type { PollControl } from '../poll/poll.ts';
import type { PollReport } from '../poll/report.ts';
import type { Runtime } from '../runtime.ts';

/** What the daemon works with. */
export interface DaemonDeps {
  readonly runtime: Runtime;
  readonly ledger: {
    account(name: string): AccountLedger;
    summaries(day: number): ReadonlyMap<string, AccountSummary>;
  };
  /** Polls once; never raises for what the account suffers. */
  readonly poll: (configuration: AccountConfiguration, control: PollControl) => Promise<PollReport>;
  readonly notify: (notice: Notice) => void;
  /** Is told of what a person may want to know. */
  readonly log: (level: 'info' | 'warn', message: string, account?: string) => void;
  /** Something may be due sooner than `sleepMs` said. */
  readonly changed: () => void;
}
