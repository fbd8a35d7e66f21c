/** What a session has left to do, for another session of the poll or for the next poll. */
export interface SessionResult {
  /** Whether something of its plan is left to do, and how many messages it did not ask for. */
  readonly more: boolean;
  readonly left: number;
  /** What it marked as deleted, and of how many messages only their content tells who they are; undefined: it was lost before. */
  readonly marked: { readonly records: readonly unknown[]; readonly uncertain: number } | undefined;
  /** Whether the server lets somebody log in again soon enough for this poll (RFC 2449 §6.5). */
  readonly mayComeBack: boolean;
}

/**
 * What comes after a session: another one in the same poll; the next poll, for so many messages; or nothing. `isQuiet`: nothing
 * was deleted either, so that the maildrop is as it was listed.
 */
export type Sequel =
  | { readonly next: 'session' }
  | { readonly next: 'poll'; readonly left: number }
  | { readonly next: 'nothing'; readonly isQuiet: boolean };

/** Decides what comes after a session that has not failed. */
export function sequelOf({ more, left, marked, mayComeBack }: SessionResult): Sequel {
  const uncertain = marked?.uncertain ?? 0;
  if (!more && uncertain === 0) return { next: 'nothing', isQuiet: marked?.records.length === 0 };
  return mayComeBack ? { next: 'session' } : { next: 'poll', left: left + uncertain };
}
