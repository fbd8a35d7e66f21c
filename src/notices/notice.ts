/**
 * What is told to people. `silent`: no poll went well for so long; `partial`: for so long none carried everything; `test`:
 * somebody wants to see one.
 */
export type NoticeKind =
  | 'failing'
  | 'stopped'
  | 'recovered'
  | 'partial'
  | 'quarantined'
  | 'deletion-unconfirmed'
  | 'after-mail'
  | 'certificate'
  | 'silent'
  | 'test';

/** One change that somebody should know of. Its texts never hold a secret (I5). */
export interface Notice {
  readonly kind: NoticeKind;
  readonly account: string;
  /** One line. */
  readonly title: string;
  /** A few sentences: what happened, and what to do. */
  readonly text: string;
  /** Whether something is wrong; false for good news. */
  readonly bad: boolean;
  /** Milliseconds since 1970. */
  readonly at: number;
}
