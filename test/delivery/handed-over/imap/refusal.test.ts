import { expect, test } from 'vitest';
import { MaybeTaken, MessageNotTaken, NoneTaken } from '../../../../src/delivery/handed-over/handed-over.ts';
import {
  isOfAppend,
  notAppended,
  notLoggedIn,
  saysNoMailbox,
} from '../../../../src/delivery/handed-over/imap/refusal.ts';
import type { ImapSettings } from '../../../../src/delivery/settings.ts';
import { MailError } from '../../../../src/errors.ts';

const SETTINGS: ImapSettings = {
  type: 'imap',
  host: 'imap.example',
  port: 993,
  tls: 'implicit',
  user: 'me',
  password: () => Promise.reject(new Error('not asked here')),
  passwordFrom: 'text',
  auth: 'password',
  mailbox: 'INBOX',
  compare: true,
  timeoutMs: 300_000,
};

const refusal = (facts: object): Error => Object.assign(new Error('Command failed'), facts);

test.each([
  ['NO', 'OVERQUOTA', MessageNotTaken, true],
  ['NO', 'INUSE', MessageNotTaken, true],
  ['NO', 'UNAVAILABLE', MessageNotTaken, true],
  ['NO', 'CORRUPTION', MessageNotTaken, true],
  ['NO', 'TOOBIG', MessageNotTaken, false],
  ['NO', 'ALERT', MessageNotTaken, false],
  ['BAD', undefined, MessageNotTaken, false],
  [undefined, 'APPENDLIMIT', MessageNotTaken, false],
])('I9: %s [%s] to APPEND is about one message', (responseStatus, serverResponseCode, kind, isForNow) => {
  const error = notAppended(SETTINGS, refusal({ responseStatus, serverResponseCode }), false);
  expect(error).toBeInstanceOf(kind);
  expect(error).toMatchObject({ isForNow });
});

test.each([
  ['Over quota', undefined],
  ['You exceeded your mail quota.', 'ALERT'],
])('I9: a full mailbox is told by words where no code tells it: %s', (responseText, serverResponseCode) => {
  const facts = { responseStatus: 'NO', responseText, serverResponseCode };
  const error = notAppended(SETTINGS, refusal(facts), false);
  expect(error).toMatchObject({ isForNow: true, code: 'destination-locked' });
});

test.each(['Permission denied', 'Access denied for APPEND on INBOX.ro (ACL "i" required)'])(
  'I9: a mailbox that this user may not write to is told by words where no code tells it: %s',
  (responseText) => {
    const error = notAppended(SETTINGS, refusal({ responseStatus: 'NO', responseText }), false);
    expect(error).toBeInstanceOf(NoneTaken);
    expect(error).toMatchObject({
      code: 'destination-unusable',
      hint: 'All mail stays on the POP3 server meanwhile; check "mailbox" of the destination, and that "user" may write to it.',
    });
  },
);

test.each([
  ['Mailbox does not exist', undefined, true],
  ['Invalid mailbox name.', undefined, true],
  ['Must create mailbox before append', 'TRYCREATE', true],
  ['Message contains bare newlines', undefined, false],
  ['Mailbox does not exist', 'OVERQUOTA', false],
])('a mailbox that is not there: "%s" [%s] is %s', (responseText, serverResponseCode, isSaid) => {
  const facts = { responseStatus: 'NO', responseText, serverResponseCode };
  expect(saysNoMailbox(refusal(facts))).toBe(isSaid);
});

test('a server that asks for a pause is obeyed without giving the message up', () => {
  const error = notAppended(SETTINGS, refusal({ responseStatus: 'BAD', code: 'ETHROTTLE' }), false);
  expect(error).toMatchObject({ isForNow: true, code: 'destination-locked' });
});

test('a message that is too large for the server is told in a whole sentence', () => {
  const error = notAppended(SETTINGS, refusal({ serverResponseCode: 'APPENDLIMIT' }), false);
  expect(error.message).toBe('The IMAP server imap.example:993 takes no message as large as this one.');
});

test.each(['NOPERM', 'NONEXISTENT', 'CANNOT', 'AUTHORIZATIONFAILED', 'EXPIRED', 'PRIVACYREQUIRED'])(
  'I9: NO [%s] to APPEND is about all messages',
  (code) => {
    const error = notAppended(SETTINGS, refusal({ responseStatus: 'NO', serverResponseCode: code }), false);
    expect(error).toBeInstanceOf(NoneTaken);
    expect(error).not.toBeInstanceOf(MaybeTaken);
    expect(error).toMatchObject({ code: 'destination-unusable', hint: expect.stringContaining('"mailbox"') });
  },
);

test.each([
  [refusal({ code: 'NoConnection' }), false, /has not said whether it took a message: Command failed\.$/],
  [refusal({ code: 'EConnectionClosed' }), true, /within 300 s\.$/],
])('I3: where the line ends, nobody knows whether the message was taken', (thrown, isLate, words) => {
  const error = notAppended(SETTINGS, thrown, isLate);
  expect(error).toBeInstanceOf(MaybeTaken);
  expect(error).toMatchObject({ code: 'destination-locked', message: expect.stringMatching(words) });
  expect(error.hint?.includes('raise "timeout"')).toBe(isLate);
});

test.each([
  ['NO', 'A7 APPEND INBOX {30}', true],
  ['NO', 'A7 EXAMINE INBOX', false],
  ['OK', 'A7 APPEND INBOX {30}', false],
])('%s to "%s" is a refusal of APPEND: %s', (responseStatus, executedCommand, isSo) => {
  expect(isOfAppend(refusal({ responseStatus, executedCommand }))).toBe(isSo);
});

test('what a server says is shown without control characters', () => {
  const error = notAppended(SETTINGS, refusal({ responseStatus: 'NO', responseText: 'no\x1b[2J' }), false);
  expect(error.message).toBe(
    'The IMAP server imap.example:993 does not take the message, saying "no\\x1b[2J".',
  );
});

test.each([
  [
    'a refused login',
    { authenticationFailed: true, responseText: 'wrong' },
    'destination-unusable',
    /refuses the login of me, saying "wrong"\.$/,
  ],
  [
    'a login that cannot be looked at now',
    { authenticationFailed: true, serverResponseCode: 'UNAVAILABLE' },
    'destination-locked',
    /cannot be used now/,
  ],
  [
    'a certificate that is not good',
    { code: 'SELF_SIGNED_CERT_IN_CHAIN' },
    'destination-unusable',
    /cannot be used now/,
  ],
  ['a CA file that is not there', { code: 'ENOENT' }, 'destination-unusable', /cannot be used now/],
  ['a CA file that may not be read', { code: 'EACCES' }, 'destination-unusable', /cannot be used now/],
  ['a line that cannot be encrypted', { tlsFailed: true }, 'destination-unusable', /cannot be used now/],
  [
    'a server that is not there',
    { code: 'ECONNREFUSED' },
    'destination-locked',
    /now: connection refused\.$/,
  ],
])('I9: %s keeps all mail from being given to it', (_, facts, code, message) => {
  const error = notLoggedIn(SETTINGS, refusal(facts));
  expect(error).not.toBeInstanceOf(NoneTaken);
  expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
});

test('a password that cannot be had is told as that, and is none of the POP3 server', () => {
  const error = notLoggedIn(
    SETTINGS,
    new MailError('secret-unavailable', 'The password file is empty.', { hint: 'Fill it.' }),
  );
  expect(error).toMatchObject({
    code: 'destination-unusable',
    message: 'No mail can be given to imap.example:993: The password file is empty.',
    hint: 'Fill it.',
  });
});
