import { formatDuration } from '../schedule/duration.ts';
import type { Notice, NoticeKind } from './notice.ts';

/** When something is worth a notice. */
export interface NoticePolicy {
  /** So many polls must have failed in a row. */
  readonly afterFailures: number;
  /** A poll was due and none went well for so long, in milliseconds. */
  readonly silentMs: number;
  /** A certificate ends within so long, in milliseconds. */
  readonly certificateMs: number;
}

/** What was said already, so that each change is said once, also across restarts. */
export interface NoticeMemory {
  /** That it fails, is stopped, or is silent. */
  readonly ill: 'failing' | 'stopped' | 'silent' | undefined;
  readonly quarantined: number;
  /** Since when each poll had to leave something undone, in milliseconds since 1970; and whether that was told. */
  readonly partial: { readonly since: number; readonly told: boolean } | undefined;
  readonly deletionUnconfirmed: boolean;
  /** The ends of the certificates that were warned of: the front ends of one provider may have different ones. */
  readonly certificates: readonly number[];
}

export const NOTHING_NOTIFIED: NoticeMemory = {
  ill: undefined,
  quarantined: 0,
  partial: undefined,
  deletionUnconfirmed: false,
  certificates: [],
};

/** The ends of so many certificates are remembered. */
const MOST_CERTIFICATES = 16;

/** What is known of an account now. Times are in milliseconds since 1970. */
export interface AccountFacts {
  readonly account: string;
  readonly failures: number;
  /** Whether it is left alone after refused logins. */
  readonly stopped: boolean;
  readonly paused: boolean;
  readonly error:
    | { readonly code: string; readonly message: string; readonly hint: string | null }
    | undefined;
  /** Whether the last poll failed: then what it says of messages is not the whole truth. */
  readonly failed: boolean;
  readonly quarantined: number;
  /** How long a poll has been due without one that went well, in milliseconds in which the machine was awake. */
  readonly overdueMs: number;
  /** Whether a poll has begun only now, and may go well. */
  readonly underWay: boolean;
  readonly lastSuccessAt: number | undefined;
  readonly certificateExpiresAt: number | undefined;
  readonly now: number;
}

/** What is to be told now, and what is remembered as told. Depends on nothing else. */
export function decideNotices(
  before: NoticeMemory,
  facts: AccountFacts,
  policy: NoticePolicy,
): { readonly notices: readonly Notice[]; readonly memory: NoticeMemory } {
  const notices: Notice[] = [];
  const tell = (kind: NoticeKind, title: string, text: string): void => {
    const { account, now: at } = facts;
    notices.push({ kind, account, title: `${account}: ${title}`, text, bad: kind !== 'recovered', at });
  };

  const ill = illness(before.ill, facts, policy);
  if (ill !== before.ill) tellIllness(ill, facts, tell);

  const quarantined = facts.failed ? before.quarantined : facts.quarantined;
  if (quarantined > before.quarantined) {
    const count = quarantined - before.quarantined;
    tell(
      'quarantined',
      `${count === 1 ? 'a message' : `${count} messages`} could not be carried`,
      `It failed too often and stays on the server; everything else is carried. ${errorText(facts)}`,
    );
  }

  const partial = partialSince(before.partial, facts, policy);
  if (partial?.told === true && before.partial?.told !== true) {
    const title = `for ${roughly(facts.now - partial.since)}, no poll could do everything`;
    tell('partial', title, `The rest is carried. ${errorText(facts)}`);
  } else if (partial === undefined && before.partial?.told === true && ill === before.ill) {
    if (quarantined === 0)
      tell('recovered', 'everything is carried again', 'The last poll left nothing undone.');
  }

  // A report has one trouble only: that it names another does not mean that this one is over.
  const unconfirmed =
    facts.error?.code === 'deletion-unconfirmed' || (before.deletionUnconfirmed && !isDone(facts));
  if (unconfirmed && !before.deletionUnconfirmed) {
    tell('deletion-unconfirmed', 'waits for your word before it deletes on the server', errorText(facts));
  }

  const certificate = endingCertificate(facts, policy);
  if (certificate !== undefined && !before.certificates.includes(certificate)) {
    const day = new Date(certificate).toISOString().slice(0, 10);
    tell(
      'certificate',
      `the server's certificate ends on ${day}`,
      'If the provider does not renew it, no mail will be fetched from then on, since certificates are always checked.',
    );
  }
  const memory = {
    ill,
    quarantined,
    partial,
    deletionUnconfirmed: unconfirmed,
    certificates: warnedOf(before.certificates, certificate, facts.now),
  };
  return { notices, memory };
}

/** Whether the last poll left nothing undone; messages that are given up do not count, which was told when they were. */
function isDone({ failed, error }: AccountFacts): boolean {
  return !failed && error === undefined;
}

/** A poll that failed says nothing of what it would have left undone. What has a notice of its own does not begin it. */
function partialSince(
  before: NoticeMemory['partial'],
  facts: AccountFacts,
  { silentMs }: NoticePolicy,
): NoticeMemory['partial'] {
  if (facts.failed) return before;
  if (isDone(facts)) return undefined;
  if (facts.error?.code === 'deletion-unconfirmed') return before?.told === true ? before : undefined;
  // A beginning that lies ahead was noted before the clock was set back.
  const since = Math.min(before?.since ?? facts.now, facts.now);
  return { since, told: before?.told === true || facts.now - since >= silentMs };
}

/** One who was said to be ill stays so until a poll goes well; only being stopped is worse. */
function illness(
  before: NoticeMemory['ill'],
  { failures, stopped, paused, overdueMs, underWay }: AccountFacts,
  { afterFailures, silentMs }: NoticePolicy,
): NoticeMemory['ill'] {
  if (stopped) return 'stopped';
  if (paused) return before;
  const silent = overdueMs >= silentMs;
  if (before !== undefined && (failures > 0 || silent)) return before;
  if (failures >= afterFailures) return 'failing';
  return silent && !underWay ? 'silent' : undefined;
}

function tellIllness(
  ill: NoticeMemory['ill'],
  facts: AccountFacts,
  tell: (kind: NoticeKind, title: string, text: string) => void,
): void {
  switch (ill) {
    case undefined:
      return tell('recovered', 'works again', 'Mail is fetched again.');
    case 'stopped':
      return tell(
        'stopped',
        'login refused, no longer tried',
        `${errorText(facts)} So that the provider does not lock the account, it is left alone until its configuration or password changes, or somebody says: mailferry poll ${facts.account}`,
      );
    case 'failing':
      return tell(
        'failing',
        facts.failures === 1 ? 'a poll has failed' : `${facts.failures} polls in a row have failed`,
        errorText(facts),
      );
    case 'silent':
      return tell(
        'silent',
        `no poll went well for ${roughly(silenceMs(facts))}`,
        errorText(facts) || 'No poll was even tried; look at: mailferry status',
      );
  }
}

/** A success that lies ahead was noted before the clock was set back, and says nothing. */
function silenceMs({ overdueMs, lastSuccessAt, now }: AccountFacts): number {
  return Math.max(overdueMs, now - (lastSuccessAt ?? now));
}

function endingCertificate(
  { certificateExpiresAt, now }: AccountFacts,
  { certificateMs }: NoticePolicy,
): number | undefined {
  if (certificateExpiresAt === undefined || certificateExpiresAt - now > certificateMs) return undefined;
  return certificateExpiresAt;
}

/** What has ended is in nobody's use any more. */
function warnedOf(
  before: readonly number[],
  certificate: number | undefined,
  now: number,
): readonly number[] {
  const ends = new Set([...before, ...(certificate === undefined ? [] : [certificate])]);
  return [...ends].filter((end) => end > now).slice(-MOST_CERTIFICATES);
}

function errorText({ error }: AccountFacts): string {
  return error === undefined ? '' : [error.message, error.hint].filter((text) => text !== null).join(' ');
}

/** In the largest unit that fits. */
function roughly(milliseconds: number): string {
  const unit = [86_400_000, 3_600_000, 60_000, 1000].find((size) => milliseconds >= size) ?? 1;
  return formatDuration(Math.floor(milliseconds / unit) * unit);
}
