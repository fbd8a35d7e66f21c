import { describe, expect, test } from 'vitest';
import { type Capabilities, parseCapabilities } from '../../src/pop3/capabilities.ts';
import { chooseMechanism, type LineSecrecy, type Mechanism } from '../../src/pop3-client/choose-mechanism.ts';

const EVERYTHING =
  'SASL PLAIN LOGIN CRAM-MD5 DIGEST-MD5 SCRAM-SHA-1 SCRAM-SHA-256 XOAUTH2 OAUTHBEARER EXTERNAL GSSAPI';

function choose(
  secrecy: LineSecrecy,
  capabilities: readonly string[] | undefined,
  certified = false,
): Mechanism {
  const parsed: Capabilities | undefined = capabilities && parseCapabilities(capabilities);
  return chooseMechanism({ wanted: 'auto', capabilities: parsed, secrecy, certified });
}

describe('auto', () => {
  test.each<[LineSecrecy, readonly string[] | undefined, Mechanism]>([
    ['encrypted', [EVERYTHING, 'USER'], 'scram-sha-256'],
    ['encrypted', ['SASL PLAIN CRAM-MD5 SCRAM-SHA-1', 'USER'], 'scram-sha-1'],
    ['encrypted', ['SASL scram-sha-1', 'USER'], 'scram-sha-1'],
    ['encrypted', ['SASL LOGIN CRAM-MD5 PLAIN', 'USER'], 'plain'],
    ['encrypted', ['SASL LOGIN CRAM-MD5', 'USER'], 'login'],
    ['encrypted', ['SASL CRAM-MD5', 'USER'], 'user-pass'],
    ['encrypted', ['SASL CRAM-MD5'], 'cram-md5'],
    ['encrypted', ['SASL GSSAPI'], 'user-pass'],
    ['encrypted', ['SASL PLAIN XOAUTH2'], 'plain'],
    ['encrypted', ['SASL EXTERNAL', 'USER'], 'user-pass'],
    ['encrypted', ['SASL'], 'user-pass'],
    ['encrypted', ['TOP'], 'user-pass'],
    ['encrypted', [], 'user-pass'],
    ['encrypted', undefined, 'user-pass'],
    ['readable', [EVERYTHING, 'USER'], 'scram-sha-256'],
    ['readable', ['SASL PLAIN CRAM-MD5', 'USER'], 'cram-md5'],
    ['readable', ['SASL PLAIN', 'USER'], 'plain'],
    ['readable', undefined, 'user-pass'],
    ['watched', [EVERYTHING, 'USER'], 'scram-sha-256'],
    ['watched', ['SASL PLAIN SCRAM-SHA-1', 'USER'], 'scram-sha-1'],
  ])('on a line that is %s, of %j, takes %s', (secrecy, capabilities, expected) => {
    expect(choose(secrecy, capabilities)).toBe(expected);
  });

  test('takes EXTERNAL where a certificate was shown', () => {
    expect(choose('encrypted', [EVERYTHING], true)).toBe('external');
    expect(choose('encrypted', ['SASL PLAIN'], true)).toBe('plain');
    expect(choose('readable', [EVERYTHING], true)).toBe('scram-sha-256');
  });

  test.each([
    ['nothing but plain passwords', ['SASL PLAIN LOGIN', 'USER']],
    ['nothing', undefined],
    ['CRAM-MD5, which gives weak passwords away', ['SASL PLAIN CRAM-MD5', 'USER']],
    ['tokens', ['SASL XOAUTH2 OAUTHBEARER']],
  ])('I5: shows nothing on a watched line, where the server has %s', (_, capabilities) => {
    expect(() => choose('watched', capabilities)).toThrow('readable');
  });

  test.each(['encrypted', 'readable'] as const)(
    'says what to do where a server takes only tokens (%s)',
    (secrecy) => {
      expect(() => choose(secrecy, ['SASL XOAUTH2 OAUTHBEARER'])).toThrow(
        expect.objectContaining({
          code: 'login-refused',
          hint: expect.stringContaining('auth: xoauth2') as string,
        }) as Error,
      );
    },
  );
});

describe('a mechanism that was named', () => {
  test.each<Mechanism>(['plain', 'login', 'user-pass', 'apop', 'xoauth2', 'oauthbearer'])(
    'I5: is refused on a watched line where it shows the password: %s',
    (wanted) => {
      const question = { wanted, capabilities: parseCapabilities([EVERYTHING, 'USER']), certified: false };
      expect(() => chooseMechanism({ ...question, secrecy: 'watched' })).toThrow('readable');
      expect(chooseMechanism({ ...question, secrecy: 'readable' })).toBe(wanted);
      expect(chooseMechanism({ ...question, secrecy: 'encrypted' })).toBe(wanted);
    },
  );

  test.each<Mechanism>(['scram-sha-1', 'scram-sha-256', 'cram-md5'])(
    'is taken on any line where it does not: %s',
    (wanted) => {
      const question = { wanted, capabilities: undefined, certified: false };
      expect(chooseMechanism({ ...question, secrecy: 'watched' })).toBe(wanted);
    },
  );

  test('needs TLS where it is the certificate', () => {
    const question = { wanted: 'external', capabilities: undefined, certified: true } as const;
    expect(() => chooseMechanism({ ...question, secrecy: 'readable' })).toThrow('TLS');
    expect(chooseMechanism({ ...question, secrecy: 'encrypted' })).toBe('external');
  });
});
