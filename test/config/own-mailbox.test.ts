import { expect, test } from 'vitest';
import { isOwnMailbox } from '../../src/config/own-mailbox.ts';
import { account, problemsOf } from './fixtures.ts';

test.each([
  ['pop.example.org', 'me@example.org', 'imap.example.org', 'me@example.org', 'INBOX', true],
  ['pop3.example.org', 'me', 'imap.example.org', 'Me@Example.org', 'inbox', true],
  ['mail.example.org', 'me', 'mail.example.org', 'me', 'INBOX', true],
  ['pop-mail.outlook.com', 'me@x', 'imap-mail.outlook.com', 'me@x', 'INBOX', true],
  ['pop.gmail.com', 'recent:me@gmail.com', 'imap.gmail.com', 'me@gmail.com', 'INBOX', true],
  ['127.0.0.1', 'alice', '127.0.0.1', 'bob', 'INBOX', false],
  ['pop.example.org', 'me@example.org', 'imap.example.org', 'you@example.org', 'INBOX', false],
  ['pop.example.org', 'me@example.org', 'imap.example.org', 'me@example.org', 'Archive', false],
  ['pop.example.org', 'me@example.org', 'imap.gmail.com', 'me@example.org', 'INBOX', false],
  ['old.example.org', 'me', 'new.example.org', 'me', 'INBOX', false],
  ['192.168.1.2', 'me', '192.168.1.3', 'me', 'INBOX', false],
  [undefined, undefined, 'imap.example.org', 'me', 'INBOX', false],
])('%s of %s, and %s of %s, %s: one mailbox: %s', (...row) => {
  const [popHost, popUser, host, user, mailbox, isOne] = row;
  expect(isOwnMailbox({ host: popHost, user: popUser }, { host, user, mailbox })).toBe(isOne);
});

test('mail is not appended to the very mailbox that it comes from, where it would come again and again', async () => {
  const deliver = '{ type: imap, host: imap.example.org, user: me@example.org, password: x }';
  expect(await problemsOf(account({ deliver }))).toEqual([
    expect.stringMatching(/deliver.*: this is the mailbox that the account fetches from/),
  ]);
  expect(await problemsOf(account({ deliver: deliver.replace('}', ', mailbox: Old }') }))).toEqual([]);
});
