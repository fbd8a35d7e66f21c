import { type AccountFacts, errorText, type NoticeMemory, type NoticePolicy, roughly } from './facts.ts';
import { illnessChange, judgeIllness } from './illness.ts';
import type { Notice, NoticeKind } from './notice.ts';

/** The ends of so many certificates are remembered. */
const MOST_CERTIFICATES = 16;

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

  const illness = judgeIllness(before, facts, policy);
  const change = illnessChange(before, illness, facts);
  if (change !== undefined) tell(change.kind, change.title, change.text);

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
  } else if (partial === undefined && before.partial?.told === true && change === undefined) {
    if (quarantined === 0)
      tell('recovered', 'everything is carried again', 'The last poll left nothing undone.');
  }

  // A report has one trouble only: that it names another does not mean that this one is over.
  const unconfirmed =
    facts.error?.code === 'deletion-unconfirmed' || (before.deletionUnconfirmed && !isDone(facts));
  if (unconfirmed && !before.deletionUnconfirmed) {
    tell('deletion-unconfirmed', 'waits for your word before it deletes on the server', errorText(facts));
  }

  const afterMail = afterMailFails(before, facts, policy);
  if (afterMail !== before.afterMail) tell(...commandChange(afterMail, facts));

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
    ...illness,
    quarantined,
    partial,
    deletionUnconfirmed: unconfirmed,
    afterMail,
    certificates: warnedOf(before.certificates, certificate, facts.now),
  };
  return { notices, memory };
}

function commandChange(
  fails: boolean,
  { afterMailTrouble }: AccountFacts,
): readonly [NoticeKind, string, string] {
  return fails
    ? ['after-mail', 'the afterMail command fails', errorText(afterMailTrouble ?? {})]
    : [
        'recovered',
        'the afterMail command fails no longer',
        'It has gone well, or is not configured any more.',
      ];
}

/** Once told, it fails until it has gone well. */
function afterMailFails(
  before: NoticeMemory,
  { afterMailTrouble }: AccountFacts,
  { afterFailures }: NoticePolicy,
): boolean {
  return afterMailTrouble !== undefined && (before.afterMail || afterMailTrouble.failures >= afterFailures);
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
