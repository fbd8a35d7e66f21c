import { expect, test } from 'vitest';
import { passwordsText, toldOfImport } from '../../src/cli/words/import-text.ts';
import { Secret } from '../../src/secret.ts';
import type { ImportedAccount } from '../../src/setup/import-peer.ts';

function imported(name: string, more: Partial<ImportedAccount> = {}): ImportedAccount {
  return {
    name,
    disabled: false,
    seen: [],
    seenIn: undefined,
    lookedFor: ['/home/me/.fetchids'],
    open: [],
    ...more,
  };
}

function said(...accounts: ImportedAccount[]): string[] {
  return toldOfImport(accounts, 'fetchmail').map(({ about, text }) => `${about}: ${text}`);
}

function file(name: string): { path: string; password: Secret } {
  return { path: `/etc/mailferry/passwords/${name}`, password: new Secret('x') };
}

test('what is the same for several imported accounts is said once, and what each lacks comes last', () => {
  const open = ['deliver'];
  expect(
    said(
      imported('a', { open }),
      imported('b'),
      imported('c', { disabled: true, open }),
      imported('d', { open }),
    ),
  ).toEqual([
    expect.stringMatching(/^a, b, d: no memory of fetchmail was found, .*\/home\/me\/\.fetchids/),
    'c: a comment only; the file says why.',
    expect.stringMatching(/^a, d: "deliver" is yours to fill in; --deliver maildir:PATH/),
  ]);
});

test('an imported account is told how much of it is remembered', () => {
  const seen = Array.from({ length: 20_010 }, (_, at) => ({ uid: `u${at}`, seenAt: undefined }));
  const seenIn = '/home/me/.fetchids';
  expect(said(imported('a', { seen, seenIn }), imported('b', { seenIn }))).toEqual([
    expect.stringMatching(/^a: 20,010 messages that fetchmail remembers \(\/home\/me\/\.fetchids\) count as/),
    expect.stringMatching(/^b: fetchmail remembers nothing of it \(.*"mailferry adopt ACCOUNT"/),
  ]);
});

test('where passwords go is said in one line', () => {
  expect(passwordsText([file('a')])).toBe('a password to /etc/mailferry/passwords/a (mode 0600)');
  expect(passwordsText([file('a'), file('b')])).toBe(
    '2 passwords to /etc/mailferry/passwords, each to a file of its own (mode 0600)',
  );
});
