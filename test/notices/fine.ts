import type { AccountFacts } from '../../src/notices/facts.ts';

/** What is known of an account with which nothing is wrong; times in milliseconds since 1970. */
export function fineAt(now: number, lastSuccessAt: number | undefined): AccountFacts {
  return {
    account: 'work',
    failures: 0,
    stopped: false,
    paused: false,
    error: undefined,
    failed: false,
    quarantined: 0,
    overdueMs: 0,
    underWay: false,
    lastSuccessAt,
    certificateExpiresAt: undefined,
    afterMailTrouble: undefined,
    now,
  };
}
