import { MAILFERRY, type Personality } from '../personality.ts';

/** What it announces before the login and after it. */
const ALWAYS = [
  'EXPIRE NEVER',
  'LOGIN-DELAY 0',
  'TOP',
  'UIDL',
  'PIPELINING',
  'RESP-CODES',
  'AUTH-RESP-CODE',
  'USER',
  'IMPLEMENTATION Cyrus POP3 3.6.1-Debian-3.6.1-4',
];

export const CYRUS: Personality = {
  ...MAILFERRY,
  description: 'Cyrus 3.6',
  sources: [
    {
      fact: 'Timestamp, EXPIRE NEVER and LOGIN-DELAY 0, response codes; by default two sessions at a time.',
      source:
        'cyrus-pop3d 3.6.1, a stock package of Debian 12, asked over a raw socket; texts from its program file',
      seen: '2026-11',
    },
  ],
  greeting: 'Cyrus POP3 3.6.1-Debian-3.6.1-4 server ready',
  mechanisms: ['SCRAM-SHA-256', 'SCRAM-SHA-1', 'CRAM-MD5', 'LOGIN', 'PLAIN'],
  capabilities: { before: ['SASL', 'STLS', ...ALWAYS], after: ['SASL', ...ALWAYS] },
  texts: {
    ...MAILFERRY.texts,
    named: 'Name is a valid mailbox',
    entered: 'Mailbox locked and ready',
    wrongLogin: 'Invalid login',
    inUse: 'Unable to lock maildrop: Mailbox is locked by POP server',
    unknown: 'Unrecognized command',
    notNow: 'Unrecognized command',
    noSuchMessage: 'No such message',
    marked: 'message deleted',
    nothingDone: '',
    goodbye: '',
  },
  locks: false,
};
