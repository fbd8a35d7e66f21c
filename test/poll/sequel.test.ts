import { expect, test } from 'vitest';
import { type Sequel, type SessionResult, sequelOf } from '../../src/poll/sequel.ts';

const DONE: SessionResult = {
  more: false,
  left: 0,
  marked: { records: [], uncertain: 0 },
  mayComeBack: true,
};

const DELETED = { records: [1, 2], uncertain: 0 };
const UNCERTAIN = { records: [1], uncertain: 3 };

const cases: readonly [sentence: string, result: Partial<SessionResult>, sequel: Sequel][] = [
  [
    'nothing was left to do: nothing follows, and the maildrop is quiet',
    {},
    { next: 'nothing', isQuiet: true },
  ],
  ['something was deleted: it is not quiet yet', { marked: DELETED }, { next: 'nothing', isQuiet: false }],
  [
    'a lost session that had it all knows nothing of quiet',
    { marked: undefined },
    { next: 'nothing', isQuiet: false },
  ],
  [
    'mail is left, and the server lets us in again: another session',
    { more: true, left: 5 },
    { next: 'session' },
  ],
  ['a lost session is followed by another', { more: true, left: 5, marked: undefined }, { next: 'session' }],
  ['only content tells who some messages are: another session', { marked: UNCERTAIN }, { next: 'session' }],
  [
    'mail is left, and the server wants a long time between logins: the next poll takes it',
    { more: true, left: 5, mayComeBack: false },
    { next: 'poll', left: 5 },
  ],
  [
    'there, what is uncertain counts as left, too',
    { more: true, left: 5, marked: UNCERTAIN, mayComeBack: false },
    { next: 'poll', left: 8 },
  ],
  [
    'where nothing is left, nobody minds that time',
    { marked: DELETED, mayComeBack: false },
    { next: 'nothing', isQuiet: false },
  ],
];

test.each(cases)('after a session: %s', (_sentence, result, sequel) => {
  expect(sequelOf({ ...DONE, ...result })).toEqual(sequel);
});
