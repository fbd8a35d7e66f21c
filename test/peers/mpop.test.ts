import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mpopStateFile, translateMpop } from '../../src/peers/mpop-accounts.ts';
import { parseMpopRc } from '../../src/peers/mpop-rc.ts';
import { type PeerAccount, PeerSyntaxError, withoutRepeats } from '../../src/peers/peer.ts';
import { propertyRuns } from '../support/property-runs.ts';

function accounts(text: string): readonly PeerAccount[] {
  return translateMpop(parseMpopRc(text), { folder: '/home/me', localUser: 'me' });
}

describe('an mpoprc', () => {
  const sample = readFileSync('test/peers/samples/mpoprc', 'utf8');

  test('gives each account what it inherits, and leaves second names out', () => {
    const [main, second, filtered, token] = accounts(sample);
    expect(accounts(sample).length).toBe(4);
    expect(main).toMatchObject({
      host: 'pop.example.com',
      tls: 'implicit',
      user: 'alice@example.com',
      password: { from: 'command', command: 'gpg --no-tty -q -d secret.gpg' },
      deletion: 'never',
      keys: {
        deliver: { type: 'maildir', path: '~/Mail/inbox' },
        limits: { messageSize: '20MiB' },
        timeouts: { idle: '60s' },
      },
    });
    expect(second).toMatchObject({
      user: 'bob@example.com',
      deletion: 'after-delivery',
      keys: { deliver: { type: 'mbox', path: '~/Mail/bob.mbox' } },
    });
    expect(second?.remarks.join()).toContain('killsize');
    expect(filtered).toMatchObject({
      tls: 'starttls',
      port: 110,
      keys: { auth: 'user-pass', pinSha256: expect.stringMatching(/^00:11:.*:FF$/) },
    });
    expect(token?.password).toEqual({ from: 'command', command: './token.sh' });
  });

  test('gives an account the defaults that stand above it, not those of its parent', () => {
    const account = 'host h\nuser u\npassword p\ntls on\ndelivery mbox ~/i\n';
    const text = `defaults\nkeep off\naccount a\n${account}defaults\nkeep on\naccount b : a\nuser v\naccount c : b\nport 1\n`;
    expect(accounts(text)).toMatchObject([
      { user: 'u', deletion: 'after-delivery' },
      { user: 'v', host: 'h', deletion: 'never' },
      { user: 'v', host: 'h', deletion: 'never', port: 1 },
    ]);
  });

  test('keeps its proxy and its own address', () => {
    const [account] = accounts(
      'account a\nhost h\nuser u\nproxy_host 127.0.0.1\nproxy_port 9050\nsource_ip 192.0.2.1',
    );
    expect(account?.keys).toEqual({ proxy: 'socks5://127.0.0.1:9050', sourceAddress: '192.0.2.1' });
  });

  test('names the file of its memory', () => {
    expect(parseMpopRc(sample).accounts.map(mpopStateFile)[1]).toBe(
      '~/.local/share/mpop/bob@example.com_at_pop.example.com',
    );
    expect(parseMpopRc('account a\nhost h\nuser u').accounts.map(mpopStateFile)).toEqual([
      '~/.mpop_uidls/u_at_h',
    ]);
  });

  test.each([
    ['', 'after-delivery'],
    ['keep off', 'after-delivery'],
    ['keep', 'never'],
    ['keep on', 'never'],
    ['keep 30d', { after: '30d' }],
    ['keep 2w', { after: '14d' }],
    ['keep 30', undefined],
  ])('with %j says what happens on the server, or leaves it to be said', (keep, deletion) => {
    expect(accounts(`account a\nhost h\nuser u\n${keep}`)[0]?.deletion).toEqual(deletion);
  });

  test('takes an inherited password before a command of its own, as mpop does', () => {
    const [, child] = accounts('account a\nhost h\npassword "p w"\naccount b : a\nhost i\npasswordeval x');
    expect(child?.password?.from === 'text' && child.password.value.reveal()).toBe('p w');
  });

  test('that gives mail to a program gives it to the same one here', () => {
    const [account] = accounts(`account a\nhost h\nuser u\ndelivery mda "sendmail -oi -f '%F' -- carol"`);
    expect(account?.keys['deliver']).toEqual({ type: 'mda', command: 'sendmail -oi -f "$SENDER" -- carol' });
  });

  test('runs nothing: what eval would make is said to be unknown', () => {
    expect(parseMpopRc('account a\neval touch /x').evals).toEqual(['touch /x']);
  });

  test('with one maildrop twice keeps the second as a comment', () => {
    const [first, second] = withoutRepeats(
      accounts('account a\nhost h\nuser u\naccount b\nhost H\nuser u\nkeep'),
    );
    expect([first?.disabled, second?.disabled]).toEqual([undefined, expect.stringContaining('account a')]);
  });

  test.each([
    ['host h', 1],
    ['account a\naccount a', 2],
    ['account a : b', 1],
    ['account', 1],
  ])('%j is refused with its line', (text, line) => {
    expect(() => parseMpopRc(text)).toThrow(expect.objectContaining({ line }) as Error);
  });

  test('is read or refused, whatever it holds', () => {
    const word = fc.oneof(
      fc.constantFrom('account a', 'account b : a', 'defaults', 'tls', 'keep', 'host x', 'delivery mbox'),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(word), (lines) => {
        try {
          accounts(lines.join('\n'));
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(PeerSyntaxError);
        }
      }),
      propertyRuns(300),
    );
  });
});
