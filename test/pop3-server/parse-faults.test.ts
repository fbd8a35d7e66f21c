import { expect, test } from 'vitest';
import { createServer, type Faults, parseFaults } from '../../src/pop3-server/index.ts';

const EVERY_KIND: Faults = [
  { do: 'cut', afterOctets: 0, commit: true, sessions: 1 },
  { do: 'cut', command: 'quit', afterReply: true },
  { do: 'stall', command: 'RETR', messages: [1, 2], nth: 2 },
  { do: 'stall', afterOctets: 100 },
  { do: 'refuse', command: 'RETR', code: 'SYS/TEMP', text: 'later', commit: false },
  { do: 'say', command: 'GREETING', line: '220 mail ready' },
  { do: 'omit-end', command: 'RETR' },
  { do: 'delay', command: 'STAT', ms: 10 },
  { do: 'stall', command: 'RETR', inReply: 10 },
  { do: 'shorten', command: 'RETR', messages: [2], octets: 40 },
  { do: 'endless', command: 'LIST', what: 'rows' },
  { do: 'inject', command: 'STLS', text: '+OK\r\n' },
  { do: 'sizes', factor: 0.5, offset: -10 },
  { do: 'uids', messages: [1, 2], uid: 'same' },
  { do: 'uids', prefix: 'new-' },
  { do: 'hide', names: ['UIDL'] },
  { do: 'drip', everyMs: 1 },
];

test('faults survive a JSON file unchanged', () => {
  expect(parseFaults(JSON.parse(JSON.stringify(EVERY_KIND)))).toEqual(EVERY_KIND);
});

test.each([
  [{}, 'The faults must be a list'],
  [null, 'The faults must be a list'],
  [[1], 'faults[0] must be an object'],
  [[{ do: 'drip', everyMs: 1 }, []], 'faults[1] must be an object'],
  [[{}], 'faults[0].do must be one of "cut", "stall"'],
  [[{ do: 'toString' }], 'faults[0].do must be one of'],
  [[{ do: 'cut' }], 'faults[0] needs exactly one of "command", "afterOctets".'],
  [
    [{ do: 'cut', command: 'RETR', afterOctets: 1 }],
    'faults[0] needs exactly one of "command", "afterOctets".',
  ],
  [[{ do: 'cut', afterOctets: -1 }], 'faults[0].afterOctets must be a whole number, 0 or more.'],
  [[{ do: 'cut', afterOctets: 1.5 }], 'faults[0].afterOctets must be a whole number, 0 or more.'],
  [[{ do: 'cut', afterOctets: 1, nth: 2 }], 'faults[0].nth goes with "command", not with "afterOctets".'],
  [[{ do: 'stall', command: 'RETR 1' }], 'faults[0].command must be a command keyword'],
  [[{ do: 'stall', command: 'RETR', message: 1 }], 'faults[0].message means nothing to "stall".'],
  [
    [{ do: 'stall', command: 'RETR', messages: [0] }],
    'faults[0].messages must be a list of message numbers.',
  ],
  [[{ do: 'refuse', command: 'RETR', text: 'a\r\nb' }], 'faults[0].text must be a text without line ends.'],
  [[{ do: 'say', command: 'RETR' }], 'faults[0] needs "line".'],
  [[{ do: 'endless', command: 'RETR', what: 'x' }], 'faults[0].what must be "line", "rows" or "body".'],
  [[{ do: 'uids' }], 'faults[0] needs exactly one of "uid", "prefix".'],
  [[{ do: 'sizes', factor: '2' }], 'faults[0].factor must be a number, 0 or more.'],
  [[{ do: 'hide', names: 'UIDL' }], 'faults[0].names must be a list of capabilities or commands.'],
  [[{ do: 'drip', everyMs: 0 }], 'faults[0].everyMs must be a whole number of milliseconds, 1 or more.'],
  [[{ do: 'drip', everyMs: 1, sessions: 0 }], 'faults[0].sessions must be a whole number, 1 or more.'],
])('%j is refused with its place', (value, message) => {
  expect(() => parseFaults(value)).toThrow(message);
});

test('a server does not start with wrong faults', async () => {
  const faults = [{ do: 'explode' }] as unknown as Faults;
  await expect(createServer({ users: {}, faults })).rejects.toMatchObject({ code: 'config' });
});
