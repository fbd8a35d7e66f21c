import { describe, expect, test } from 'vitest';
import {
  createServer,
  type Faults,
  type Pop3Server,
  type ServerEvent,
  type ServerOptions,
} from '../../src/pop3-server/index.ts';
import { authority, certificate } from '../support/certificates.ts';
import { greetedClient, loggedInClient, rawClient } from '../support/raw-client.ts';

const MESSAGES = ['Subject: 1\r\n\r\nx\r\n', 'Subject: 2\r\n\r\nx\r\n', 'Subject: 3\r\n\r\nx\r\n'];
const WHOLE_SESSION = 'USER alice\r\nPASS secret\r\nLIST\r\nRETR 1\r\nDELE 1\r\nQUIT\r\n';

function serve(faults: Faults, options: Partial<ServerOptions> = {}): Promise<Pop3Server> {
  // The timestamp of APOP differs each time.
  return createServer({
    users: { alice: { password: 'secret', messages: MESSAGES } },
    without: ['APOP'],
    faults,
    ...options,
  });
}

async function allReplies(server: Pop3Server, commands: string): Promise<string> {
  await using client = await rawClient(server.address);
  client.send(commands);
  return (await client.rest()).toString('latin1');
}

describe('cut', () => {
  test('at an octet sends exactly so many octets, wherever that is', async () => {
    await using server = await serve([]);
    const whole = await allReplies(server, WHOLE_SESSION);
    for (let octets = 0; octets <= whole.length; octets += 1) {
      await using faulty = await serve([{ do: 'cut', afterOctets: octets }]);
      expect(await allReplies(faulty, WHOLE_SESSION)).toBe(whole.slice(0, octets));
    }
  });

  test('before a command forgets the deletions', async () => {
    await using server = await serve([{ do: 'cut', command: 'QUIT' }]);
    expect(await allReplies(server, WHOLE_SESSION)).toMatch(/is marked\.\r\n$/);
    expect(server.maildrop('alice').messages).toHaveLength(3);
  });

  test('commits the deletions where it says so', async () => {
    await using server = await serve([{ do: 'cut', command: 'QUIT', commit: true }]);
    expect(await allReplies(server, WHOLE_SESSION)).toMatch(/is marked\.\r\n$/);
    expect(server.maildrop('alice').messages).toHaveLength(2);
  });

  test('at an octet commits the deletions where it says so', async () => {
    await using server = await serve([]);
    const whole = await allReplies(server, WHOLE_SESSION.replace('QUIT', 'NOOP\r\nQUIT'));
    server.maildrop('alice').add(MESSAGES[0] ?? '');
    server.setFaults([{ do: 'cut', afterOctets: whole.length - 20, commit: true }]);
    await allReplies(server, WHOLE_SESSION.replace('QUIT', 'NOOP\r\nQUIT'));
    expect(server.maildrop('alice').messages).toHaveLength(2);
  });

  test('after the reply sends the whole reply', async () => {
    await using server = await serve([{ do: 'cut', command: 'RETR', afterReply: true }]);
    expect(await allReplies(server, WHOLE_SESSION)).toMatch(/\r\nx\r\n\.\r\n$/);
  });

  test.each([0, 1, 25, 10_000])('in a reply sends %d octets of it, or all', async (octets) => {
    await using server = await serve([]);
    const whole = await allReplies(server, WHOLE_SESSION);
    const begin = whole.indexOf('+OK 17 octets');
    const end = whole.indexOf('+OK The message is marked');
    await using faulty = await serve([{ do: 'cut', command: 'RETR', inReply: octets }]);
    expect(await allReplies(faulty, WHOLE_SESSION)).toBe(whole.slice(0, Math.min(begin + octets, end)));
  });

  test('in the reply to QUIT comes after UPDATE', async () => {
    await using server = await serve([{ do: 'cut', command: 'QUIT', inReply: 3 }]);
    expect(await allReplies(server, WHOLE_SESSION)).toMatch(/is marked\.\r\n\+OK$/);
    expect(server.maildrop('alice').messages).toHaveLength(2);
  });

  test('gives the lock back', async () => {
    await using server = await serve([{ do: 'cut', command: 'LIST', sessions: 1 }]);
    await allReplies(server, WHOLE_SESSION);
    expect(await allReplies(server, WHOLE_SESSION)).toMatch(/Goodbye\.\r\n$/);
  });
});

describe('stall', () => {
  test('leaves a command without a reply until the client gives up', async () => {
    await using server = await serve([{ do: 'stall', command: 'RETR', messages: [2], sessions: 1 }]);
    await using client = await loggedInClient(server.address);
    expect(await client.multiline('RETR 1')).toMatch(/^\+OK/);
    client.send('RETR 2\r\nQUIT\r\n');
    client.end();
    expect(await client.rest()).toHaveLength(0);
    expect(await allReplies(server, WHOLE_SESSION)).toMatch(/Goodbye\.\r\n$/);
  });

  test('at an octet sends no more than that', async () => {
    await using server = await serve([{ do: 'stall', afterOctets: 10 }]);
    await using client = await rawClient(server.address);
    expect((await client.octets(10)).toString()).toBe('+OK Mailfe');
    client.send('NOOP\r\n');
    client.end();
    expect(await client.rest()).toHaveLength(0);
  });

  test('in a reply sends the beginning of it', async () => {
    await using server = await serve([{ do: 'stall', command: 'RETR', inReply: 20 }]);
    await using client = await loggedInClient(server.address);
    client.send('RETR 1\r\nNOOP\r\n');
    client.end();
    expect((await client.rest()).toString()).toBe('+OK 17 octets\r\nSubje');
  });

  test('ends when the server closes', async () => {
    const server = await serve([{ do: 'stall', command: 'GREETING' }]);
    await using client = await rawClient(server.address);
    await server.close();
    expect(await client.rest()).toHaveLength(0);
  });
});

describe('refuse', () => {
  test('answers -ERR with text and code, for the messages named', async () => {
    await using server = await serve([
      { do: 'refuse', command: 'RETR', messages: [2], code: 'SYS/TEMP', text: 'Later.' },
    ]);
    await using client = await loggedInClient(server.address);
    expect(await client.command('RETR 2')).toBe('-ERR [SYS/TEMP] Later.');
    expect(await client.multiline('RETR 1')).toMatch(/^\+OK/);
    expect(await client.command('RETR 2')).toBe('-ERR [SYS/TEMP] Later.');
  });

  test('answers so the n-th time only, in every session', async () => {
    await using server = await serve([{ do: 'refuse', command: 'noop', nth: 2 }]);
    for (let session = 0; session < 2; session += 1) {
      await using client = await loggedInClient(server.address);
      expect(await client.command('NOOP')).toMatch(/^\+OK/);
      expect(await client.command('NOOP')).toBe('-ERR Refused.');
      expect(await client.command('NOOP')).toMatch(/^\+OK/);
      await client.command('QUIT');
    }
  });

  test('keeps a login out', async () => {
    await using server = await serve([
      { do: 'refuse', command: 'PASS', code: 'LOGIN-DELAY', text: 'Too soon.' },
    ]);
    await using client = await greetedClient(server.address);
    expect(await client.logIn()).toBe('-ERR [LOGIN-DELAY] Too soon.');
    expect(await client.command('STAT')).toMatch(/^-ERR/);
  });

  test.each([
    [false, 3],
    [true, 2],
  ])('at QUIT ends the session, and commits: %s', async (commit, left) => {
    await using server = await serve([{ do: 'refuse', command: 'QUIT', text: 'No.', commit }]);
    expect(await allReplies(server, WHOLE_SESSION)).toMatch(/-ERR No\.\r\n$/);
    expect(server.maildrop('alice').messages).toHaveLength(left);
  });
});

test('delay lets a command wait, and then performs it', async () => {
  await using server = await serve([{ do: 'delay', command: 'STAT', ms: 20 }]);
  await using client = await loggedInClient(server.address);
  const begun = performance.now();
  expect(await client.command('STAT')).toMatch(/^\+OK 3/);
  expect(performance.now() - begun).toBeGreaterThan(15);
});

test.each(['PASS secret', 'APOP alice x', 'AUTH PLAIN'])('LOGIN stands for %j', async (command) => {
  await using server = await serve([{ do: 'refuse', command: 'login', code: 'IN-USE' }], { without: [] });
  await using client = await greetedClient(server.address);
  await client.command('USER alice');
  expect(await client.command(command)).toBe('-ERR [IN-USE] Refused.');
});

test('say replaces the greeting', async () => {
  await using server = await serve([{ do: 'say', command: 'GREETING', line: '220 mail.example.org ESMTP' }]);
  await using client = await rawClient(server.address);
  expect(await client.line()).toBe('220 mail.example.org ESMTP');
  expect(await client.logIn()).toMatch(/^\+OK/);
});

describe('omit-end', () => {
  test('sends a body without its end', async () => {
    await using server = await serve([{ do: 'omit-end', command: 'RETR', messages: [1] }]);
    const replies = await allReplies(server, 'USER alice\r\nPASS secret\r\nRETR 1\r\nNOOP\r\nQUIT\r\n');
    expect(replies).toMatch(/Subject: 1\r\n\r\nx\r\n\+OK Nothing done\.\r\n/);
  });

  test('leaves an error whole', async () => {
    await using server = await serve([{ do: 'omit-end', command: 'RETR' }]);
    await using client = await loggedInClient(server.address);
    expect(await client.command('RETR 9')).toBe('-ERR There is no such message.');
  });
});

describe('shorten', () => {
  test.each([
    [100, 'Subject: 1\r\n\r\nx\r\n'],
    [14, 'Subject: 1\r\n\r\n'],
    [4, 'Subj\r\n'],
    [0, ''],
  ])('ends a message well after %s octets', async (octets, expected) => {
    await using server = await serve([{ do: 'shorten', command: 'RETR', octets }]);
    const replies = await allReplies(server, 'USER alice\r\nPASS secret\r\nRETR 1\r\nNOOP\r\nQUIT\r\n');
    expect(replies).toContain(`octets\r\n${expected}.\r\n+OK Nothing done.\r\n`);
  });

  test('does not end it at a dot that begins a line', async () => {
    const messages = ['x\r\n.dot\r\n'];
    await using server = await serve([{ do: 'shorten', command: 'RETR', octets: 4 }], {
      users: { alice: { password: 'secret', messages } },
    });
    const replies = await allReplies(server, 'USER alice\r\nPASS secret\r\nRETR 1\r\nNOOP\r\nQUIT\r\n');
    expect(replies).toContain('\r\nx\r\n.\r\n+OK Nothing done.\r\n');
  });

  test('leaves an error whole', async () => {
    await using server = await serve([{ do: 'shorten', command: 'RETR', octets: 1 }]);
    await using client = await loggedInClient(server.address);
    expect(await client.command('RETR 9')).toBe('-ERR There is no such message.');
  });
});

test.each([
  ['line', 'STAT', /^\+OK x{100000}/],
  ['rows', 'LIST', /^\+OK Endless\.\r\n1 100\r\n2 100\r\n(.|\r\n){100000}/],
  ['body', 'RETR 1', /^\+OK Endless\.\r\nx{70}\r\nx{70}\r\n(.|\r\n){100000}/],
] as const)('endless %s goes on until the client leaves', async (what, command, expected) => {
  const [keyword = ''] = command.split(' ');
  await using server = await serve([{ do: 'endless', command: keyword, what, sessions: 1 }]);
  await using client = await loggedInClient(server.address);
  client.send(`${command}\r\n`);
  expect((await client.octets(200_000)).toString()).toMatch(expected);
  client.drop();
});

test('inject sends clear text with the reply to STLS', async () => {
  const faults: Faults = [{ do: 'inject', command: 'STLS', text: '+OK injected\r\n' }];
  await using server = await serve(faults, { tls: certificate() });
  await using client = await greetedClient(server.address);
  expect(await client.command('STLS')).toBe('+OK Begin TLS now.');
  expect(await client.line()).toBe('+OK injected');
  await client.startTls(authority().cert);
  expect(await client.logIn()).toMatch(/^\+OK/);
});

test('sizes are wrong everywhere, and the messages are not', async () => {
  await using server = await serve([
    { do: 'sizes', factor: 10, offset: 1 },
    { do: 'sizes', messages: [2], offset: -1000 },
  ]);
  await using client = await loggedInClient(server.address);
  expect(await client.multiline('LIST')).toBe(
    '+OK 3 messages (342 octets)\r\n1 171\r\n2 0\r\n3 171\r\n.\r\n',
  );
  expect(await client.multiline('RETR 1')).toBe('+OK 171 octets\r\nSubject: 1\r\n\r\nx\r\n.\r\n');
});

describe('uids', () => {
  test('are the same for several messages, which are deleted one by one all the same', async () => {
    await using server = await serve([{ do: 'uids', messages: [1, 2], uid: 'same' }]);
    await using client = await loggedInClient(server.address);
    expect(await client.command('UIDL 1')).toBe('+OK 1 same');
    expect(await client.command('UIDL 2')).toBe('+OK 2 same');
    await client.command('DELE 2');
    await client.command('QUIT');
    expect(server.maildrop('alice').messages.map(String)).toEqual([MESSAGES[0], MESSAGES[2]]);
  });

  test('all change by a prefix, from one session to the next', async () => {
    await using server = await serve([]);
    const [uid] = server.maildrop('alice').uids;
    await using before = await loggedInClient(server.address);
    expect(await before.command('UIDL 1')).toBe(`+OK 1 ${uid}`);
    await before.command('QUIT');
    server.setFaults([{ do: 'uids', prefix: 'new-' }]);
    await using after = await loggedInClient(server.address);
    expect(await after.command('UIDL 1')).toBe(`+OK 1 new-${uid}`);
  });
});

test('hide takes UIDL away from the first sessions only, counted from when the faults were set', async () => {
  await using server = await serve([]);
  await allReplies(server, WHOLE_SESSION);
  server.setFaults([{ do: 'hide', names: ['uidl'], sessions: 1 }]);
  expect(await allReplies(server, 'USER alice\r\nPASS secret\r\nUIDL\r\nQUIT\r\n')).toMatch(/-ERR Unknown/);
  expect(await allReplies(server, 'USER alice\r\nPASS secret\r\nUIDL\r\nQUIT\r\n')).not.toMatch(/-ERR/);
});

test('drip sends one octet at a time, and nothing is lost', async () => {
  await using server = await serve([{ do: 'drip', everyMs: 1 }]);
  const segments: number[] = [];
  await using client = await rawClient(server.address);
  client.send('QUIT\r\n');
  while (client.held < 20) {
    await client.arrival();
    segments.push(client.held);
  }
  expect(segments.length).toBeGreaterThan(5);
  expect((await client.rest()).toString()).toBe('+OK Mailferry POP3 server ready.\r\n+OK Goodbye.\r\n');
});

test('drip does not hold up the server when it closes', async () => {
  const events: ServerEvent[] = [];
  const faults: Faults = [{ do: 'drip', everyMs: 2 ** 31 - 1 }];
  const server = await serve(faults, { observe: (event) => events.push(event) });
  await using client = await rawClient(server.address);
  client.send('QUIT\r\n');
  await server.close();
  expect(await client.rest()).toHaveLength(0);
  expect(events.at(-1)).toMatchObject({ kind: 'closed', error: { code: 'connection-lost' } });
});

test.each<[Faults[number], string, readonly string[]]>([
  [{ do: 'say', command: 'STAT', line: '+OK lügt\x07' }, 'STAT', ['+OK lügt\\x07']],
  [{ do: 'refuse', command: 'STAT', code: 'SYS/TEMP', text: 'no' }, 'STAT', ['-ERR [SYS/TEMP] no']],
  [{ do: 'inject', command: 'STAT', text: '+OK 1\r\n+OK 2\r\n' }, 'STAT', ['+OK 3 51', '+OK 1', '+OK 2']],
  [{ do: 'endless', command: 'LIST', what: 'rows' }, 'LIST', ['+OK Endless.']],
  [{ do: 'endless', command: 'STAT', what: 'line' }, 'STAT', [`+OK ${'x'.repeat(496)}…`]],
])('what a fault says is told to the observer: %j', async (fault, command, expected) => {
  const lines: string[] = [];
  const observe = (event: ServerEvent): void => {
    if (event.kind === 'reply') lines.push(event.line);
  };
  await using server = await serve([fault], { observe });
  await using client = await loggedInClient(server.address);
  client.send(`${command}\r\n`);
  await client.octets(10);
  client.drop();
  expect(lines.slice(3)).toEqual(expected);
});

test('of several faults at a command the first counts', async () => {
  await using server = await serve([
    { do: 'refuse', command: 'NOOP', text: 'First.' },
    { do: 'cut', command: 'NOOP' },
  ]);
  await using client = await loggedInClient(server.address);
  expect(await client.command('NOOP')).toBe('-ERR First.');
});
