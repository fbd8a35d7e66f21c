import { octetsText } from '../../config/size.ts';
import type { StoredState } from '../../delivery/destination.ts';
import { isMultidropName } from '../../delivery/settings.ts';
import type { HistoryEntry, HistoryPlace } from '../../ledger/history.ts';
import type { DeletionPolicy } from '../../poll/deletion-policy.ts';
import { LINE_END_OCTETS } from '../../poll/listed-size.ts';
import type { Decision } from '../../poll/plan.ts';
import { formatDuration } from '../../schedule/duration.ts';
import { REASON_SENTENCES } from './reason-text.ts';
import { timeText } from './wording.ts';

/** Where a message was delivered to, and what has become of it there. */
export interface PlaceNow extends HistoryPlace {
  /** Null where nobody has looked. */
  readonly state: StoredState | null;
}

/** What the ledger has noted of a message, and what its places hold now. */
export interface EntryNow extends HistoryEntry {
  readonly places: readonly PlaceNow[];
}

/** Everything that is known about one message. */
export interface MessageFacts {
  readonly account: string;
  /** Whether the server has told what it lists. */
  readonly asked: boolean;
  /** What a poll would do with it now; undefined when the server does not list it, or was not asked. */
  readonly decision: Decision | undefined;
  /** Whether a poll would delete it now. */
  readonly deletedNow: boolean;
  /** Why some of what is due would stay on the server now. */
  readonly refusal: string | undefined;
  /** What the ledger has noted, newest first; several when a unique-id stood for several messages. */
  readonly entries: readonly EntryNow[];
  readonly deletion: DeletionPolicy;
  readonly now: number;
}

/** Why a message was or will be fetched, left or deleted, in sentences. Pure. */
export function explanationOf(facts: MessageFacts): readonly string[] {
  const { entries } = facts;
  return [
    ...(entries.length === 0
      ? ['The ledger knows nothing of it: it was never tried.']
      : entries.flatMap(pastOf)),
    presentOf(facts),
    ...futureOf(facts),
  ];
}

function pastOf(entry: EntryNow): readonly string[] {
  const {
    outcome,
    peer,
    triedAt,
    deliveredAt,
    attempts,
    lastError,
    goneAt,
    missingAt,
    deleSentAt,
    octets,
    listedOctets,
  } = entry;
  const lines: string[] = [];
  if (outcome === 'delivered') {
    lines.push(`Carried on ${timeText(deliveredAt ?? triedAt)} (${octetsText(octets ?? 0)} as received) to:`);
    lines.push(...entry.places.map(placeText));
    // A line end that only the server counts is nothing.
    if (octets !== null && listedOctets !== null && listedOctets - octets > LINE_END_OCTETS)
      lines.push(
        `It came with ${octets} octets, but was listed with ${listedOctets}. Unless the server lists such sizes by habit, it is not deleted there before you say so (fetch --confirm-delete).`,
      );
  } else if (outcome === 'failed' && deliveredAt !== null && attempts === 0) {
    lines.push(
      `Carried on ${timeText(deliveredAt)}, and to be carried once more ("mailferry refetch"), since it was not there any more:`,
    );
    lines.push(...entry.places.map(placeText));
  } else if (outcome === 'adopted') {
    const who =
      peer === null
        ? 'somebody said so ("mailferry adopt")'
        : `${peer} remembers it, since ${timeText(triedAt)}`;
    lines.push(`Counts as carried: ${who}. It was not downloaded by Mailferry, which will never delete it.`);
  } else {
    lines.push(
      `Tried ${attempts} times, last on ${timeText(triedAt)}, without success: ${lastError ?? 'unknown error'}`,
    );
    if (outcome === 'quarantined')
      lines.push('It failed too often and is left alone; it is tried once a day.');
  }
  if (goneAt !== null) lines.push(`The server confirmed on ${timeText(goneAt)} that it is deleted there.`);
  else if (missingAt !== null)
    lines.push(`Since ${timeText(missingAt)} the server does not list it any more, without our doing.`);
  else if (deleSentAt !== null)
    lines.push(`Its deletion was asked for on ${timeText(deleSentAt)}; the server has not confirmed it.`);
  return lines;
}

const STATES: Readonly<Record<StoredState, string>> = {
  intact: 'there as delivered',
  marked: 'there as delivered, but for fields that a mail program has written into its header',
  changed: 'changed since',
  missing: 'not there any more (moved or deleted by you?)',
  lost: 'not there any more, and the place itself is gone, was made anew or has lost its end',
  unreadable: 'cannot be read',
  'handed-over': 'taken over there',
};

function placeText({ destination, location, state }: PlaceNow): string {
  // What was handed over has no place that tells anybody anything, unless it says who got it.
  if (isMultidropName(destination)) return `    ${destination}: taken over there (${location})`;
  const where = destination.startsWith('mbox:') ? `at offset ${location}` : `as ${location}`;
  const place = state === 'handed-over' ? destination : `${destination}, ${where}`;
  return `    ${place}${state === null ? '' : `: ${STATES[state]}`}`;
}

function presentOf({ asked, decision }: MessageFacts): string {
  if (!asked) return 'The server was not asked.';
  if (decision === undefined) return 'The server does not list it now.';
  if (decision.action === 'retrieve')
    return `A poll now would fetch it: ${REASON_SENTENCES[decision.reason]}.`;
  return `A poll now would leave it where it is: ${REASON_SENTENCES[decision.reason]}.`;
}

/** What happens on the server, and when. */
function futureOf(facts: MessageFacts): readonly string[] {
  const { asked, decision, deletedNow, refusal, entries } = facts;
  const mayBeListed = entries.some(({ goneAt, missingAt }) => goneAt === null && missingAt === null);
  if (decision === undefined && (asked || !mayBeListed)) return [];
  if (deletedNow) return ['It would be deleted on the server in the same poll.'];
  const some = refusal === undefined ? [] : [`Of what is due now, some stays there: ${refusal}`];
  return [...policyOf(facts), ...some];
}

function policyOf({ entries, decision, deletion, now }: MessageFacts): readonly string[] {
  const record = entries.find(({ goneAt }) => goneAt === null);
  const isLeft = decision?.action === 'leave' || (decision === undefined && record?.outcome !== 'failed');
  if (record !== undefined && record.outcome !== 'delivered' && isLeft) {
    return ['It stays on the server: only what Mailferry itself has delivered is ever deleted.'];
  }
  switch (deletion.kind) {
    case 'never':
      return ['It stays on the server (delete: never).'];
    case 'after-delivery':
      return ['It is deleted on the server once it is safe here (delete: after-delivery).'];
    case 'after': {
      const from = record?.deliveredAt ?? now;
      const when = timeText(from + deletion.milliseconds);
      const unless =
        record?.places.every(({ state }) => state === 'handed-over') === true
          ? ''
          : ', unless it has changed here by then';
      return [
        `It is deleted on the server by the first poll after ${when} (delete: { after: ${formatDuration(deletion.milliseconds)} })${unless}.`,
      ];
    }
  }
  return [];
}
