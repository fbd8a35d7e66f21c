import type { Scenario } from './scenario.ts';
import { MAIL } from './scenario.ts';

const ALL = { status: 0, code: null, says: null, stored: 3, left: 0 } as const;
const BIG = `Subject: big\r\n\r\n${'text\r\n'.repeat(300_000)}`;
const TWINS = [MAIL[0]!, MAIL[1]!, MAIL[1]!];

/** What goes wrong with STAT, LIST and UIDL. */
export const LISTINGS: readonly Scenario[] = [
  {
    title: 'lists sizes that are a little too small',
    faults: [{ do: 'sizes', offset: -3 }],
    outcome: ALL,
  },
  { title: 'lists sizes that are a little too large', faults: [{ do: 'sizes', offset: 7 }], outcome: ALL },
  {
    title: 'lists sizes without the CRs',
    faults: [{ do: 'sizes', factor: 0.98 }],
    outcome: ALL,
  },
  { title: 'lists all sizes as 0', faults: [{ do: 'sizes', factor: 0 }], outcome: ALL },
  {
    title: 'lists 1 octet for a message of 1.8 MB',
    messages: [MAIL[0]!, BIG, MAIL[2]!],
    faults: [{ do: 'sizes', factor: 0, offset: 1 }],
    outcome: {
      status: 65,
      code: 'message-damaged',
      says: 'Message 2 did not end after 1048578 octets; the server had listed 1.',
      stored: 2,
      left: 1,
    },
  },
  {
    title: 'lists sizes that are a thousand times too large',
    faults: [{ do: 'sizes', factor: 1000 }],
    outcome: {
      status: 65,
      code: 'message-damaged',
      says: 'Message 1 came with 53 octets, but is listed with 53000.',
      stored: 0,
      left: 3,
    },
  },
  {
    title: 'lists sizes that are a thousand times too large, day after day',
    faults: [{ do: 'sizes', factor: 1000 }],
    insist: 2,
    outcome: { status: 0, code: null, says: null, stored: 3, left: 0 },
  },
  {
    title: 'lists a petabyte for a message',
    messages: [MAIL[0]!],
    faults: [{ do: 'sizes', offset: 1e15 }],
    outcome: {
      status: 65,
      code: 'message-damaged',
      says: 'Message 1 came with 53 octets, but is listed with 1000000000000053.',
      stored: 0,
      left: 1,
    },
  },
  {
    title: 'lists the numbers out of order',
    listings: {
      scanRows: ['3 66', '1 53', '2 60'],
      uniqueIdRows: ['2 uid-2', '3 uid-3', '1 uid-1'],
    },
    outcome: ALL,
  },
  {
    title: 'lists a number twice',
    listings: {
      scanRows: ['1 53', '2 60', '2 67', '3 66'],
      uniqueIdRows: ['1 uid-1', '2 uid-2', '2 uid-2', '3 uid-3'],
    },
    outcome: ALL,
  },
  {
    title: 'lists a number twice, with different unique-ids',
    listings: { uniqueIdRows: ['1 uid-1', '2 uid-2', '2 other', '3 uid-3'] },
    outcome: ALL,
  },
  {
    title: 'leaves a number out of LIST',
    listings: { scanRows: ['1 53', '3 66'] },
    outcome: ALL,
  },
  {
    title: 'leaves a number out of UIDL',
    listings: { uniqueIdRows: ['1 uid-1', '3 uid-3'] },
    outcome: ALL,
  },
  {
    title: 'lists a message that is not there',
    listings: {
      scanRows: ['1 53', '2 60', '3 66', '4 100'],
      uniqueIdRows: ['1 uid-1', '2 uid-2', '3 uid-3', '4 x'],
    },
    outcome: {
      status: 65,
      code: 'message-refused',
      says: 'The server refused RETR 4, saying "No such message.".',
      stored: 3,
      left: 0,
    },
  },
  {
    title: 'lists nonsense between the rows, some of it a number without anything',
    listings: {
      scanRows: ['hello', '1 53', '-1 5', '0 5', '2 60', '99999999999999999999 1', '3 66', '3', ''],
      uniqueIdRows: ['', '1 uid-1', 'x y', '2 uid-2', '0 zero', '3 uid-3', '4'],
    },
    outcome: {
      status: 65,
      code: 'message-refused',
      says: 'The server refused RETR 4, saying "No such message.".',
      stored: 3,
      left: 0,
    },
  },
  {
    title: 'claims more messages in STAT than it lists',
    listings: { drop: '70000 1' },
    outcome: ALL,
  },
  {
    title: 'answers STAT with nonsense',
    listings: { drop: 'plenty of mail' },
    outcome: {
      status: 76,
      code: 'protocol',
      says: 'The reply to STAT makes no sense: "plenty of mail".',
      stored: 0,
      left: 3,
    },
  },
  {
    title: 'refuses LIST',
    faults: [{ do: 'refuse', command: 'LIST', text: 'no' }],
    outcome: {
      status: 76,
      code: 'protocol',
      says: 'The server refused LIST, saying "no".',
      stored: 0,
      left: 3,
    },
  },
  { title: 'has no UIDL', faults: [{ do: 'hide', names: ['UIDL'] }], outcome: ALL },
  {
    title: 'gives all messages the same unique-id',
    faults: [{ do: 'uids', uid: 'one' }],
    outcome: ALL,
  },
  {
    title: 'gives two equal messages the same unique-id',
    messages: TWINS,
    uids: ['a', 'b', 'b'],
    faults: [],
    outcome: ALL,
  },
  {
    title: 'gives the message numbers as unique-ids',
    listings: { uniqueIdRows: ['1 1', '2 2', '3 3'] },
    outcome: ALL,
  },
  {
    title: 'has changed all unique-ids since yesterday',
    yesterday: true,
    faults: [{ do: 'uids', prefix: 'new-' }],
    outcome: ALL,
  },
  {
    title: 'has changed all unique-ids since yesterday, and has no TOP',
    yesterday: true,
    without: ['TOP'],
    faults: [{ do: 'uids', prefix: 'new-' }],
    outcome: ALL,
  },
  {
    title: 'gives unique-ids that are paths',
    uids: ['../../../../tmp/x', '/etc/passwd', 'a/b/../..'],
    faults: [],
    outcome: ALL,
  },
  {
    title: 'gives unique-ids that are names of properties',
    uids: ['__proto__', 'constructor', 'toString'],
    faults: [],
    outcome: ALL,
  },
  {
    title: 'gives unique-ids that are code',
    uids: ["'; DROP TABLE messages; --", '$(touch x)', '%s%n'],
    faults: [],
    outcome: ALL,
  },
  {
    title: 'gives unique-ids of 1000 octets that differ in the last one',
    uids: ['1', '2', '3'].map((end) => 'x'.repeat(999) + end),
    faults: [],
    outcome: ALL,
  },
  {
    title: 'gives unique-ids of 3000 octets',
    listings: { uniqueIdRows: [1, 2, 3].map((number) => `${number} ${'x'.repeat(3000)}${number}`) },
    outcome: ALL,
  },
  {
    title: 'gives unique-ids that are not ASCII',
    faults: [1, 2, 3].map((number) => ({ do: 'uids', messages: [number], uid: `ünïcödé-📬-${number}` })),
    outcome: ALL,
  },
  {
    title: 'gives empty unique-ids',
    listings: { uniqueIdRows: ['1 ', '2', '3  '] },
    outcome: ALL,
  },
  {
    title: 'lists without end',
    faults: [{ do: 'endless', command: 'LIST', what: 'rows' }],
    memory: 700,
    slow: true,
    outcome: {
      status: 76,
      code: 'protocol',
      says: 'More than 10006 lines came while receiving the scan listing.',
      stored: 0,
      left: 3,
    },
  },
  {
    title: 'lists unique-ids without end',
    faults: [{ do: 'endless', command: 'UIDL', what: 'rows' }],
    memory: 700,
    slow: true,
    outcome: {
      status: 76,
      code: 'protocol',
      says: 'More than 10006 lines came while receiving the unique-id listing.',
      stored: 0,
      left: 3,
    },
  },
  {
    title: 'lists one row without end',
    peer: async (line) => {
      await line.send('+OK ready\r\n');
      for (let command = await line.line(); command !== undefined; command = await line.line()) {
        if (command === 'LIST') for (let sent = 0; sent < 50; sent += 1) await line.send('1'.repeat(1000));
        else await line.send(command === 'CAPA' ? '-ERR\r\n' : '+OK 3 100\r\n');
      }
    },
    outcome: {
      status: 76,
      code: 'protocol',
      says: 'A line of more than 8192 octets came while receiving the scan listing.',
      stored: 0,
      left: 3,
    },
  },
];
