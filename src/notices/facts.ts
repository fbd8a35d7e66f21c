import { formatDuration } from '../schedule/duration.ts';

/** When something is worth a notice. */
export interface NoticePolicy {
  /** How many polls must have failed in a row. */
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
  /** When it became so of late, in milliseconds since 1970. */
  readonly falls: readonly number[];
  /** When it was so last, roughly, while it goes up and down; undefined where it does not. */
  readonly troubledAt: number | undefined;
  readonly quarantined: number;
  /** Since when each poll had to leave something undone, in milliseconds since 1970; and whether that was told. */
  readonly partial: { readonly since: number; readonly told: boolean } | undefined;
  readonly deletionUnconfirmed: boolean;
  /** That the command after mail fails. */
  readonly afterMail: boolean;
  /** The ends of the certificates that were warned of: the front ends of one provider may have different ones. */
  readonly certificates: readonly number[];
}

export const NOTHING_NOTIFIED: NoticeMemory = {
  ill: undefined,
  falls: [],
  troubledAt: undefined,
  quarantined: 0,
  partial: undefined,
  deletionUnconfirmed: false,
  afterMail: false,
  certificates: [],
};

/** What is wrong, and what to do about it where that is known. */
export interface ToldError {
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
}

/** What is known of an account now. Times are in milliseconds since 1970. */
export interface AccountFacts {
  readonly account: string;
  readonly failures: number;
  /** Whether it is left alone after refused logins. */
  readonly stopped: boolean;
  readonly paused: boolean;
  readonly error: ToldError | undefined;
  /** Whether the last poll failed: then what it says of messages is not the whole truth. */
  readonly failed: boolean;
  readonly quarantined: number;
  /** How long a poll has been due without one that went well, in milliseconds in which the machine was awake. */
  readonly overdueMs: number;
  /** Whether a poll has begun only now, and may go well. */
  readonly underWay: boolean;
  readonly lastSuccessAt: number | undefined;
  readonly certificateExpiresAt: number | undefined;
  /** How often in a row the command after mail has failed, and why; undefined where it has not. */
  readonly afterMailTrouble: { readonly failures: number; readonly error: ToldError } | undefined;
  readonly now: number;
}

/** What is wrong, and what to do. */
export function errorText({ error }: { readonly error?: ToldError | undefined }): string {
  return error === undefined ? '' : [error.message, error.hint].filter((text) => text !== null).join(' ');
}

/** A length of time in the largest unit that fits. */
export function roughly(milliseconds: number): string {
  const unit = [86_400_000, 3_600_000, 60_000, 1000].find((size) => milliseconds >= size) ?? 1;
  return formatDuration(Math.floor(milliseconds / unit) * unit);
}
