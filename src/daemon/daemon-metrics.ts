import type { Metric, Sample } from '../observe/metrics.ts';
import type { PollReport } from '../poll/report.ts';
import type { Daemon } from './daemon.ts';
import type { AccountStatus } from './status.ts';

const OUTCOMES = ['ok', 'partial', 'failed'] as const;

/** Counts what this process did; what was carried in all is the ledger's to say. */
export class PollCounts {
  readonly #polls = { ok: 0, partial: 0, failed: 0 };
  #seconds = 0;

  add({ outcome, durationMs }: PollReport): void {
    this.#polls[outcome] += 1;
    this.#seconds += durationMs / 1000;
  }

  metrics(): readonly Metric[] {
    return [
      {
        name: 'mailferry_polls_total',
        type: 'counter',
        help: 'Polls of this process, by outcome.',
        samples: OUTCOMES.map((outcome) => ({ labels: { outcome }, value: this.#polls[outcome] })),
      },
      metric(
        'mailferry_poll_seconds_total',
        'counter',
        'Time that the polls of this process took.',
        this.#seconds,
      ),
    ];
  }
}

/** What is known of the process. */
export interface ProcessFacts {
  readonly version: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly residentOctets: number;
  /** 99 of 100 turns of the event loop were late by no more than this, in seconds. */
  readonly loopDelaySeconds: number;
}

/** All metrics of a daemon. Those of messages come from the ledger, so that they agree with it. */
export function daemonMetrics(daemon: Daemon, counts: PollCounts, facts: ProcessFacts): readonly Metric[] {
  const accounts = daemon.status();
  const { accounts: all, failing, stopped, paused } = daemon.counts();
  return [
    {
      name: 'mailferry_info',
      type: 'gauge',
      help: 'Always 1; the label says the version.',
      samples: [{ labels: { version: facts.version }, value: 1 }],
    },
    metric('process_start_time_seconds', 'gauge', 'When this process began.', facts.startedAt / 1000),
    metric('process_resident_memory_bytes', 'gauge', 'Memory of this process.', facts.residentOctets),
    metric(
      'mailferry_event_loop_delay_seconds',
      'gauge',
      'How late the event loop was at most in 99 of 100 turns, since the last look.',
      facts.loopDelaySeconds,
    ),
    metric('mailferry_accounts', 'gauge', 'Accounts.', all),
    metric('mailferry_accounts_failing', 'gauge', 'Accounts whose last poll failed.', failing),
    metric(
      'mailferry_accounts_stopped',
      'gauge',
      'Accounts not tried any more after refused logins.',
      stopped,
    ),
    metric('mailferry_accounts_paused', 'gauge', 'Accounts that are paused.', paused),
    metric('mailferry_polls_running', 'gauge', 'Polls under way.', daemon.polling),
    metric('mailferry_polls_waiting', 'gauge', 'Polls that wait for their turn.', daemon.waiting),
    ...counts.metrics(),
    ...accountMetrics(accounts),
  ];
}

/** A metric with a sample for each account that has one. */
type PerAccount = (
  name: string,
  described: readonly [type: Metric['type'], help: string],
  valueOf: (status: AccountStatus) => number | undefined,
) => Metric;

function accountMetrics(accounts: readonly AccountStatus[]): readonly Metric[] {
  const each: PerAccount = (name, [type, help], valueOf) => ({
    name,
    type,
    help,
    samples: accounts.flatMap((status): Sample[] => {
      const value = valueOf(status);
      return value === undefined ? [] : [{ labels: { account: status.account }, value }];
    }),
  });
  return [...carriedMetrics(each), ...stateMetrics(each)];
}

function carriedMetrics(each: PerAccount): readonly Metric[] {
  return [
    each(
      'mailferry_messages_delivered_total',
      ['counter', 'Messages delivered, ever.'],
      ({ delivered }) => delivered.messages,
    ),
    each(
      'mailferry_octets_delivered_total',
      ['counter', 'Octets of delivered messages, as received, ever.'],
      ({ delivered }) => delivered.octets,
    ),
    each(
      'mailferry_messages_deleted_total',
      ['counter', 'Messages whose deletion the server confirmed, ever.'],
      ({ deleted }) => deleted,
    ),
    each(
      'mailferry_messages_quarantined',
      ['gauge', 'Messages that failed too often, as of the last poll.'],
      ({ report }) => report?.quarantined,
    ),
  ];
}

function stateMetrics(each: PerAccount): readonly Metric[] {
  return [
    each('mailferry_account_up', ['gauge', '1 when the last poll did not fail.'], ({ report }) =>
      report === null ? undefined : Number(report.outcome !== 'failed'),
    ),
    each('mailferry_account_failures', ['gauge', 'Polls that failed in a row.'], ({ failures }) => failures),
    each(
      'mailferry_last_success_timestamp_seconds',
      ['gauge', 'When a poll went well last.'],
      ({ lastSuccessAt }) => seconds(lastSuccessAt),
    ),
    each('mailferry_next_poll_timestamp_seconds', ['gauge', 'When the next poll is due.'], ({ nextPollAt }) =>
      seconds(nextPollAt),
    ),
    each(
      'mailferry_certificate_expiry_timestamp_seconds',
      ['gauge', 'When the certificate of the server ends.'],
      ({ certificateExpiresAt }) => seconds(certificateExpiresAt),
    ),
    each(
      'mailferry_after_mail_failures',
      ['gauge', 'How often in a row the command after mail has failed.'],
      ({ afterMail }) => afterMail?.failures,
    ),
    each(
      'mailferry_after_mail_waiting_messages',
      ['gauge', 'Messages that have come, and that the command after mail has not been run well for.'],
      ({ afterMail }) => afterMail?.waiting,
    ),
  ];
}

function metric(name: string, type: Metric['type'], help: string, value: number): Metric {
  return { name, type, help, samples: [{ value }] };
}

function seconds(time: string | null): number | undefined {
  return time === null ? undefined : Date.parse(time) / 1000;
}
