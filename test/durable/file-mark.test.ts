import { expect, test } from 'vitest';
import { mayBeSameFolder } from '../../src/durable/file-mark.ts';

test.each([
  ['the very same', ['7', '100'], ['7', '100'], true],
  [
    'one made at the same time, with a number that its file system gives anew',
    ['7', '100'],
    ['8', '100'],
    true,
  ],
  ['one made at another time', ['7', '100'], ['7', '200'], false],
  ['one of a file system that knows no times, nor did it before', ['7', undefined], ['8', undefined], true],
  ['one of another file system, which knows no times', ['7', '100'], ['8', undefined], false],
  ['one of another file system, which knows them', ['7', undefined], ['8', '100'], false],
  ['one that was made just then, when it was noted', ['7', undefined], ['7', '100'], true],
] as const)('a folder may be the one that was noted: %s', (_, [inode, born], [number, time], expected) => {
  expect(mayBeSameFolder({ inode, born }, { inode: number, born: time })).toBe(expected);
});
