import { describe, expect, test } from 'vitest';
import { apopDigest } from '../../src/pop3/apop.ts';
import { connect, openSession, type SessionOptions } from '../../src/pop3-client/index.ts';
import { Secret } from '../../src/secret.ts';
import { MAX_CHALLENGES } from '../../src/wire/limits.ts';
import { type Answer, answering, type RawPeer, rawPeer } from '../support/raw-peer.ts';
import { everythingOf } from './session.suite.ts';

const PASSWORD = 'tr0ub4dor&3';

function options({ host, port }: RawPeer, more: Partial<SessionOptions> = {}): SessionOptions {
  return { host, port, tls: 'none', user: 'alice', password: PASSWORD, ...more };
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

/** A server that announces these mechanisms and answers lines by this table; everything else is refused. */
function announcing(sasl: string, table: Readonly<Record<string, string>>): Answer {
  return (command) => {
    if (command === 'CAPA') return `+OK\r\n${sasl === '' ? 'TOP' : `SASL ${sasl}`}\r\n.\r\n`;
    if (command === 'QUIT') return undefined;
    return `${table[command] ?? `-ERR what is ${command}`}\r\n`;
  };
}

/** What the client said between the first CAPA and the end, when the login went well. */
async function dialogue(answer: Answer, more: Partial<SessionOptions>): Promise<string[]> {
  await using peer = await rawPeer(answering(answer));
  const session = await openSession(options(peer, more));
  await session.quit();
  const said = (peer.lines[0]?.received ?? '').split('\r\n').slice(1, -3);
  return said;
}

async function failure(
  answer: Answer,
  more: Partial<SessionOptions>,
): Promise<{ error: unknown; said: string[] }> {
  await using peer = await rawPeer(answering(answer));
  const error = await openSession(options(peer, more)).then(
    () => Promise.reject(new Error('it did not fail')),
    (thrown: unknown) => thrown,
  );
  return { error, said: (peer.lines[0]?.received ?? '').split('\r\n').slice(1, -1) };
}

describe('an initial response', () => {
  const message = base64(`\0alice\0${PASSWORD}`);

  // RFC 5034 §3 [initial-response-announced]
  test('goes with AUTH where the server announces the mechanism', async () => {
    const answer = announcing('PLAIN', { [`AUTH PLAIN ${message}`]: '+OK' });
    expect(await dialogue(answer, { auth: 'plain' })).toEqual([`AUTH PLAIN ${message}`]);
  });

  // RFC 5034 §4 [bare-plus]
  test.each(['+ ', '+', '+ go ahead'])(
    'waits for the server (%j) where SASL is not announced (RFC 5034 §3)',
    async (prompt) => {
      const answer = announcing('', { 'AUTH PLAIN': prompt, [message]: '+OK' });
      expect(await dialogue(answer, { auth: 'plain' })).toEqual(['AUTH PLAIN', message]);
    },
  );

  // RFC 5034 §4 [initial-response-length]
  test('waits for the server where the line would be longer than 255 octets (RFC 5034 §4)', async () => {
    const fitting = 'p'.repeat(171);
    const long = `${fitting}ppp`;
    const [first, second] = [fitting, long].map((password) => base64(`\0alice\0${password}`));
    expect(`AUTH PLAIN ${first}\r\n`.length).toBe(253);
    const answer = announcing('PLAIN', {
      [`AUTH PLAIN ${first}`]: '+OK',
      'AUTH PLAIN': '+ ',
      [second ?? '']: '+OK',
    });
    expect(await dialogue(answer, { auth: 'plain', password: fitting })).toEqual([`AUTH PLAIN ${first}`]);
    expect(await dialogue(answer, { auth: 'plain', password: long })).toEqual(['AUTH PLAIN', second]);
  });

  test.each(['+ ', '+'])(
    'that the server took no notice of is said again when it asks (%j)',
    async (prompt) => {
      const answer = announcing('PLAIN', { [`AUTH PLAIN ${message}`]: prompt, [message]: '+OK' });
      expect(await dialogue(answer, { auth: 'plain' })).toEqual([`AUTH PLAIN ${message}`, message]);
    },
  );

  test('is said again once, and no more', async () => {
    const answer = announcing('PLAIN', {
      [`AUTH PLAIN ${message}`]: '+ ',
      [message]: '+ ',
      '*': '-ERR called off',
    });
    const { error, said } = await failure(answer, { auth: 'plain' });
    expect(error).toMatchObject({ code: 'protocol' });
    expect(said).toEqual([`AUTH PLAIN ${message}`, message, '*']);
  });

  test('of XOAUTH2 is a line of its own, as Outlook wants it', async () => {
    const token = base64('user=alice\x01auth=Bearer tok\x01\x01');
    const answer = announcing('XOAUTH2', { 'AUTH XOAUTH2': '+ ', [token]: '+OK' });
    const said = await dialogue(answer, { auth: 'xoauth2', password: 'tok' });
    expect(said).toEqual(['AUTH XOAUTH2', token]);
  });

  // RFC 5034 §4 [empty-initial-response]
  test('is = where there is nothing to say', async () => {
    const answer = announcing('PLAIN', {});
    const { said } = await failure(answer, { auth: 'plain', user: '', password: '' });
    expect(said).toEqual([`AUTH PLAIN ${base64('\0\0')}`]);
  });
});

describe('a challenge', () => {
  test('of LOGIN is answered whatever its words are', async () => {
    const answer = announcing('LOGIN', {
      'AUTH LOGIN': `+ ${base64('Benutzername')}`,
      [base64('alice')]: '+ ',
      [base64(PASSWORD)]: '+OK',
    });
    expect(await dialogue(answer, { auth: 'login' })).toEqual([
      'AUTH LOGIN',
      base64('alice'),
      base64(PASSWORD),
    ]);
  });

  // RFC 5034 §4 [long-challenges]
  test('that is longer than a status line may be is understood (RFC 5034 §4)', async () => {
    const answer: Answer = (command) => {
      if (command === 'AUTH CRAM-MD5') return `+ ${base64(`<${'1'.repeat(12_000)}@host>`)}\r\n`;
      return command.length > 40 ? '+OK\r\n' : announcing('CRAM-MD5', {})(command, undefined as never);
    };
    expect(await dialogue(answer, { auth: 'cram-md5' })).toHaveLength(2);
  });

  // RFC 5034 §4 [client-cancel]
  test.each([
    ['is not base64', 'CRAM-MD5', '+ <1.2@host>'],
    ['has = in the middle', 'CRAM-MD5', '+ QQ==QQ=='],
    ['is nothing', 'CRAM-MD5', '+ '],
    ['makes no sense', 'SCRAM-SHA-256', `+ ${base64('r=x,s=,i=0')}`],
    ['asks for one round', 'SCRAM-SHA-1', `+ ${base64(`r=x,s=${base64('salt')},i=1`)}`],
    ['comes after everything was said', 'PLAIN', `+ ${base64('more?')}`],
  ])('that %s ends the exchange by *', async (_, name, challenge) => {
    const answer: Answer = (command) => {
      if (command.startsWith('AUTH')) return `${challenge}\r\n`;
      if (command === '*') return '-ERR called off\r\n';
      return announcing(name, {})(command, undefined as never);
    };
    const { error, said } = await failure(answer, { auth: name.toLowerCase() as 'plain' });
    expect(error).toMatchObject({ code: 'protocol', hint: expect.any(String) as string });
    expect(said.slice(1)).toEqual(['*']);
  });

  test('without end is called off', async () => {
    const answer: Answer = (command) =>
      announcing('LOGIN', { '*': '-ERR' })(command, undefined as never)
        ?.toString()
        .replace(/^-ERR what.*\r\n$/, '+ \r\n');
    const { said } = await failure(answer, { auth: 'login' });
    expect(said.length).toBeLessThanOrEqual(MAX_CHALLENGES + 2);
    expect(said.at(-1)).toBe('*');
  });

  test('after which the exchange was called off leaves the session usable', async () => {
    await using peer = await rawPeer(
      answering((command) => {
        if (command === 'AUTH CRAM-MD5') return '+ ?\r\n';
        if (command === '*') return '-ERR called off\r\n';
        return command === 'QUIT' ? undefined : '+OK\r\n';
      }),
    );
    const authorization = await connect(options(peer));
    await expect(authorization.login('cram-md5', 'alice', PASSWORD)).rejects.toMatchObject({
      code: 'protocol',
    });
    const session = await authorization.login('user-pass', 'alice', PASSWORD);
    await session.quit();
  });

  test('after which the server lets in who has called off ends the session', async () => {
    await using peer = await rawPeer(
      answering((command) => (command === 'AUTH CRAM-MD5' ? '+ ?\r\n' : '+OK\r\n')),
    );
    const authorization = await connect(options(peer));
    await expect(authorization.login('cram-md5', 'alice', PASSWORD)).rejects.toThrow('cancelled');
    await expect(authorization.login('user-pass', 'alice', PASSWORD)).rejects.toThrow('cancelled');
  });
});

describe('a success', () => {
  test.each(['SCRAM-SHA-1', 'SCRAM-SHA-256', 'LOGIN', 'CRAM-MD5'])(
    'of %s before the exchange is over is not believed',
    async (name) => {
      const answer: Answer = (command) =>
        command === 'CAPA' ? `+OK\r\nSASL ${name}\r\n.\r\n` : command === 'QUIT' ? undefined : '+OK\r\n';
      const { error } = await failure(answer, { auth: name.toLowerCase() as 'login' });
      expect(error).toMatchObject({ code: 'protocol' });
      expect((error as Error).message).toContain('too early');
    },
  );
});

describe('a refusal', () => {
  // RFC 7628 §3.2.3 [farewell]
  test.each([
    ['xoauth2', 'XOAUTH2', '{"status":"400"}', ''],
    ['oauthbearer', 'OAUTHBEARER', '{"status":"invalid_token"}', base64('\x01')],
  ] as const)(
    'by %s is waited for with the right farewell, and shows its reason',
    async (auth, name, reason, farewell) => {
      const seen: string[] = [];
      const answer: Answer = (command) => {
        if (command === 'CAPA') return `+OK\r\nSASL ${name}\r\n.\r\n`;
        if (command === `AUTH ${name}`) return '+ \r\n';
        if (command === farewell) return '-ERR [AUTH] no\r\n';
        return `+ ${base64(`${reason.slice(0, -1)},"echo":"secret-token"}`)}\r\n`;
      };
      const transcript = (side: string, line: string): number => seen.push(`${side} ${line}`);
      const { error, said } = await failure(answer, { auth, password: 'secret-token', transcript });
      expect(said.at(-1)).toBe(farewell);
      expect(error).toMatchObject({
        code: 'login-refused',
        hint: expect.stringContaining('token') as string,
      });
      expect((error as Error).message).toContain(reason.slice(0, -1));
      expect(everythingOf(error)).not.toContain('secret-token');
      expect(seen.join('\n')).not.toContain('secret-token');
      expect(seen).toContain('received + ***');
      expect(seen.join('\n')).not.toContain(base64('user=alice\x01auth=Bearer secret-token\x01\x01'));
    },
  );

  test.each(['auto', 'scram-sha-256'] as const)('never leads to a weaker mechanism (%s)', async (auth) => {
    const answer = announcing('PLAIN LOGIN SCRAM-SHA-256', {});
    const { error, said } = await failure(answer, { auth });
    expect(error).toMatchObject({
      code: 'login-refused',
      hint: expect.stringContaining('auth: plain') as string,
    });
    expect(said).toEqual([expect.stringMatching(/^AUTH SCRAM-SHA-256 /)]);
  });

  test('of a password tells of tokens where the server takes them', async () => {
    const { error } = await failure(announcing('PLAIN XOAUTH2', {}), { auth: 'auto' });
    expect(error).toMatchObject({ hint: expect.stringContaining('auth: xoauth2') as string });
  });
});

describe('APOP', () => {
  const timestamp = '<1896.697170952@dbc.mtview.ca.us>';
  const digest = apopDigest(timestamp, new Secret(PASSWORD));

  async function apop(greeting: string): Promise<string> {
    await using peer = await rawPeer(
      answering((command) => (command === 'QUIT' ? undefined : '+OK\r\n.\r\n'), `+OK ${greeting}\r\n`),
    );
    const authorization = await connect(options(peer));
    const seen: string[] = [];
    try {
      await authorization.login('apop', 'alice', PASSWORD);
    } catch (error) {
      seen.push(String(error));
    }
    return `${peer.lines[0]?.received.trim() ?? ''}${seen.join()}`;
  }

  // RFC 1939 §7 [apop-answer]
  test('answers the timestamp of the greeting', async () => {
    expect(await apop(`POP3 server ready ${timestamp}`)).toBe(`APOP alice ${digest}`);
  });

  test.each(['POP3 server ready', '<1@2@3>', '<1.2\x01@host>'])(
    'is not tried on a greeting of %j',
    async (text) => {
      expect(await apop(text)).toMatch(/^MailError: The server does not offer APOP/);
    },
  );

  // RFC 1939 §13 [apop-never-alone]
  test('is never chosen by auto', async () => {
    await using peer = await rawPeer(
      answering(
        (command) => (command === 'CAPA' ? '-ERR\r\n' : command === 'QUIT' ? undefined : '+OK\r\n'),
        `+OK ready ${timestamp}\r\n`,
      ),
    );
    const session = await openSession(options(peer));
    await session.quit();
    expect(peer.lines[0]?.received).not.toContain('APOP');
    expect(peer.lines[0]?.received).toContain('USER alice');
  });
});
