import type { Destination } from '../delivery/destination.ts';
import { MailError } from '../errors.ts';
import type { AccountLedger } from '../ledger/ledger.ts';
import type { RecordId } from '../ledger/record.ts';
import type { SessionOptions } from '../pop3-client/options.ts';
import type { Transaction } from '../pop3-client/transaction.ts';
import type { Runtime } from '../runtime.ts';
import type { Account } from './account.ts';
import type { Questions } from './deletion/questions.ts';
import type { FramingTrouble } from './framing-trouble.ts';
import type { SizeExperience } from './listed-size.ts';
import type { PollObserver } from './observer.ts';
import type { Tally } from './report.ts';
import type { Inspected } from './stored-states.ts';
import type { Stopwatch } from './timings.ts';

/** How a poll is stopped from outside. */
export interface PollControl {
  /** Finish what is under way, delete what is safe, QUIT. */
  readonly stop: AbortSignal;
  /** Break off; what is safe and recorded stays so. */
  readonly abort: AbortSignal;
  /** Somebody was asked, and wants an unusual number of messages to be deleted. */
  readonly confirmDelete?: boolean | undefined;
}

/** Connects to the server of an account and logs in; `watch` hears how far it has come. */
export type OpenSession = (
  account: Account,
  signal: AbortSignal,
  how?: Pick<SessionOptions, 'watch' | 'expected'>,
) => Promise<Transaction>;

/** One poll of one maildrop, of one session or several: what all its steps share. */
export interface Poll {
  readonly account: Account;
  readonly ledger: AccountLedger;
  /** Opened once the ledger holds the mark of the poll. */
  destinations: readonly Destination[];
  readonly openSession: OpenSession;
  readonly runtime: Runtime;
  readonly observer: PollObserver;
  readonly control: PollControl;
  readonly tally: Tally;
  readonly stopwatch: Stopwatch;
  /** What somebody has to be asked about. */
  readonly questions: Questions;
  readonly framing: FramingTrouble;
  readonly sizes: SizeExperience;
  /** Whether this poll has had a session already, so that the lock on the maildrop may be its own. */
  visited: boolean;
  /** Whether the last session led to nothing new, so that what was put off has its turn now. */
  stalled: boolean;
  /** The records of all messages that were retrieved in this poll. */
  readonly retrieved: Set<RecordId>;
  /** The records whose deletion was confirmed in this poll; a server may forget it and confirm it again. */
  readonly gone: Set<RecordId>;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** Whether the poll before this one never ended, so that something may be delivered and not recorded (I3). */
  readonly interrupted: boolean;
  /**
   * Whether some message has not come since a poll that never ended, which may have handed it over (I3). What names show was
   * recorded by the poll after that one.
   */
  readonly inDoubt: boolean;
  /**
   * Whether the poll that never ended had nothing to ask any more about a lost ledger. Otherwise it has delivered nothing to an account that the
   * ledger does not know, and answered nothing.
   */
  readonly wasPastAsking: boolean;
  /** Whether the ledger knew nothing of the account when this poll began: it is its first, or the ledger was lost. */
  readonly wasNew: boolean;
  /**
   * Whether the ledger is known by now to have been put back from a backup, so that it lacks what was carried since (I8).
   */
  ledgerWasPutBack: boolean;
  /** Whether only a name in a Maildir says so. Then names do not prove whose a message is, either. */
  mistrustsNames: boolean;
}

/** What deletions are decided from. The destinations are only looked at. */
export type Deciding = Pick<Poll, 'account' | 'ledger' | 'tally' | 'questions' | 'framing' | 'startedAt'> & {
  readonly destinations: readonly Inspected[];
};

/** The failure of a poll that was stopped before it was done. */
export function stoppedOnRequest(): MailError {
  return new MailError('aborted', 'Stopped on request before all was done.', {
    hint: 'What was already safe stays safe; the next poll goes on from there.',
  });
}

/**
 * Whether mail that stands at a destination without a record is known only by what is stored there. Not where a poll was
 * merely killed: it has just left that mail, and knew what it was, unless the ledger knows nothing at all.
 */
export function wasLost({ interrupted, ledgerWasPutBack, wasNew, ledger }: Poll): boolean {
  return ledgerWasPutBack || wasNew || !interrupted || ledger.replaced !== undefined;
}
