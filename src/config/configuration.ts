import type { Account } from '../poll/account.ts';
import type { Schedule } from '../schedule/cron.ts';

/** One account and when the daemon polls it. */
export interface AccountConfiguration {
  readonly account: Account;
  readonly schedule: Schedule;
}

/** A whole configuration, complete: every default filled in, every path absolute. */
export interface Configuration {
  /** Absolute path of the file that it was read from. */
  readonly path: string;
  /** Absolute path of the folder of the ledger. */
  readonly stateDir: string;
  readonly concurrency: {
    /** Accounts polled at a time. */
    readonly accounts: number;
    /** Accounts polled at a time on one host. */
    readonly perHost: number;
  };
  /** At least one, in the order of the file. */
  readonly accounts: readonly AccountConfiguration[];
}
