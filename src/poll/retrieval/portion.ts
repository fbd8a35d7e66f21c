import { isDeletedAtOnce } from '../deletion-policy.ts';
import { MOST_LOST_SESSIONS, SESSION_MESSAGES, SESSION_MS, SESSION_OCTETS } from '../limits.ts';
import { isCalm, isIdentified, type Retrieval } from '../plan.ts';
import type { Poll } from '../poll.ts';

/**
 * The part of a plan that one session retrieves. `mayReconnect`: whether another session of this poll may follow; where none
 * may, this one takes also what would have one for itself.
 */
export function portionOf(
  retrievals: readonly Retrieval[],
  mayReconnect: boolean,
  { stalled }: Pick<Poll, 'stalled'>,
): readonly Retrieval[] {
  const portion = firstPortion(retrievals, mayReconnect && !stalled);
  return mayReconnect ? portion : cautious(portion);
}

/**
 * When a session has lasted long enough, by the monotonic clock. Undefined where it takes its whole portion: a session that
 * deletes nothing has nothing to lose.
 */
export function endOfSession(
  portion: readonly Retrieval[],
  mayReconnect: boolean,
  { stalled, account, runtime }: Pick<Poll, 'stalled' | 'account' | 'runtime'>,
): number | undefined {
  const mayEndEarly = mayReconnect && !stalled && portion.every(isIdentified);
  return mayEndEarly && isDeletedAtOnce(account.deletion) ? runtime.monotonic() + SESSION_MS : undefined;
}

/**
 * As many as one session should carry. Those that may cost a session have one for themselves. Those that only their
 * content tells apart come in the last session, all together: the next one could not know that they were carried.
 */
function firstPortion(retrievals: readonly Retrieval[], calmFirst: boolean): readonly Retrieval[] {
  const identified = retrievals.filter(isIdentified);
  const calm = calmFirst ? retrievals.filter(isCalm) : [];
  const first = calm.length > 0 ? calm : identified;
  let octets = 0;
  const end = first.findIndex(({ message }, index) => {
    octets += message.octets ?? 0;
    return index > 0 && (index >= SESSION_MESSAGES || octets > SESSION_OCTETS);
  });
  if (end >= 0) return first.slice(0, end);
  return first.length < identified.length ? first : retrievals;
}

/**
 * Where a poll has only one session, and several messages must be alone since such have ended polls before, all are asked
 * for alone: otherwise each poll would only get to the next one of them, and delete nothing.
 */
function cautious(retrievals: readonly Retrieval[]): readonly Retrieval[] {
  if (retrievals.filter(({ alone }) => alone).length < MOST_LOST_SESSIONS) return retrievals;
  return retrievals.map((retrieval) => ({ ...retrieval, alone: true }));
}
