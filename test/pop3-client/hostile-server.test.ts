import { describe, expect, test } from 'vitest';
import {
  connect,
  type MessageBody,
  openSession,
  type Transaction,
  type Transcript,
} from '../../src/pop3-client/index.ts';
import { createServer } from '../../src/pop3-server/index.ts';
import { MAX_CAPABILITY_LINES, MAX_LINE_OCTETS } from '../../src/wire/limits.ts';
import { authority, certificate } from '../support/certificates.ts';
import { type Answer, answering, rawPeer } from '../support/raw-peer.ts';
import { failureOf, inSession, openingFailure, options, serverThat } from './hostile.ts';
import { number, octetsOf } from './session.suite.ts';

describe('a greeting', () => {
  // RFC 1939 §4 [read-greeting, greeting-refusal]
  // RFC 1939 §3 [status-needed]
  test.each([
    ['that is none', '220 mail.example ESMTP\r\n', 'protocol'],
    ['of IMAP', '* OK ready\r\n', 'protocol'],
    ['of garbage', '\x16\x03\x01\0\xff\r\n', 'protocol'],
    ['without end', 'x'.repeat(MAX_LINE_OCTETS + 1), 'protocol'],
    ['that is empty', '\r\n', 'protocol'],
    ['that turns us away', '-ERR too many connections\r\n', 'server-temporary'],
    ['that turns us away for now', '-ERR [SYS/TEMP] come back later\r\n', 'server-temporary'],
    ['that says that the maildrop is in use', '-ERR [IN-USE] busy\r\n', 'maildrop-busy'],
    ['that says to wait', '-ERR [LOGIN-DELAY] wait\r\n', 'login-delay'],
  ])('%s ends the session, and nothing is sent', async (_, greeting, code) => {
    await using peer = await rawPeer(async (line) => {
      await line.send(greeting);
      await line.closed();
    });
    expect(await failureOf(openSession(options(peer)))).toMatchObject({ code });
    expect(peer.lines[0]?.received).toBe('');
  });

  test.each([
    [
      '* OK [CAPABILITY IMAP4rev1] ready',
      /^This is an IMAP server \(143, 993\)\. Set "port" to that of POP3: 995/,
    ],
    ['220 mail.example ESMTP', /^This is an SMTP server \(25, 465, 587\), which is for sending\. Set "port"/],
    ['SSH-2.0-OpenSSH_9.2', /^This is an SSH server\. Set "port"/],
    ['hello', /^This may not be a POP3 server/],
  ])('%j says what the server is, where that is known', async (greeting, hint) => {
    const error = await openingFailure((line) => line.send(`${greeting}\r\n`), {});
    expect(error).toMatchObject({ code: 'protocol', hint: expect.stringMatching(hint) as string });
  });

  test('that does not come within TLS may mean that this is no POP3 server', async () => {
    const faults = [{ do: 'cut', command: 'GREETING' }] as const;
    await using server = await createServer({ users: {}, tls: certificate(), tlsPort: 0, faults });
    const { port } = server.tlsAddress ?? expect.fail();
    expect(await failureOf(connect({ host: 'localhost', port, ca: [authority().cert] }))).toMatchObject({
      code: 'connection-lost',
      hint: expect.stringMatching(/^It may be no POP3 server: check "host" and "port"/) as string,
    });
  });

  test('that does not come ends with the budget of the connect', async () => {
    const error = await openingFailure((line) => line.closed(), { timeouts: { connectMs: 50 } });
    expect(error).toMatchObject({ code: 'timeout' });
  });

  test.each(['none', 'starttls'] as const)(
    'that does not come with tls: %s may mean that the server waits for TLS',
    async (tls) => {
      const hint = expect.stringMatching(/^It may wait for TLS: check "port" and "tls"/) as string;
      const silence = { tls, timeouts: { connectMs: 500 } };
      const silent = await openingFailure((line) => line.closed(), silence);
      expect(silent).toMatchObject({ code: 'timeout', hint });
      const gone = await openingFailure(() => Promise.resolve(), { tls });
      expect(gone).toMatchObject({ code: 'connection-lost', hint });
    },
  );

  test('that drips in ends with the budget of the connect', async () => {
    const error = await openingFailure(
      async (line) => {
        const drip = setInterval(() => void line.send('x'), 10);
        await line.closed();
        clearInterval(drip);
      },
      { timeouts: { connectMs: 100 } },
    );
    expect(error).toMatchObject({ code: 'timeout' });
  });

  test('shows no control character of the server', async () => {
    const error = await openingFailure(async (line) => {
      await line.send('-ERR \u001b]0;owned\u0007\r\n');
      await line.closed();
    });
    // oxlint-disable-next-line no-control-regex -- that they are absent is the point
    expect((error as Error).message).not.toMatch(/[\u0000-\u001f]/);
  });
});

test('a server that cannot be reached is named', async () => {
  const peer = await rawPeer((line) => line.closed());
  await peer[Symbol.asyncDispose]();
  const error = await failureOf(openSession(options(peer)));
  expect(error).toMatchObject({
    code: 'unreachable',
    message: `Cannot reach 127.0.0.1:${peer.port}: connection refused.`,
  });
});

describe('a reply', () => {
  test.each(['', '2', 'two 320', '-1 320', '1.5 2', '99999999999999999999 1'])(
    'to STAT of %j makes no sense and ends the session',
    async (text) => {
      await inSession(
        (command) => (command === 'STAT' ? `+OK ${text}\r\n` : undefined),
        async (session) => {
          await expect(session.stat()).rejects.toMatchObject({
            code: 'protocol',
            message: `The reply to STAT makes no sense: "${text}".`,
          });
          expect(session.broken).toBeDefined();
        },
      );
    },
  );

  test.each(['2 320', ' 2 320', '2  320', '2\t320', '2 320 and more'])(
    'to STAT of %j is understood',
    async (text) => {
      await inSession(
        (command) => (command === 'STAT' ? `+OK ${text}\r\n` : undefined),
        async (session) => expect(await session.stat()).toEqual({ messages: 2, octets: 320 }),
      );
    },
  );

  test('is read as it came, also where its numbers happen to be the password', async () => {
    const [stat, uidl] = ['+OK 2 1202451\r\n', '+OK 1 ab2024cd\r\n'];
    const answer: Answer = (command) => ({ PASS: '+OK\r\n', STAT: stat, UIDL: uidl })[keywordOf(command)];
    await using peer = await rawPeer(answering(serverThat(answer)));
    const seen: string[] = [];
    const transcript: Transcript = (_, line) => seen.push(line);
    const session = await openSession(options(peer, { password: '2024', transcript }));
    expect(await session.stat()).toEqual({ messages: 2, octets: 1_202_451 });
    expect(await session.uniqueId(number(1))).toBe('ab2024cd');
    await session.close();
    expect(seen.join('\n')).not.toContain('2024');
  });

  // RFC 1939 §5 [extra-text]
  test('to LIST keeps the rows that make sense', async () => {
    const rows = [
      '1 10',
      ' 2  20 ',
      '3',
      'x 4',
      '0 5',
      '-1 6',
      '7 x',
      '8\t80',
      '9 90 more',
      '',
      '4294967296 1',
    ];
    await inSession(
      (command) => (command === 'LIST' ? `+OK\r\n${rows.join('\r\n')}\r\n.\r\n` : undefined),
      async (session) => {
        expect((await session.list()).map((row) => [row.number, row.octets])).toEqual([
          [1, 10],
          [2, 20],
          [8, 80],
          [9, 90],
        ]);
      },
    );
  });

  // RFC 1939 §7 [uid-opaque]
  test('to UIDL keeps unique-ids octet by octet, and numbers whose unique-id cannot be used', async () => {
    const long = 'x'.repeat(1025);
    const rows = [
      '1 __proto__',
      '2 \xa0a\xa0',
      '3 a b',
      '4',
      '5 ',
      `6 ${long}`,
      '7 a\x01',
      '8\ttab',
      'x y',
      '9  two ',
    ];
    await inSession(
      (command) => (command === 'UIDL' ? `+OK\r\n${rows.join('\r\n')}\r\n.\r\n` : undefined),
      async (session) => {
        expect((await session.uidl())?.map((row) => [row.number, row.uid])).toEqual([
          [1, '__proto__'],
          [2, '\xa0a\xa0'],
          [3, 'a b'],
          [4, undefined],
          [5, undefined],
          [6, undefined],
          [7, undefined],
          [8, 'tab'],
          [9, 'two'],
        ]);
      },
    );
  });

  test.each([
    ['1 \xa0a\xa0', '\xa0a\xa0'],
    ['1 a b', 'a b'],
    ['1\ttab ', 'tab'],
    ['1', undefined],
    ['2 other', undefined],
    ['nonsense', undefined],
  ])('to UIDL of one message, %j, is read as a row of the listing is', async (text, uid) => {
    await inSession(
      (command) => (command === 'UIDL 1' ? `+OK ${text}\r\n` : undefined),
      async (session) => expect(await session.uniqueId(number(1))).toBe(uid),
    );
  });

  test.each([
    ['CAPA', (session: Transaction) => session.capa(), MAX_CAPABILITY_LINES],
    ['a status line', (session: Transaction) => session.noop(), 0],
  ] as const)('without end to %s ends the session', async (_, ask, lines) => {
    const flood = lines === 0 ? 'x'.repeat(MAX_LINE_OCTETS + 1) : `+OK\r\n${'X\r\n'.repeat(lines + 1)}`;
    let asked = 0;
    await inSession(
      (command) => {
        if (command === 'NOOP') return flood;
        if (command !== 'CAPA') return undefined;
        asked += 1;
        return asked > 2 ? flood : undefined;
      },
      async (session) => {
        await expect(ask(session)).rejects.toMatchObject({ code: 'protocol' });
        expect(session.broken).toBeDefined();
      },
    );
  });

  test.each([
    ['-ERR [SYS/TEMP] disk', 'server-temporary'],
    ['-ERR no', 'protocol'],
  ])('to DELE of %j is an error of that command only', async (reply, code) => {
    await inSession(
      (command) => (command.startsWith('DELE') ? `${reply}\r\n` : undefined),
      async (session) => {
        await expect(session.dele(number(1))).rejects.toMatchObject({ code });
        await expect(session.noop()).resolves.toBeUndefined();
      },
    );
  });

  // RFC 1939 §6 [quit-refused]
  test('to QUIT that is an error says that the deletions are not sure', async () => {
    await inSession(
      (command) => (command === 'QUIT' ? '-ERR some deleted messages not removed\r\n' : undefined),
      async (session) => {
        await expect(session.quit()).rejects.toMatchObject({ code: 'protocol', name: 'ReplyError' });
      },
    );
  });

  test('to QUIT that never comes is a lost connection', async () => {
    await inSession(
      (command, line) => {
        if (command !== 'QUIT') return undefined;
        line.end();
        return '';
      },
      (session) => expect(session.quit()).rejects.toMatchObject({ code: 'connection-lost' }),
    );
  });
});

function retrAnswer(reply: string): Answer {
  return (command) => (command === 'RETR 1' ? reply : undefined);
}

describe('a message', () => {
  test('that is cut off is not taken for whole', async () => {
    await inSession(
      (command, line) => {
        if (command !== 'RETR 1') return undefined;
        void line.send('+OK\r\nhalf\r\n.').then(() => line.end());
        return '';
      },
      async (session) => {
        await expect(octetsOf(await session.retr(number(1)))).rejects.toMatchObject({
          code: 'connection-lost',
        });
      },
    );
  });

  test('behind which something else comes is noticed at the next command', async () => {
    await inSession(retrAnswer('+OK\r\nfirst\r\n.\r\nnot stuffed\r\n.\r\n'), async (session) => {
      await octetsOf(await session.retr(number(1)));
      await expect(session.noop()).rejects.toMatchObject({ code: 'protocol' });
      expect(session.broken).toBeDefined();
    });
  });

  test('that comes with a late status line is no reply to what is asked next', async () => {
    await inSession(retrAnswer('+OK\r\nfirst\r\n.\r\n+OK forged\r\n'), async (session) => {
      await octetsOf(await session.retr(number(1)));
      await expect(session.noop()).rejects.toMatchObject({ code: 'protocol' });
    });
  });

  test('is given while it arrives', async () => {
    let finish: (() => void) | undefined;
    await inSession(
      (command, line) => {
        finish = () => void line.send('second\r\n.\r\n');
        return command === 'RETR 1' ? '+OK\r\nfirst\r\n' : undefined;
      },
      async (session) => {
        const body: MessageBody = await session.retr(number(1));
        const seen: string[] = [];
        for await (const block of body) {
          seen.push(block.toString());
          if (seen.length === 1) finish?.();
        }
        expect(seen).toEqual(['first\r\n', 'second\r\n']);
      },
    );
  });
});

function keywordOf(command: string): string {
  return command.split(' ', 1)[0] ?? '';
}
