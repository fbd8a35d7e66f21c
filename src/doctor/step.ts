import type { ErrorCode, MailError } from '../errors.ts';

/** What is looked at, in this order. */
export const STEP_NAMES = [
  'password',
  'preconnect',
  'name',
  'connection',
  'encryption',
  'greeting',
  'login',
  'listing',
  'plan',
  'destination',
  'ledger',
  'schedule',
  'afterMail',
] as const;

export type StepName = (typeof STEP_NAMES)[number];

/** What was found at one step. `doubtful`: it works, and somebody should know all the same. */
export interface Step {
  readonly step: StepName;
  readonly state: 'good' | 'doubtful' | 'wrong';
  /** One sentence or a few words about what was found. */
  readonly found: string;
  /** What to do about it. */
  readonly remedy: string | null;
  /** What went wrong, as a stable code. */
  readonly code: ErrorCode | null;
}

/** Everything that was found of one account. Stable and documented: the object of `doctor --json`. */
export interface Examination {
  readonly account: string;
  readonly healthy: boolean;
  /** Up to the first that is wrong. */
  readonly steps: readonly Step[];
}

/** A step at which nothing is wrong. */
export function good(step: StepName, found: string): Step {
  return { step, state: 'good', found, remedy: null, code: null };
}

/** A step that works although somebody should do something about what was found. */
export function doubtful(step: StepName, found: string, remedy: string): Step {
  return { step, state: 'doubtful', found, remedy, code: null };
}

/** A step that failed: the error says what is wrong, and its hint is the remedy. */
export function wrong(step: StepName, { message, hint, code }: MailError): Step {
  return { step, state: 'wrong', found: message, remedy: hint ?? null, code };
}
