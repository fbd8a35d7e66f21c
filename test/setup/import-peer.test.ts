import { expect, test } from 'vitest';
import { translateFetchmail } from '../../src/peers/fetchmail-accounts.ts';
import { parseFetchmailRc } from '../../src/peers/fetchmail-rc.ts';
import { type ImportPlan, planImport } from '../../src/setup/import-peer.ts';

/** The plan for a fetchmailrc of `me`, with that place given by `--deliver`. */
function plan(text: string, path?: string): ImportPlan {
  const around = { folder: '/home/me', localUser: 'me' };
  const accounts = translateFetchmail(parseFetchmailRc(text), around).map((account) => ({
    account,
    seen: [],
    seenIn: undefined,
    lookedFor: [],
  }));
  const deliver = path === undefined ? undefined : { type: 'maildir', path };
  const wishes = {
    peer: 'fetchmail',
    files: ['rc'],
    output: '/home/me/config.yaml',
    deliver,
    stateDir: undefined,
  } as const;
  return planImport({ accounts, remarks: [] }, wishes, () => undefined);
}

const FAMILY =
  'poll h proto pop3 user a is anna here pass x user b is bob here pass y\nskip old user c is cleo pass z';

test('the mail of several people in one place is warned of, in the file too', () => {
  const { warnings, configuration } = plan(FAMILY, '~/Mail');
  expect(warnings).toEqual([expect.stringMatching(/several people .*: of anna, bob\. .*\{account\}/)]);
  expect(configuration).toContain('# The mail of several people goes to one place');
});

test('{account} in the place gives each account one of its own', () => {
  const { warnings, configuration } = plan(FAMILY, '~/Mail/{account}');
  expect(warnings).toEqual([]);
  expect(configuration).toContain('path: ~/Mail/a@h }');
  expect(configuration).toContain('path: ~/Mail/b@h }');
});

test.each([
  'poll h proto pop3 user a is me here pass x\npoll g proto pop3 user b pass y',
  'poll h proto pop3 user a is x=anna here pass x\npoll g proto pop3 user b is anna here pass y',
])('mail of one person may come from several accounts: %j', (text) => {
  expect(plan(text, '~/Mail').warnings).toEqual([]);
});

test('no name of an account leads out of the place', () => {
  expect(plan('poll .. proto pop3 user a pass x', '~/Mail/{account}').configuration).toContain('~/Mail/-');
});

test.each([
  ['/usr/lib/dovecot/dovecot-lda -f %F', true],
  ['/usr/lib/dovecot/deliver', true],
  ['dovecot-lda -d joe -f %F -m Lists', true],
  ['dovecot-lda -e -f %F', false],
  ['dovecot-lda -f %F -e', false],
  ['procmail', false],
])('who gives mail to %s is warned of a program that does not keep what it takes: %s', (mda, isWarned) => {
  const { configuration } = plan(`poll a user x pass y is joe here mda "${mda}"`);
  expect(configuration.includes('the option -e:')).toBe(isWarned);
});
