import { MAILFERRY, type Personality } from '../personality.ts';

/** What it announces before the login and after it. */
const ALWAYS = [
  'TOP',
  'USER',
  'LOGIN-DELAY 10',
  'PIPELINING',
  'UIDL',
  'UTF8 USER',
  'IMPLEMENTATION Courier Mail Server',
];

export const COURIER: Personality = {
  ...MAILFERRY,
  description: 'Courier 1.0',
  sources: [
    {
      fact: 'Greeting without timestamp; LOGIN-DELAY announced and not enforced; no response codes; two sessions at a time.',
      source:
        'courier-pop 1.0.16, a stock package of Debian 12, asked over a raw socket; texts from its program files',
      seen: '2026-11',
    },
  ],
  greeting: 'Hello there.',
  apop: false,
  mechanisms: ['LOGIN', 'PLAIN', 'CRAM-MD5'],
  capabilities: { before: ['SASL', 'STLS', ...ALWAYS], after: ['SASL', ...ALWAYS] },
  texts: {
    ...MAILFERRY.texts,
    named: 'Password required.',
    entered: 'logged in.',
    wrongLogin: 'Login failed.',
    unknown: 'Invalid command.',
    notNow: 'Invalid command.',
    noSuchMessage: 'Invalid message number.',
    marked: 'Deleted.',
    nothingDone: 'Yup.',
    goodbye: 'Bye-bye.',
  },
  locks: false,
};
