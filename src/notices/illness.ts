import { type AccountFacts, errorText, type NoticeMemory, type NoticePolicy, roughly } from './facts.ts';
import type { Notice } from './notice.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Who becomes ill for the third time within a day goes up and down. */
const FALLS = 3;

type Illness = Pick<NoticeMemory, 'ill' | 'falls' | 'troubledAt'>;

/**
 * Whether an account is ill. One that goes up and down stays ill until it has been well for a day. Otherwise somebody would
 * be told that it fails, and that it works again, hundreds of times a day.
 */
export function judgeIllness(before: Illness, facts: AccountFacts, policy: NoticePolicy): Illness {
  const { now } = facts;
  const ill = illness(before.ill, facts, policy);
  // What lies ahead was noted before the clock was set back.
  const recent = before.falls.filter((at) => at <= now && now - at < DAY_MS);
  const falls = before.ill === undefined && ill !== undefined ? [...recent, now] : recent;
  const troubledAt = before.troubledAt && Math.min(before.troubledAt, now);
  if (troubledAt === undefined) return { ill, falls, troubledAt: falls.length < FALLS ? undefined : now };
  if (illness(undefined, facts, policy) !== undefined) {
    // To the hour is enough, and spares the ledger a note at each look.
    return { ill, falls, troubledAt: now - troubledAt < HOUR_MS ? troubledAt : now };
  }
  if (now - troubledAt < DAY_MS) return { ill: before.ill, falls, troubledAt };
  return ill === undefined ? { ill, falls: [], troubledAt: undefined } : { ill, falls, troubledAt };
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

/** What is told of an account that is ill from now on, or is no longer; undefined where that is as before. */
export function illnessChange(
  before: Illness,
  { ill, troubledAt }: Illness,
  facts: AccountFacts,
): Pick<Notice, 'kind' | 'title' | 'text'> | undefined {
  if (ill === before.ill) return undefined;
  if (ill === undefined) {
    const text =
      before.troubledAt === undefined ? 'Mail is fetched again.' : 'It has worked for a whole day.';
    return { kind: 'recovered', title: 'works again', text };
  }
  const { title, text } = illnessText(ill, facts);
  if (troubledAt === undefined || before.troubledAt !== undefined) return { kind: ill, title, text };
  return {
    kind: ill,
    title: `${title}, for the third time in a day`,
    text: `${text} It goes up and down; you are told next when it has worked for a whole day.`.trimStart(),
  };
}

function illnessText(ill: NonNullable<Illness['ill']>, facts: AccountFacts): Pick<Notice, 'title' | 'text'> {
  const error = errorText(facts);
  if (ill === 'silent') {
    const text = error || 'No poll was even tried; look at: mailferry status';
    return { title: `no poll went well for ${roughly(silenceMs(facts))}`, text };
  }
  if (ill === 'failing') {
    const { failures } = facts;
    const title = failures === 1 ? 'a poll has failed' : `${failures} polls in a row have failed`;
    return { title, text: [error, lastWellText(facts), REASSURANCE].filter(Boolean).join(' ') };
  }
  const text = `${error} So that the provider does not lock the account, it is left alone until its configuration or password changes, or somebody says: mailferry poll ${facts.account}`;
  return { title: 'login refused, no longer tried', text: text.trimStart() };
}

/** Whoever is told at night wants to know whether it can wait. */
const REASSURANCE = 'It is tried again by itself; what has not come yet stays on the server.';

/** What has worked an hour ago is no mistake in the configuration. */
function lastWellText({ lastSuccessAt, now }: AccountFacts): string {
  if (lastSuccessAt === undefined || lastSuccessAt > now) return '';
  return `The last poll that went well was ${roughly(now - lastSuccessAt)} ago.`;
}

/** A success that lies ahead was noted before the clock was set back, and says nothing. */
function silenceMs({ overdueMs, lastSuccessAt, now }: AccountFacts): number {
  return Math.max(overdueMs, now - (lastSuccessAt ?? now));
}
