import { describe, expect, test } from 'vitest';
import { decideNotices } from '../../src/notices/decide.ts';
import { type AccountFacts, NOTHING_NOTIFIED, type NoticeMemory } from '../../src/notices/facts.ts';
import { fineAt } from './fine.ts';

const HOUR = 3_600_000;
const POLICY = { afterFailures: 3, silentMs: 24 * HOUR, certificateMs: 14 * 24 * HOUR };
const NOW = Date.UTC(2026, 0, 2);

const FINE = fineAt(NOW, NOW);
const ERROR = { code: 'unreachable', message: 'Cannot reach it.', hint: 'Look at the line.' };
const REFUSED = { error: { code: 'message-refused', message: 'The server refuses it.', hint: null } };
const failed = (failures: number): AccountFacts => ({ ...FINE, failures, failed: true, error: ERROR });

/** The kinds of the notices that a history leads to, one list for each of its steps. */
function told(...history: readonly Partial<AccountFacts>[]): string[][] {
  let memory: NoticeMemory = NOTHING_NOTIFIED;
  return history.map((facts) => {
    const decided = decideNotices(memory, { ...FINE, ...facts }, POLICY);
    memory = decided.memory;
    return decided.notices.map(({ kind }) => kind);
  });
}

describe('notices', () => {
  test('tell of failures when there are enough in a row, once, and that it works again', () => {
    const history = [failed(1), failed(2), failed(3), failed(4), failed(50), FINE, FINE];
    expect(told(...history)).toEqual([[], [], ['failing'], [], [], ['recovered'], []]);
  });

  test('tell of a command after mail when it has failed often enough in a row, once, and that it goes well', () => {
    const fails = (failures: number): Partial<AccountFacts> => ({
      afterMailTrouble: { failures, error: ERROR },
    });
    expect(told(fails(1), FINE, fails(2), fails(3), fails(4), FINE, FINE)).toEqual([
      [],
      [],
      [],
      ['after-mail'],
      [],
      ['recovered'],
      [],
    ]);
    expect(told({ ...failed(3), ...fails(3) }, fails(4))).toEqual([['failing', 'after-mail'], ['recovered']]);
  });

  test('tell nothing of a failure that goes by itself', () => {
    expect(told(failed(1), failed(2), FINE)).toEqual([[], [], []]);
  });

  test('tell at once that an account is not tried any more, also when it was failing already', () => {
    const stopped = { ...failed(3), stopped: true };
    expect(told(stopped, stopped, FINE)).toEqual([['stopped'], [], ['recovered']]);
    expect(told(failed(3), stopped)).toEqual([['failing'], ['stopped']]);
  });

  test('tell of silence once, and not in addition to failures', () => {
    const late = { overdueMs: 25 * HOUR };
    expect(told(late, late, FINE)).toEqual([['silent'], [], ['recovered']]);
    expect(told(failed(3), { ...failed(9), ...late })).toEqual([['failing'], []]);
    expect(told({ ...late, paused: true })).toEqual([[]]);
  });

  test('wait with silence for a poll that has only just begun, and do not call it well either', () => {
    const late = { overdueMs: 25 * HOUR };
    expect(told({ ...late, underWay: true }, late, { ...late, underWay: true })).toEqual([
      [],
      ['silent'],
      [],
    ]);
  });

  test('say since when no poll went well, whatever a clock that was set back makes of the last one', () => {
    const titleOf = (lastSuccessAt: number | undefined): string | undefined =>
      decideNotices(NOTHING_NOTIFIED, { ...FINE, overdueMs: 25 * HOUR, lastSuccessAt }, POLICY).notices[0]
        ?.title;
    expect(titleOf(NOW - 8 * 24 * HOUR)).toBe('work: no poll went well for 8d');
    expect(titleOf(NOW + 8 * 24 * HOUR)).toBe('work: no poll went well for 1d');
    expect(titleOf(undefined)).toBe('work: no poll went well for 1d');
  });

  test('do not say that a paused account works again', () => {
    expect(told(failed(3), { ...FINE, paused: true, overdueMs: 25 * HOUR })).toEqual([['failing'], []]);
  });

  test('tell of each message that is quarantined, and not again after a poll that saw none', () => {
    const history = [{ quarantined: 1 }, failed(1), { quarantined: 1 }, { quarantined: 3 }, {}];
    expect(told(...history)).toEqual([['quarantined'], [], [], ['quarantined'], []]);
  });

  test('tell once that a mass deletion waits', () => {
    const waits = { error: { code: 'deletion-unconfirmed', message: 'm', hint: 'h' } };
    expect(told(waits, failed(1), waits, FINE, waits)).toEqual([
      ['deletion-unconfirmed'],
      [],
      [],
      [],
      ['deletion-unconfirmed'],
    ]);
  });

  test('tell of a mass deletion once, though other troubles come before it in a report, until all is done', () => {
    const waits = { error: { code: 'deletion-unconfirmed', message: 'm', hint: 'h' } };
    expect(told(waits, REFUSED, waits, REFUSED, waits, { quarantined: 0 }, waits)).toEqual([
      ['deletion-unconfirmed'],
      [],
      [],
      [],
      [],
      [],
      ['deletion-unconfirmed'],
    ]);
  });

  test('tell once of an account that leaves something undone for a day, and when everything is done again', () => {
    const at = (hours: number, facts: Partial<AccountFacts>): Partial<AccountFacts> => ({
      ...facts,
      now: NOW + hours * HOUR,
    });
    const day = [at(0, REFUSED), at(1, failed(1)), at(23, REFUSED), at(24, REFUSED), at(25, REFUSED)];
    expect(told(...day, at(26, failed(1)), at(27, FINE), at(28, REFUSED), at(51, REFUSED))).toEqual([
      [],
      [],
      [],
      ['partial'],
      [],
      [],
      ['recovered'],
      [],
      [],
    ]);
    expect(told(at(0, REFUSED), at(12, FINE), at(24, REFUSED), at(47, REFUSED))).toEqual([[], [], [], []]);
  });

  test('do not say that everything is done where messages were given up', () => {
    const later = { now: NOW + 25 * HOUR };
    expect(told(REFUSED, { ...REFUSED, ...later, quarantined: 1 }, { ...later, quarantined: 1 })).toEqual([
      [],
      ['quarantined', 'partial'],
      [],
    ]);
  });

  test('tell once for each certificate that is about to end', () => {
    const ends = (days: number): Partial<AccountFacts> => ({ certificateExpiresAt: NOW + days * 24 * HOUR });
    expect(told(ends(15), ends(13), ends(13), {}, ends(13), ends(90), ends(10))).toEqual([
      [],
      ['certificate'],
      [],
      [],
      [],
      [],
      ['certificate'],
    ]);
  });

  test('tell once of each of several certificates that a server shows in turn', () => {
    const ends = (days: number): Partial<AccountFacts> => ({ certificateExpiresAt: NOW + days * 24 * HOUR });
    const rounds = Array.from({ length: 20 }, () => [ends(10), ends(300), ends(7)]).flat();
    expect(told(...rounds).flat()).toEqual(['certificate', 'certificate']);
  });

  test('remember certificates only as long as they count, and not without end', () => {
    const many = Array.from({ length: 40 }, (_, index) => NOW + (1 + index / 10) * HOUR);
    const remembered = many.reduce(
      (memory, certificateExpiresAt) =>
        decideNotices(memory, { ...FINE, certificateExpiresAt }, POLICY).memory,
      NOTHING_NOTIFIED,
    );
    expect(remembered.certificates).toHaveLength(16);
    const later = { ...FINE, now: NOW + 6 * HOUR };
    expect(decideNotices(remembered, later, POLICY)).toEqual({ notices: [], memory: NOTHING_NOTIFIED });
  });

  test('say what is wrong and what to do', () => {
    const { notices } = decideNotices(NOTHING_NOTIFIED, { ...failed(3), lastSuccessAt: undefined }, POLICY);
    expect(notices).toEqual([
      {
        kind: 'failing',
        account: 'work',
        title: 'work: 3 polls in a row have failed',
        text: 'Cannot reach it. Look at the line. It is tried again by itself; what has not come yet stays on the server.',
        bad: true,
        at: NOW,
      },
    ]);
  });

  test('of an account that fails say since when, so that an outage is told from a mistake in the configuration', () => {
    const text = (lastSuccessAt: number | undefined): string | undefined =>
      decideNotices(NOTHING_NOTIFIED, { ...failed(3), lastSuccessAt }, POLICY).notices[0]?.text;
    expect(text(NOW - 2.5 * HOUR)).toContain('The last poll that went well was 2h ago.');
    expect(text(undefined)).not.toContain('last poll');
    // Noted before the clock was set back.
    expect(text(NOW + HOUR)).not.toContain('last poll');
  });
});
