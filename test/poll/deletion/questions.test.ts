import { describe, expect, test } from 'vitest';
import { Questions } from '../../../src/poll/deletion/questions.ts';

const asked = (before: object, isConfirmed = true): Questions =>
  new Questions('work', { isConfirmed, before: JSON.stringify(before), configured: [] });

describe('I1: a word that confirms deletions', () => {
  test('counts for twice as many as were asked about, and for not one more', () => {
    expect(asked({ lost: 3 }).allows('lost', 6, 'six')).toBe(true);
    expect(asked({ lost: 3 }).allows('lost', 7, 'seven')).toBe(false);
    expect(asked({ lost: 3 }, false).allows('lost', 3, 'three')).toBe(false);
  });

  test('counts, where nothing was asked, for many and for nothing else', () => {
    expect(asked({}).allows('many', 1000, 'many')).toBe(true);
    expect(asked({}).allows('lost', 1, 'lost')).toBe(false);
    expect(asked({}).allows('cut', 1, 'cut')).toBe(false);
    expect(asked({ lost: 1 }).allows('many', 1000, 'many')).toBe(false);
  });

  test('goes on to count for what it answered as long as something else is asked', () => {
    const questions = asked({ many: 200 });
    expect(questions.allows('many', 200, 'many')).toBe(true);
    expect(questions.noted).toBe('{}');
    expect(questions.allows('lost', 4, 'lost')).toBe(false);
    expect(JSON.parse(questions.noted)).toEqual({ many: 200, lost: 4 });
  });
});

test('of two questions of one kind the one about more messages is told, and refetch only where something is lost', () => {
  const questions = asked({}, false);
  for (const count of [3, 5, 4]) questions.allows('cut', count, `${count} are cut.`);
  expect(questions.asked).toMatchObject({ message: '5 are cut.' });
  expect(questions.asked?.hint).not.toContain('refetch');
  questions.allows('lost', 1, '1 is lost.');
  expect(questions.asked?.hint).toContain('mailferry refetch work.');
});
