import { describe, expect, test } from 'vitest';
import { decideNotices } from '../../src/notices/decide.ts';
import { type AccountFacts, NOTHING_NOTIFIED, type NoticeMemory } from '../../src/notices/facts.ts';
import type { Notice } from '../../src/notices/notice.ts';
import { fineAt } from './fine.ts';

const HOUR = 3_600_000;
const POLICY = { afterFailures: 2, silentMs: 24 * HOUR, certificateMs: HOUR };
const BEGIN = Date.UTC(2026, 0, 2);
const FINE = fineAt(BEGIN, undefined);

/** An account over hours, each of which its failures in a row are known of. */
class Account {
  readonly told: Notice[] = [];
  memory: NoticeMemory = NOTHING_NOTIFIED;
  now: number = BEGIN;

  hours(
    count: number,
    failures: number | ((hour: number) => number),
    more: Partial<AccountFacts> = {},
  ): void {
    for (let hour = 0; hour < count; hour += 1) {
      const inARow = typeof failures === 'number' ? failures : failures(hour);
      const facts = { ...FINE, ...more, failures: inARow, failed: inARow > 0, now: this.now };
      const { notices, memory } = decideNotices(this.memory, facts, POLICY);
      this.told.push(...notices);
      this.memory = memory;
      this.now += HOUR;
    }
  }

  get kinds(): string[] {
    return this.told.map(({ kind }) => kind);
  }
}

const upAndDown = (hour: number): number => hour % 3;

describe('an account that goes up and down', () => {
  const FIRST = ['failing', 'recovered', 'failing', 'recovered', 'failing'];

  test('is told five times, the last time with that, and then when it has worked for a whole day', () => {
    const work = new Account();
    work.hours(24 * 7, upAndDown);
    expect(work.kinds).toEqual(FIRST);
    expect(work.told.at(-1)).toMatchObject({
      title: 'work: 2 polls in a row have failed, for the third time in a day',
      text: expect.stringContaining(
        'It goes up and down; you are told next when it has worked for a whole day.',
      ),
    });
    work.hours(22, 0);
    expect(work.kinds).toEqual(FIRST);
    work.hours(3, 0);
    expect(work.told.at(-1)).toMatchObject({ kind: 'recovered', text: 'It has worked for a whole day.' });
    work.hours(3, upAndDown);
    expect(work.told.at(-1)?.title).toBe('work: 2 polls in a row have failed');
  });

  test('is well though a single poll fails now and then, which is no illness anywhere else', () => {
    const work = new Account();
    work.hours(9, upAndDown);
    work.hours(48, (hour) => (hour % 8 === 0 ? 1 : 0));
    expect(work.kinds).toEqual([...FIRST, 'recovered']);
  });

  test('is told all the same that it is not tried any more', () => {
    const work = new Account();
    work.hours(12, upAndDown);
    work.hours(1, 3, { stopped: true });
    expect(work.told.at(-1)).toMatchObject({
      kind: 'stopped',
      title: 'work: login refused, no longer tried',
    });
  });

  test('is one that becomes ill three times within a day, and no other', () => {
    const work = new Account();
    work.hours(24 * 7, (hour) => (hour % 13 < 2 ? 2 : 0));
    expect(new Set(work.told.map(({ title }) => title))).toEqual(
      new Set(['work: 2 polls in a row have failed', 'work: works again']),
    );
  });

  test('is not held to be ill for a year after the clock was set back by one', () => {
    const work = new Account();
    work.hours(12, upAndDown);
    work.now -= 365 * 24 * HOUR;
    work.hours(25, 0);
    expect(work.kinds).toEqual([...FIRST, 'recovered']);
  });
});
