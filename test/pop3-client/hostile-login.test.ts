import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { connect, openSession } from '../../src/pop3-client/index.ts';
import { LOGIN_TIMEOUT_MS } from '../../src/wire/limits.ts';
import { type Answer, answering, rawPeer } from '../support/raw-peer.ts';
import { failureOf, openingFailure, options, PASSWORD, serverThat } from './hostile.ts';
import { everythingOf, secretsOf } from './session.suite.ts';

const silentAtPass: Answer = (command) => (command.startsWith('PASS') ? '' : undefined);

const slowAtPass: Answer = (command, line) => {
  if (!command.startsWith('PASS')) return undefined;
  setTimeout(() => void line.send('+OK\r\n'), 600);
  return '';
};

const silentAtNoop: Answer = (command) => (command === 'NOOP' ? '' : undefined);

describe('a login', () => {
  // RFC 2449 §8 [unknown-codes, code-levels]
  // RFC 2449 §8.1.1 [code-login-delay]
  // RFC 2449 §8.1.2 [code-in-use]
  // RFC 3206 §4 [sys-temp-later, sys-perm-human, auth-human]
  test.each([
    ['[IN-USE] busy', 'maildrop-busy'],
    ['[in-use]', 'maildrop-busy'],
    ['maildrop already locked', 'maildrop-busy'],
    ['Unable to lock maildrop', 'maildrop-busy'],
    ['mailbox in use', 'maildrop-busy'],
    ['alice lock busy!  Is another session active? (11)', 'maildrop-busy'],
    ['Another client has locked your mailbox', 'maildrop-busy'],
    ['account locked after too many failed logins', 'login-refused'],
    ['[LOGIN-DELAY] 60', 'login-delay'],
    ['[SYS/TEMP] later', 'server-temporary'],
    ['[SYS/TEMP/DISK] later', 'server-temporary'],
    ['[LOGIN-DELAY/60/SECONDS] later', 'login-delay'],
    ['[SYS/OTHER] what', 'login-refused'],
    ['[SYS] maildrop already locked', 'maildrop-busy'],
    ['[AUTH] maildrop already locked', 'login-refused'],
    ['[SYS/PERM] never', 'login-refused'],
    ['[AUTH] wrong', 'login-refused'],
    ['[UNKNOWN] what', 'login-refused'],
    ['[__proto__] what', 'login-refused'],
    ['invalid password', 'login-refused'],
    ['', 'login-refused'],
  ])('refused with %j is %s', async (text, code) => {
    const answer: Answer = (command) => (command.startsWith('PASS') ? `-ERR ${text}\r\n` : undefined);
    const error = await openingFailure(answering(serverThat(answer)));
    expect(error).toMatchObject({ code, hint: expect.any(String) as string });
  });

  test.each([
    ['a line end in the user name', { user: 'alice\r\nDELE 1', auth: 'user-pass' }],
    ['a bare LF in the user name', { user: 'alice\nDELE 1', auth: 'user-pass' }],
    ['a line end in the password', { password: 'tr0ub4dor\r\nDELE 1', auth: 'user-pass' }],
    ['a bare CR in the password', { password: 'tr0ub4dor\rDELE 1', auth: 'user-pass' }],
  ] as const)('with %s is not sent', async (_, more) => {
    await using peer = await rawPeer(answering(serverThat(() => undefined)));
    const error = await failureOf(openSession(options(peer, more)));
    expect(error).toMatchObject({ code: 'config' });
    expect(everythingOf(error)).not.toContain('tr0ub4dor');
    expect(peer.lines[0]?.received).not.toContain('DELE');
  });

  test.each(['user', 'password'] as const)('with a NUL in the %s is not sent by AUTH PLAIN', async (part) => {
    await using peer = await rawPeer(answering(serverThat(() => '+OK\r\n.\r\n')));
    const error = await failureOf(openSession(options(peer, { [part]: 'root\0tr0ub4dor', auth: 'plain' })));
    expect(error).toMatchObject({ code: 'config' });
    expect(everythingOf(error)).not.toContain('tr0ub4dor');
    expect(peer.lines[0]?.received).not.toContain('AUTH');
  });

  const SASL_PLAIN = Buffer.from(`\0alice\0${PASSWORD}`).toString('base64');
  test.each([
    ['user-pass', '-ERR unknown command: PASS '],
    ['user-pass', '500 what is '],
    ['plain', '-ERR unknown command: AUTH PLAIN '],
    ['plain', '500 what is '],
  ] as const)('I5: by %s does not show a password that the server repeats (%s)', async (auth, words) => {
    const secret = auth === 'plain' ? SASL_PLAIN : PASSWORD;
    const seen: string[] = [];
    const answer: Answer = (command) =>
      command === 'CAPA'
        ? '+OK\r\nSASL PLAIN\r\n.\r\n'
        : /^(PASS|AUTH)/.test(command)
          ? `${words}${secret} of ${PASSWORD}\r\n`
          : undefined;
    const error = await openingFailure(answering(serverThat(answer)), {
      auth,
      transcript: (side, line) => seen.push(`${side} ${line}`),
    });
    expect(seen.join('\n')).toContain('***');
    for (const form of secretsOf({ host: '', user: 'alice', password: PASSWORD })) {
      expect(everythingOf(error)).not.toContain(form);
      expect(seen.join('\n')).not.toContain(form);
    }
  });

  test('takes as long as the server lets it, but not longer than its deadline', async () => {
    const timeouts = { idleMs: 60_000, loginReplyMs: 50 };
    const error = await openingFailure(answering(serverThat(silentAtPass)), { timeouts });
    expect(error).toMatchObject({ code: 'timeout' });
  });

  test.each(['openSession', 'connect and login'])('takes a minute at most in all (%s)', async (way) => {
    await using peer = await rawPeer(answering(serverThat(silentAtPass)));
    const patient = options(peer, { timeouts: { idleMs: 600_000 } });
    const authorization = way === 'openSession' ? undefined : await connect(patient);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const error = failureOf(authorization?.login('user-pass', 'alice', PASSWORD) ?? openSession(patient));
      while (peer.lines.at(-1)?.received.includes('PASS') !== true) await nextTurn();
      await vi.advanceTimersByTimeAsync(LOGIN_TIMEOUT_MS);
      expect(await error).toMatchObject({
        code: 'timeout',
        message: 'No usable answer for 60 s while logging in.',
      });
    } finally {
      vi.useRealTimers();
    }
  });

  test('is waited for longer than the rest, since servers are slow there, and only there', async () => {
    await using peer = await rawPeer(
      answering(serverThat((...said) => slowAtPass(...said) ?? silentAtNoop(...said))),
    );
    const session = await openSession(options(peer, { timeouts: { idleMs: 200 } }));
    await expect(session.noop()).rejects.toMatchObject({ code: 'timeout' });
  });

  test.each(['end', 'reset'] as const)(
    'that is refused and hung up on (%s) is a refused login',
    async (how) => {
      const answer: Answer = (command, line) => {
        if (!command.startsWith('PASS')) return undefined;
        void line.send('-ERR no\r\n').then(() => line[how]());
        return '';
      };
      const error = await openingFailure(answering(serverThat(answer)));
      expect(error).toMatchObject({ code: 'login-refused' });
    },
  );

  test('sends nothing behind PASS before its reply, whatever is announced', async () => {
    let behind: string | undefined;
    const answer: Answer = (command, line) => {
      if (command === 'CAPA') return '+OK\r\nPIPELINING\r\nUSER\r\n.\r\n';
      if (!command.startsWith('PASS')) return undefined;
      const { length } = line.received;
      setTimeout(() => {
        behind = line.received.slice(length);
        void line.send('+OK\r\n');
      }, 50);
      return '';
    };
    await using peer = await rawPeer(answering(serverThat(answer)));
    const session = await openSession(options(peer));
    expect(behind).toBe('');
    await session.quit();
  });

  test('ends when the signal does', async () => {
    const stop = new AbortController();
    const answer: Answer = (command) => {
      if (!command.startsWith('PASS')) return undefined;
      setImmediate(() => stop.abort());
      return '';
    };
    const error = await openingFailure(answering(serverThat(answer)), { signal: stop.signal });
    expect(error).toMatchObject({ code: 'aborted' });
  });
});
