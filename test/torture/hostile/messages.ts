import type { Scenario } from './scenario.ts';
import { MAIL } from './scenario.ts';
import { serve } from './scripted-maildrop.ts';

const KEPT = { stored: 3, left: 0 };
const IMPATIENT = { timeouts: { connect: '5s', idle: '1s' } };

const MANY = [1, 2, 3, 4, 5, 6, 7, 8].map(
  (number) => `Message-ID: <${number}@mail.example>\r\nSubject: ${number}\r\n\r\nmessage ${number}\r\n`,
);

/** What goes wrong with one message. */
export const MESSAGES: readonly Scenario[] = [
  {
    title: 'refuses one RETR',
    faults: [{ do: 'refuse', command: 'RETR', messages: [2], text: 'conversion failed' }],
    outcome: {
      status: 65,
      code: 'message-refused',
      says: 'The server refused RETR 2, saying "conversion failed".',
      stored: 2,
      left: 1,
    },
  },
  {
    title: 'refuses one RETR for now',
    faults: [{ do: 'refuse', command: 'RETR', messages: [2], code: 'SYS/TEMP', text: 'try again later' }],
    outcome: {
      status: 65,
      code: 'message-refused',
      says: 'The server refused RETR 2, saying "[SYS/TEMP] try again later".',
      stored: 2,
      left: 1,
    },
  },
  {
    title: 'sends a body without its end',
    without: ['PIPELINING'],
    faults: [{ do: 'omit-end', command: 'RETR', messages: [2] }],
    account: IMPATIENT,
    outcome: {
      status: 69,
      code: 'timeout',
      says: 'No usable answer for 1 s while receiving message 2.',
      stored: 1,
      left: 3,
    },
  },
  {
    title: 'sends a body without its end, and the next reply behind it',
    faults: [{ do: 'omit-end', command: 'RETR', messages: [2] }],
    account: IMPATIENT,
    outcome: { status: 0, code: null, says: null, ...KEPT },
  },
  {
    title: 'sends a body without its end, and many replies behind it',
    messages: MANY,
    faults: [{ do: 'omit-end', command: 'RETR', messages: [2] }],
    account: IMPATIENT,
    outcome: { status: 0, code: null, says: null, stored: 8, left: 0 },
  },
  {
    title: 'sends a body without its end, and many replies behind it, and lists sizes without the CRs',
    messages: MANY,
    faults: [
      { do: 'omit-end', command: 'RETR', messages: [2] },
      { do: 'sizes', offset: -5 },
    ],
    account: IMPATIENT,
    outcome: { status: 0, code: null, says: null, stored: 8, left: 0 },
  },
  {
    title: 'sends a body without its end, and many replies behind it, and lists all sizes as 0',
    messages: MANY,
    faults: [
      { do: 'omit-end', command: 'RETR', messages: [2] },
      { do: 'sizes', factor: 0 },
    ],
    account: IMPATIENT,
    outcome: { status: 0, code: null, says: null, stored: 8, left: 0 },
  },
  {
    title: 'sends half of a message, and ends it well',
    faults: [{ do: 'shorten', command: 'RETR', messages: [3], octets: 33 }],
    outcome: {
      status: 65,
      code: 'message-damaged',
      says: 'Message 3 came with 35 octets, but is listed with 66.',
      stored: 2,
      left: 1,
    },
  },
  {
    title: 'sends a body without its end again and again',
    messages: MANY,
    // The first: it keeps its number when the others go.
    faults: [{ do: 'omit-end', command: 'RETR', messages: [1] }],
    account: IMPATIENT,
    insist: 6,
    slow: true,
    outcome: { status: 65, code: null, says: null, stored: 7, left: 1 },
  },
  {
    title: 'sends the last body without its end, and closes the connection',
    peer: (line, maildrop) =>
      serve(line, maildrop, async (reply, keyword, number) => {
        if (keyword !== 'RETR' || number !== 3) return reply;
        await line.send(reply.slice(0, -3));
        return undefined;
      }),
    outcome: {
      status: 69,
      code: 'connection-lost',
      says: 'The connection ended while receiving message 3.',
      stored: 2,
      left: 3,
    },
  },
  {
    title: 'ends a body with LF.LF',
    peer: (line, maildrop) =>
      serve(line, maildrop, async (reply, keyword, number) =>
        keyword === 'RETR' && number === 2 ? reply.replace(/\r\n\.\r\n$/, '\n.\n') : reply,
      ),
    account: IMPATIENT,
    outcome: {
      status: 69,
      code: 'timeout',
      says: 'No usable answer for 1 s while receiving message 2.',
      stored: 1,
      left: 3,
    },
  },
  {
    title: 'ends a body with LF.LF again and again',
    peer: (line, maildrop) =>
      serve(line, maildrop, async (reply, keyword, number) =>
        keyword === 'RETR' && number === 2 ? reply.replace(/\r\n\.\r\n$/, '\n.\n') : reply,
      ),
    account: IMPATIENT,
    insist: 6,
    slow: true,
    outcome: { status: 65, code: null, says: null, stored: 2, left: 1 },
  },
  {
    title: 'does not byte-stuff: a line of a single dot ends the message early',
    peer: (line, maildrop) =>
      serve(line, maildrop, async (reply, keyword, number) =>
        keyword === 'RETR' && number === 2 ? reply.replace('..dot', '.\r\ndot') : reply,
      ),
    outcome: {
      status: 76,
      code: 'protocol',
      says: 'The server sent something unasked before RETR.',
      stored: 1,
      left: 3,
    },
  },
  {
    title: 'sends a body without end',
    faults: [{ do: 'endless', command: 'RETR', messages: [2], what: 'body' }],
    outcome: {
      status: 65,
      code: 'message-damaged',
      says: 'Message 2 did not end after 1048696 octets; the server had listed 60.',
      stored: 2,
      left: 1,
    },
  },
  {
    title: 'sends one line without end as a body',
    peer: async (line, maildrop) =>
      serve(line, maildrop, async (reply, keyword, number) => {
        if (keyword !== 'RETR' || number !== 2) return reply;
        await line.send('+OK\r\n');
        for (let block = 0; block < 64; block += 1) await line.send('x'.repeat(65_536));
        return '';
      }),
    account: IMPATIENT,
    outcome: {
      status: 65,
      code: 'message-damaged',
      says: 'Message 2 did not end after 1048696 octets; the server had listed 60.',
      stored: 2,
      left: 1,
    },
  },
  {
    title: 'sends the messages one octet now and then',
    faults: [{ do: 'drip', everyMs: 200 }],
    account: IMPATIENT,
    outcome: {
      status: 69,
      code: 'timeout',
      says: 'No usable answer for 1 s while waiting for the greeting.',
      stored: 0,
      left: 3,
    },
  },
  {
    title: 'gives an empty message',
    messages: [MAIL[0]!, '', MAIL[2]!],
    faults: [],
    outcome: { status: 0, code: null, says: null, ...KEPT },
  },
  {
    title: 'refuses one DELE',
    faults: [{ do: 'refuse', command: 'DELE', messages: [2], text: 'read-only' }],
    outcome: {
      status: 65,
      code: 'protocol',
      says: 'The server refused DELE 2, saying "read-only".',
      stored: 3,
      left: 1,
    },
  },
];
