import { describe, expect, test } from 'vitest';
import { withAccount } from '../../src/config/add-account.ts';

const NEW = {
  name: 'new',
  comments: ['A comment of its own.'],
  keys: [
    { key: 'host', value: 'pop.example.org' },
    { key: 'delete', value: 'never', note: 'or another' },
  ],
};

const ADDED = (indent: string): string =>
  [
    `${indent}new:`,
    `${indent}  # A comment of its own.`,
    `${indent}  host: pop.example.org`,
    `${indent}  delete: never   # or another\n`,
  ].join('\n');

describe('an account is added behind the last one', () => {
  test.each([
    ['at the end of the file', 'accounts:\n  a:\n    host: x\n', `\n${ADDED('  ')}`, ''],
    ['where the file ends without a line end', 'accounts:\n  a:\n    host: x', `\n\n${ADDED('  ')}`, ''],
    [
      'before what else the file holds',
      'accounts:\n  a:\n    host: x\n',
      `\n${ADDED('  ')}`,
      '\nstateDir: /s\n',
    ],
    [
      'where the accounts are indented further',
      'accounts:\n    a:\n        host: x\n',
      `\n${ADDED('    ')}`,
      '',
    ],
    [
      'where accounts are in one line each',
      'accounts:\n  a: { host: x }\n  b: { host: y }\n',
      ADDED('  '),
      '# the end\n',
    ],
    [
      'behind a list and a comment in it',
      'accounts:\n  a:\n    deliver:\n    - x # one\n    # two\n',
      `\n${ADDED('  ')}`,
      '',
    ],
    [
      'behind text of several lines',
      'accounts:\n  a:\n    afterMail: |\n      one\n\n      two\n',
      `\n${ADDED('  ')}`,
      '',
    ],
    [
      'with blank lines around accounts',
      'accounts:\n\n  a:\n    x: y\n\n  b:\n    x: y\n',
      `\n${ADDED('  ')}`,
      '\n\n# c\n',
    ],
    [
      'beside references of YAML',
      'x: &x { host: h }\naccounts:\n  a: *x\n  b:\n    k: *x\n',
      ADDED('  '),
      '',
    ],
  ])('%s', (_, before, added, after) => {
    expect(withAccount(before + after, NEW)).toBe(before + added + after);
  });
});

describe('an account is not added', () => {
  test.each([
    ['to JSON', '{ "accounts": { "a": { "host": "x" } } }\n'],
    ['to accounts in braces', 'accounts: { a: { host: x } }\n'],
    ['to accounts in braces over several lines', 'accounts: {\n  a: { host: x }\n}\n'],
    ['to accounts that are written elsewhere', 'x: &x\n  a:\n    host: x\naccounts: *x\n'],
    ['where there are none', 'stateDir: /s\n'],
    ['where an account of that name is there', 'accounts:\n  new:\n    host: x\n'],
    ['to a file that is broken', 'accounts:\n  a: {\n'],
    ['to a file with the line ends of Windows', 'accounts:\r\n  a:\r\n    host: x\r\n'],
    ['to a file that is not in UTF-8', 'accounts:\n  a:\n    host: x # \uFFFD\n'],
    ['behind the end of the document', 'accounts:\n  a:\n    host: x\n...\n---\n'],
    ['to what is no mapping', '- accounts\n'],
  ])('%s', (_, text) => {
    expect(withAccount(text, NEW)).toBeUndefined();
  });
});
