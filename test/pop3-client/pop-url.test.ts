import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MailError, parsePopUrl } from '../../src/pop3-client/index.ts';
import { propertyRuns } from '../support/property-runs.ts';

describe('a POP URL', () => {
  // RFC 2384 §8 [url]
  test.each([
    ['pop://mailsrv.qualcomm.com', { host: 'mailsrv.qualcomm.com' }],
    ['pop://rg@mailsrv.qualcomm.com', { host: 'mailsrv.qualcomm.com', user: 'rg' }],
    [
      'pop://rg;AUTH=+APOP@mail.eudora.com:8110',
      { host: 'mail.eudora.com', port: 8110, user: 'rg', auth: 'apop' },
    ],
    ['pop://baz;AUTH=SCRAM-SHA-1@foo.bar', { host: 'foo.bar', user: 'baz', auth: 'scram-sha-1' }],
    ['pop://baz;auth=*@foo.bar', { host: 'foo.bar', user: 'baz', auth: 'auto' }],
    ['pop://;AUTH=EXTERNAL@foo.bar', { host: 'foo.bar', auth: 'external' }],
    [
      'POPS://me%40example.org@pop.example.org/',
      { host: 'pop.example.org', user: 'me@example.org', tls: 'implicit' },
    ],
    ['pops://a%3bb%3Ac@[::1]:1995', { host: '::1', port: 1995, user: 'a;b:c', tls: 'implicit' }],
  ])('%s is read (RFC 2384 §8)', (text, expected) => {
    expect(parsePopUrl(text)).toEqual(expected);
  });

  test.each([
    '',
    'pop.example.org',
    'imap://me@host',
    'pop://',
    'pop://me@',
    'pop://me@host/INBOX',
    'pop://me@host?x',
    'pop://me@ho;st',
    'pop://me@ho st',
    'pop://me@host%0d%0aQUIT',
    'pop://me@host:0',
    'pop://me@host:65536',
    'pop://me@other@host',
    'pop://me;AUTH=@host',
    'pop://me;AUTH=GSSAPI@host',
    'pop://me;AUTH=toString@host',
    'pop://me;X=1@host',
    'pop://me;AUTH=*;AUTH=PLAIN@host',
    'pop://me%zz@host',
  ])('%j is refused with a hint', (text) => {
    expect(() => parsePopUrl(text)).toThrow(
      expect.objectContaining({ code: 'config', hint: expect.any(String) as string }) as Error,
    );
  });

  // RFC 2384 §9 [url-no-password]
  test('I5: with a password is refused, and the password not shown', () => {
    expect(() => parsePopUrl('pop://me:s3same@host')).toThrow(/^(?!.*s3same).*a password has no place in it/);
  });

  test('takes any name in its encoding, and nothing makes it raise what is not ours', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (user) => {
        expect(parsePopUrl(`pop://${encodeURIComponent(user)}@host`)).toEqual({ host: 'host', user });
      }),
      propertyRuns(200),
    );
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        try {
          parsePopUrl(`pop://${text}`);
        } catch (error) {
          expect(error).toBeInstanceOf(MailError);
        }
      }),
      propertyRuns(300),
    );
  });
});
