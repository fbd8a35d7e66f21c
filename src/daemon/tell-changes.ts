import { asMailError } from '../errors.ts';
import { decideNotices } from '../notices/decide.ts';
import type { NoticePolicy } from '../notices/facts.ts';
import type { DaemonDeps } from './deps.ts';
import { factsOf, type Member } from './member.ts';
import type { KeptNotice } from './standing.ts';

/** How many notices of an account are kept for places that take none; there are no more kinds of trouble than that. */
const MOST_UNSENT = 20;

/** Tells what has changed about an account since somebody was told. */
export function tellChanges(
  member: Member,
  policy: NoticePolicy,
  deps: Pick<DaemonDeps, 'runtime' | 'notify' | 'log'>,
): void {
  const before = member.standing.notified;
  const { notices, memory } = decideNotices(before, factsOf(member, deps.runtime), policy);
  if (JSON.stringify(before) === JSON.stringify(memory)) return;
  const told = notices.map((notice): KeptNotice => ({ notice, places: undefined }));
  const unsent = [...member.standing.unsent, ...told].slice(-MOST_UNSENT);
  // Kept together with the memory of it: after a kill it is neither told twice nor forgotten.
  member.telling = member
    .note({ ...member.standing, notified: memory, unsent })
    .catch((error: unknown) => deps.log('warn', asMailError(error).message, member.name))
    .then(() => told.forEach((kept) => member.tell(kept, deps)));
}
