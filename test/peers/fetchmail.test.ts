import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { translateFetchmail } from '../../src/peers/fetchmail-accounts.ts';
import { parseFetchmailRc } from '../../src/peers/fetchmail-rc.ts';
import { fetchmailTokens } from '../../src/peers/fetchmail-tokens.ts';
import { type PeerAccount, PeerSyntaxError } from '../../src/peers/peer.ts';
import { propertyRuns } from '../support/property-runs.ts';

const AROUND = { folder: '/home/me', localUser: 'me' };

function accounts(text: string): readonly PeerAccount[] {
  return translateFetchmail(parseFetchmailRc(text), AROUND);
}

function sample(name: string): readonly PeerAccount[] {
  return accounts(readFileSync(`test/peers/samples/${name}.rc`, 'latin1'));
}

function passwordOf({ password }: PeerAccount): unknown {
  return password?.from === 'text' ? password.value.reveal() : password;
}

describe('a fetchmailrc', () => {
  test('on one line, with a blank in the password, deletes and says so', () => {
    const [account] = sample('01-oneline');
    expect(account).toMatchObject({
      host: 'pop3.example.net',
      user: 'reader',
      tls: 'starttls',
      deletion: 'after-delivery',
    });
    expect(account && passwordOf(account)).toBe('pa55 word');
    expect(account?.remarks[0]).toContain('unless told "keep"');
  });

  test('with noise words and single quotes means what it means without', () => {
    const plain =
      "poll pop3.example.net proto POP3 user 'remote.user' pass 'secret' is 'user2@example.org' keep ssl";
    expect(sample('02-english')).toEqual(accounts(plain));
    expect(sample('02-english')).toMatchObject([{ tls: 'implicit', deletion: 'never' }]);
  });

  test('gives a trailing mda to the last user only, and takes settings from the end of the file', () => {
    const [first, last] = sample('04-two-accounts-order');
    expect(first?.keys['deliver']).toMatchObject({ type: 'smtp' });
    expect(last?.keys['deliver']).toMatchObject({
      type: 'mda',
      command: expect.stringContaining('procmail'),
    });
  });

  test.each([
    ['"/usr/bin/procmail -d %T"', 'bob', '/usr/bin/procmail -d bob'],
    [`"deliver -f '%F' -r %F"`, 'bob', 'deliver -f "$SENDER" -r "$SENDER"'],
    ['"deliver %T"', "o'brien", "deliver 'o'\\''brien'"],
    [`"formail -A 'X: %F' | procmail -d %T"`, 'joe', `formail -A 'X: '"$SENDER"'' | procmail -d joe`],
    [`'formail -A "X: %F %T" | x'`, 'o b', `formail -A "X: ""$SENDER"" "'o b'"" | x`],
    [`"x it\\\\'s %F"`, 'joe', `x it\\'s "$SENDER"`],
  ])('whose mda is %s gives the mail of %s to the same program', (mda, name, command) => {
    const [account] = accounts(`poll a proto pop3 user x pass y is "${name}" here mda ${mda}`);
    expect(account?.keys['deliver']).toEqual({ type: 'mda', command });
  });

  test('that sorts by recipient does not say which program gets what', () => {
    const [account] = accounts('poll a proto pop3 user x pass y to joe bob here mda "procmail -d %T"');
    expect(account?.keys).not.toHaveProperty('deliver');
    expect(account?.remarks.join()).toContain('multidrop');
  });

  test('may have # and ; in a quoted password, and port as a word', () => {
    const [account] = sample('06-container-lmtp');
    expect(account).toMatchObject({ port: 110, user: 'bob' });
    expect(account && passwordOf(account)).toBe('x#y;z');
    expect(account?.remarks.join()).toContain('no sslcertck');
  });

  test('without a password leaves it to a netrc file, by the name of the entry and by the host', () => {
    const [account] = accounts('poll work via pop.example.com protocol apop user 12345');
    expect(account).toMatchObject({
      user: '12345',
      password: { from: 'netrc', machines: ['work', 'pop.example.com'] },
    });
  });

  test('has defaults that later entries inherit, and no takes them back', () => {
    const [one, two, three] = accounts(`
      defaults proto pop3 timeout 90 interval 2  user x ssl keep
      poll work via pop.work.example
        user "u1" pass "p1" is me here no ssl
        user "u2" pass "p2" is you here nokeep
      skip old.example port 1100 user 12345 pass 678
      set daemon 120`);
    expect(one).toMatchObject({
      name: 'u1@work',
      host: 'pop.work.example',
      tls: 'starttls',
      deletion: 'never',
    });
    expect(two).toMatchObject({
      tls: 'implicit',
      deletion: 'after-delivery',
      keys: { schedule: 'every 4m', timeouts: { idle: '90s' } },
    });
    expect(three).toMatchObject({ port: 1100, user: '12345' });
    expect(three?.disabled).toContain('skip');
  });

  test('may name the remote user behind "is … there" or not at all', () => {
    expect(accounts('poll a proto pop3 user me here is joe there pass x')).toMatchObject([{ user: 'joe' }]);
    expect(accounts('poll a proto pop3 pass x keep')).toMatchObject([{ user: 'me', deletion: 'never' }]);
  });

  test('may name people here behind "user", in its defaults too, whose remote name is inherited', () => {
    const [one, two] = accounts(`
      defaults proto pop3 user is root here
      poll a pass x
      poll b user bob pass y`);
    expect([one?.user, two?.user]).toEqual(['me', 'bob']);
    expect(one?.remarks.join()).toContain('to is, root.');
    expect(accounts('defaults proto pop3 user zoe is foo here\npoll a pass x')).toMatchObject([
      { user: 'zoe' },
    ]);
    expect(accounts('poll a proto pop3 user x=y * z here pass x')[0]?.remarks.join()).toContain(
      'to x=y, *, z.',
    );
  });

  test('names what its delivery has that has no counterpart, without passwords', () => {
    const [account] = accounts(
      `poll a proto pop3 user u pass p smtphost mx/25 smtpname x@y antispam 571 esmtppassword s3cret keep`,
    );
    const remarks = account?.remarks.join('\n');
    expect(remarks).toContain('These have none either: smtphost, smtpname, antispam, esmtppassword.');
    expect(remarks).not.toContain('s3cret');
    const [batch] = accounts('poll a proto pop3 user u pass p bsmtp /var/spool/in keep');
    expect(batch?.remarks.join()).toContain('as BSMTP into the file /var/spool/in');
  });

  test.each([
    ['', { type: 'smtp', to: 'bob@localhost' }],
    ['smtphost mx.example/2525', { type: 'smtp', host: 'mx.example', port: 2525, to: 'bob@mx.example' }],
    ['smtphost localhost smtpaddress mail.example', { type: 'smtp', to: 'bob@mail.example' }],
    ['lmtp smtphost store.example/24 smtpname box@x', { type: 'lmtp', host: 'store.example', to: 'box@x' }],
    [
      'smtphost "mx.example/2525,other.example"',
      { type: 'smtp', host: 'mx.example', port: 2525, to: 'bob@mx.example' },
    ],
    ['smtphost mx.example/submission', { type: 'smtp', host: 'mx.example', port: 587, to: 'bob@mx.example' }],
    ['smtphost mx.example/smtp', { type: 'smtp', host: 'mx.example', to: 'bob@mx.example' }],
    ['smtphost /run/lmtp', { type: 'lmtp', socket: '/run/lmtp', to: 'bob@localhost' }],
    ['lmtp smtphost /run/lmtp', { type: 'lmtp', socket: '/run/lmtp', to: 'bob@localhost' }],
  ])('that gives mail to a mail server (%s) gives it to the same one here', (words, deliver) => {
    const [account] = accounts(`poll a proto pop3 user u pass p is bob here ${words}`);
    expect(account?.keys['deliver']).toEqual(deliver);
  });

  test('that lets fetchmail delete what is too large is told that it stays on the server', () => {
    const remarks = (words: string): string =>
      accounts(`poll a user u pass p ${words}`)[0]?.remarks.join() ?? '';
    expect(remarks('limit 5000 limitflush')).toContain('Mailferry leaves it there');
    expect(remarks('limit 5000 no limitflush')).not.toContain('limitflush');
  });

  test('of a multidrop mailbox is told that nothing is sorted by recipient', () => {
    const [account] = accounts(
      'poll a proto pop3 localdomains b c envelope 2 "Delivered-To:" user u to x=y d * here pass p',
    );
    expect(account?.remarks.join()).toContain('multidrop');
  });

  test.each([
    [
      'localdomains b.org c.org envelope 1 "Delivered-To:" qvirtual "me-" user u to * here pass p lmtp smtphost /run/lmtp',
      {
        type: 'lmtp',
        socket: '/run/lmtp',
        to: {
          header: 'Delivered-To',
          position: 2,
          prefix: 'me-',
          domains: ['b.org', 'c.org'],
          otherwise: 'postmaster@localhost',
        },
      },
    ],
    [
      'localdomains b.org envelope X-Envelope-To user u to ann bob here pass p smtpaddress b.org',
      { type: 'smtp', to: { header: 'X-Envelope-To', domains: ['b.org'], otherwise: 'postmaster@b.org' } },
    ],
    // Neither names of the owner's nor what fetchmail finds out by DNS have a counterpart.
    ['localdomains b.org envelope X-Envelope-To user u to ann=bob * here pass p', undefined],
    ['envelope X-Envelope-To user u to * here pass p', undefined],
    ['localdomains b.org user u to * here pass p', undefined],
    ['localdomains b.org envelope Received user u to * here pass p', undefined],
    ['localdomains b.org envelope X-Envelope-To user u is bob here pass p', undefined],
  ])(
    'of a multidrop mailbox with %s is sorted by the field, where there is a counterpart',
    (words, deliver) => {
      const [account] = accounts(`poll a proto pop3 ${words}`);
      expect(account?.keys['deliver']).toEqual(deliver);
      expect(account?.remarks.join()).toContain(deliver === undefined ? 'does not guess' : 'as its own');
    },
  );

  test('keeps what it says about the line, and tells of a fingerprint that is no SHA-256', () => {
    const [account] = accounts(
      `poll a proto apop plugin x user u pass p ssl sslcommonname real.example sslcert ~/c.pem sslfingerprint "AA:BB"`,
    );
    expect(account?.keys).toEqual({
      deliver: { type: 'smtp', to: 'me@localhost' },
      auth: 'apop',
      serverName: 'real.example',
      tunnel: 'x',
      clientCertificate: { certFile: '~/c.pem', keyFile: '~/c.pem' },
    });
    expect(account?.remarks.join()).toContain('pinSha256');
  });

  test.each([
    [`preconnect 'ssh -f x "sleep 5"'`, { preconnect: 'ssh -f x "sleep 5"' }, /^(?!.*connect)/],
    ['postconnect "notmuch new"', { afterMail: 'notmuch new' }, /only when mail has come/],
    // What opens the way is most likely closed by the other, also where no mail has come.
    ['preconnect "vpn up" postconnect "vpn down"', { preconnect: 'vpn up' }, /"postconnect" is left out/],
  ])('has its commands around a poll: %s', (written, keys, remark) => {
    const [account] = accounts(`poll a proto pop3 user u pass p ssl ${written}`);
    expect(account?.keys).toEqual({ deliver: { type: 'smtp', to: 'me@localhost' }, ...keys });
    expect(account?.remarks.join(' ')).toMatch(remark);
  });

  test('that leads away from this machine without TLS by a command is told of that', () => {
    const remarks = (host: string): string =>
      accounts(`poll ${host} proto pop3 user u pass p preconnect "ssh -f x"`)[0]?.remarks.join() ?? '';
    expect(remarks('localhost')).toContain('there is no TLS on the way');
    expect(remarks('pop.example.org')).not.toContain('there is no TLS on the way');
  });

  test('that speaks another protocol is not carried', () => {
    expect(accounts('poll a proto imap user u pass p')[0]?.disabled).toContain('IMAP');
  });

  test('has escapes in hexadecimal, octal and decimal, and octets that are UTF-8', () => {
    expect(fetchmailTokens(String.raw`"a\qb\065\65\x41\xc3\xa4"`)).toMatchObject([
      { text: 'aqb5AAä', quoted: true },
    ]);
  });

  test.each([
    ['poll a proto pop3 user "u', 1, /quote/],
    ['poll a proto pop3\nuser u\nproto pop3', 3, /stands behind a user/],
    ['poll a\nfrobnicate', 2, /unknown option "frobnicate"/],
    ['frobnicate', 1, /cannot begin an entry/],
    ['poll a user u limit many', 1, /not a number/],
    ['poll a\nuser joe\nfrobnicate pass x', 3, /unknown option "frobnicate".*"here"/],
    ['poll a user', 1, /ends where a value is expected/],
  ])('%j is refused with its line', (text, line, message) => {
    const error = caught(() => parseFetchmailRc(text));
    expect(error).toBeInstanceOf(PeerSyntaxError);
    expect(error).toMatchObject({ line });
    expect(String(error)).toMatch(message);
  });

  test('is read or refused, whatever it holds, and never anything else', () => {
    const word = fc.oneof(
      fc.constantFrom(
        'poll',
        'user',
        'pass',
        'is',
        'keep',
        'no',
        'ssl',
        'set',
        'daemon',
        '=',
        '"x y"',
        "'",
        'here',
        'defaults',
        '#',
        '\n',
        'limit',
        '5',
      ),
      fc.string({ maxLength: 5 }),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 30 }), (words) => {
        try {
          accounts(words.join(' '));
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(PeerSyntaxError);
        }
      }),
      propertyRuns(300),
    );
  });

  test('gives back every user and password that can be quoted', () => {
    const text = fc.string({ minLength: 1, maxLength: 20 }).filter((it) => !/["\\\0]/.test(it));
    fc.assert(
      fc.property(text, text, fc.boolean(), (user, password, keep) => {
        const rc = `poll h proto pop3 user "${user}" password "${password}"${keep ? ' keep' : ''}`;
        const [account] = accounts(Buffer.from(rc).toString('latin1'));
        expect(account).toMatchObject({ user, deletion: keep ? 'never' : 'after-delivery' });
        expect(account && passwordOf(account)).toBe(password);
      }),
      propertyRuns(200),
    );
  });
});

function caught(act: () => unknown): unknown {
  try {
    act();
  } catch (thrown) {
    return thrown;
  }
  return undefined;
}
