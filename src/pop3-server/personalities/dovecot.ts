import { MAILFERRY, type Personality } from '../personality.ts';

export const DOVECOT: Personality = {
  ...MAILFERRY,
  description: 'Dovecot 2.3',
  sources: [
    {
      fact: 'Greeting, capabilities and texts; SASL is not announced after the login; a maildrop in use is told with IN-USE.',
      source:
        'dovecot-pop3d 2.3.19, a stock package of Debian 12, asked over a raw socket; texts from its program files',
      seen: '2026-11',
    },
  ],
  greeting: 'Dovecot (Debian) ready.',
  mechanisms: ['PLAIN', 'LOGIN', 'CRAM-MD5', 'SCRAM-SHA-1', 'SCRAM-SHA-256', 'XOAUTH2', 'OAUTHBEARER'],
  capabilities: {
    before: ['CAPA', 'TOP', 'UIDL', 'RESP-CODES', 'PIPELINING', 'AUTH-RESP-CODE', 'STLS', 'USER', 'SASL'],
    after: ['CAPA', 'TOP', 'UIDL', 'RESP-CODES', 'PIPELINING', 'AUTH-RESP-CODE'],
  },
  texts: {
    ...MAILFERRY.texts,
    named: '',
    entered: 'Logged in.',
    wrongLogin: 'Authentication failed.',
    inUse: 'Mailbox is locked by another POP3 session',
    unknown: 'Unknown command.',
    notNow: 'Unknown command.',
    noSuchMessage: "There's no such message.",
    marked: 'Marked to be deleted.',
    nothingDone: '',
    goodbye: 'Logging out.',
  },
};
