import type { Scenario } from './scenario.ts';

const NOTHING = { stored: 0, left: 3 } as const;
const IMPATIENT = { timeouts: { connect: '1s', idle: '1s' } };
const CUT = {
  status: 69,
  code: 'connection-lost',
} as const;

/** What is silent, what the client says it was doing, and how long it waits; a login may take a server its time. */
const SILENCES: readonly (readonly [string, string, string?])[] = [
  ['GREETING', 'connecting to HOST:PORT'],
  ['CAPA', 'asking for the capabilities'],
  ['AUTH', 'waiting for the login', '15 s'],
  ['STAT', 'asking for the size of the maildrop'],
  ['LIST', 'receiving the scan listing'],
  ['UIDL', 'receiving the unique-id listing'],
  ['RETR', 'receiving message 1'],
  ['DELE', 'marking message N as deleted'],
  ['QUIT', 'ending the session'],
];

/** What goes wrong with the session itself: greeting, login, silence, end. */
export const SESSIONS: readonly Scenario[] = [
  {
    title: 'refuses the login: maildrop in use',
    faults: [{ do: 'refuse', command: 'AUTH', code: 'IN-USE', text: 'locked by another session' }],
    outcome: {
      status: 75,
      code: 'maildrop-busy',
      says: 'The server reports another session in the maildrop of "alice", saying "[IN-USE] locked by another session".',
      ...NOTHING,
    },
  },
  {
    title: 'refuses the login in words of its own: maildrop in use',
    without: ['SASL'],
    faults: [{ do: 'refuse', command: 'PASS', text: 'Unable to lock maildrop: Mailbox is locked' }],
    outcome: {
      status: 75,
      code: 'maildrop-busy',
      says: 'The server reports another session in the maildrop of "alice", saying "Unable to lock maildrop: Mailbox is locked".',
      ...NOTHING,
    },
  },
  {
    title: 'refuses the login: too early',
    faults: [{ do: 'refuse', command: 'AUTH', code: 'LOGIN-DELAY', text: 'wait five minutes' }],
    outcome: {
      status: 75,
      code: 'login-delay',
      says: 'The server wants more time between two logins of "alice", saying "[LOGIN-DELAY] wait five minutes".',
      ...NOTHING,
    },
  },
  {
    title: 'refuses the login: a fault that will pass',
    faults: [{ do: 'refuse', command: 'AUTH', code: 'SYS/TEMP', text: 'database down' }],
    outcome: {
      status: 75,
      code: 'server-temporary',
      says: 'The server cannot now log in "alice", saying "[SYS/TEMP] database down".',
      ...NOTHING,
    },
  },
  {
    title: 'refuses the login: a fault that will stay',
    faults: [{ do: 'refuse', command: 'AUTH', code: 'SYS/PERM', text: 'account disabled' }],
    outcome: {
      status: 77,
      code: 'login-refused',
      says: 'The server refused the login of "alice", saying "[SYS/PERM] account disabled".',
      ...NOTHING,
    },
  },
  {
    title: 'refuses the login: wrong password',
    faults: [{ do: 'refuse', command: 'AUTH', code: 'AUTH', text: 'no' }],
    outcome: {
      status: 77,
      code: 'login-refused',
      says: 'The server refused the login of "alice", saying "[AUTH] no".',
      ...NOTHING,
    },
  },
  {
    title: 'refuses everybody in the greeting',
    faults: [{ do: 'refuse', command: 'GREETING', text: 'too many connections' }],
    noPassword: true,
    outcome: {
      status: 75,
      code: 'server-temporary',
      says: 'HOST turned us away at once, saying "too many connections".',
      ...NOTHING,
    },
  },
  {
    title: 'is not a POP3 server',
    faults: [{ do: 'say', command: 'GREETING', line: 'SSH-2.0-OpenSSH_9.2' }],
    noPassword: true,
    outcome: {
      status: 76,
      code: 'protocol',
      says: 'Neither +OK nor -ERR but "SSH-2.0-OpenSSH_9.2" came while waiting for the greeting.',
      ...NOTHING,
    },
  },
  {
    title: 'greets with a line without end',
    faults: [{ do: 'endless', command: 'GREETING', what: 'line' }],
    noPassword: true,
    outcome: {
      status: 76,
      code: 'protocol',
      says: 'A line of more than 8192 octets came while waiting for the greeting.',
      ...NOTHING,
    },
  },
  {
    title: 'greets with control characters and a terminal escape',
    faults: [{ do: 'say', command: 'GREETING', line: '\u001b]0;owned\u0007\u001b[2J\u009b31m hello' }],
    noPassword: true,
    outcome: {
      status: 76,
      code: 'protocol',
      says: 'Neither +OK nor -ERR but "\\x1b]0;owned\\x07\\x1b[2J\\x9b31m hello" came while waiting for the greeting.',
      ...NOTHING,
    },
  },
  {
    title: 'refuses the login with control characters and a terminal escape',
    faults: [{ do: 'refuse', command: 'AUTH', code: 'AUTH', text: '\u001b[31mred\u0000\b\u202e\u009b' }],
    outcome: {
      status: 77,
      code: 'login-refused',
      says: 'The server refused the login of "alice", saying "[AUTH] \\x1b[31mred\\x00\\x08\\u202e\\x9b".',
      ...NOTHING,
    },
  },
  {
    title: 'refuses a message with control characters and a terminal escape',
    faults: [{ do: 'refuse', command: 'RETR', messages: [2], text: '\u001b[2J\u001b]52;c;eA==\u0007 no' }],
    outcome: {
      status: 65,
      code: 'message-refused',
      says: 'The server refused RETR 2, saying "\\x1b[2J\\x1b]52;c;eA==\\x07 no".',
      stored: 2,
      left: 1,
    },
  },
  ...SILENCES.map(
    ([command, during, wait = '1 s']): Scenario => ({
      title: command === 'GREETING' ? 'accepts the connection and is silent' : `is silent after ${command}`,
      faults: [{ do: 'stall', command }],
      account: IMPATIENT,
      outcome: {
        status: 69,
        code: 'timeout',
        says: `No usable answer for ${wait} while ${during}.`,
        stored: command === 'DELE' || command === 'QUIT' ? 3 : 0,
        left: 3,
      },
    }),
  ),
  {
    title: 'falls silent in the middle of a message',
    faults: [{ do: 'stall', command: 'RETR', messages: [3], inReply: 60 }],
    account: IMPATIENT,
    outcome: {
      status: 69,
      code: 'timeout',
      says: 'No usable answer for 1 s while receiving message 3.',
      stored: 2,
      left: 3,
    },
  },
  {
    title: 'sends one octet now and then',
    faults: [{ do: 'drip', everyMs: 100 }],
    account: { timeouts: { connect: '5s', idle: '1s' } },
    outcome: {
      status: 69,
      code: 'timeout',
      says: 'No usable answer for 1 s while waiting for the greeting.',
      ...NOTHING,
    },
  },
  {
    title: 'answers a command with a line without end',
    faults: [{ do: 'endless', command: 'STAT', what: 'line' }],
    outcome: {
      status: 76,
      code: 'protocol',
      says: 'A line of more than 8192 octets came while asking for the size of the maildrop.',
      ...NOTHING,
    },
  },
  {
    title: 'sends a reply that nobody asked for',
    without: ['PIPELINING'],
    faults: [{ do: 'inject', command: 'STAT', text: '+OK 7 700\r\n' }],
    outcome: {
      status: 76,
      code: 'protocol',
      says: 'The server sent something unasked before LIST.',
      ...NOTHING,
    },
  },
  {
    title: 'closes the connection when RETR comes',
    faults: [{ do: 'cut', command: 'RETR', messages: [2] }],
    outcome: { ...CUT, says: 'The connection ended while receiving message 2.', stored: 1, left: 3 },
  },
  {
    title: 'answers QUIT with -ERR, and deletes nothing',
    faults: [{ do: 'refuse', command: 'QUIT', text: 'some deleted messages not removed' }],
    outcome: {
      status: 65,
      code: 'protocol',
      says: 'The server refused QUIT, saying "some deleted messages not removed".',
      stored: 3,
      left: 3,
    },
  },
  {
    title: 'answers QUIT with -ERR, and deletes all the same',
    faults: [{ do: 'refuse', command: 'QUIT', text: 'some deleted messages not removed', commit: true }],
    outcome: {
      status: 65,
      code: 'protocol',
      says: 'The server refused QUIT, saying "some deleted messages not removed".',
      stored: 3,
      left: 0,
    },
  },
  {
    title: 'closes the connection instead of answering QUIT, and deletes nothing',
    faults: [{ do: 'cut', command: 'QUIT' }],
    outcome: { ...CUT, says: 'The connection ended while ending the session.', stored: 3, left: 3 },
  },
  {
    title: 'closes the connection instead of answering QUIT, and deletes all the same',
    faults: [{ do: 'cut', command: 'QUIT', commit: true }],
    outcome: { ...CUT, says: 'The connection ended while ending the session.', stored: 3, left: 0 },
  },
  {
    title: 'closes the connection after the first DELE, and deletes that one',
    faults: [{ do: 'cut', command: 'DELE', nth: 1, afterReply: true, commit: true }],
    outcome: { ...CUT, says: 'The connection ended while ending the session.', stored: 3, left: 1 },
  },
  {
    title: 'closes the connection when one message is to be deleted',
    faults: [{ do: 'cut', command: 'DELE', messages: [2] }],
    outcome: {
      ...CUT,
      status: 65,
      says: 'The connection ended while marking message N as deleted.',
      stored: 3,
      left: 1,
    },
  },
  {
    title: 'gives no unique-ids, and closes the connection at one message',
    faults: [
      { do: 'hide', names: ['UIDL'] },
      { do: 'cut', command: 'RETR', messages: [2] },
    ],
    outcome: {
      ...CUT,
      status: 65,
      says: 'The connection ended while receiving message 2.',
      stored: 2,
      left: 1,
    },
  },
];
