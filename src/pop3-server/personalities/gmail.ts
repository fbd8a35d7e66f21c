import { MAILFERRY, type Personality } from '../personality.ts';

export const GMAIL: Personality = {
  ...MAILFERRY,
  description: 'Gmail',
  sources: [
    {
      fact: 'What RETR (not TOP) has fetched in a session that ends by QUIT is not listed again; without QUIT it is.',
      source: 'stackoverflow.com/questions/4530781, an answer by a developer of OpenPop.NET',
      seen: '2010-12',
    },
    {
      fact: 'DELE follows a setting of the account; by default the mail stays in Gmail.',
      source: 'support.google.com/mail/answer/7104828',
      seen: '2026-11',
    },
    {
      fact: 'Under recent:NAME the last 30 days are listed to every client, fetched or not.',
      source: 'support.google.com/mail/answer/7104828',
      seen: '2026-11',
    },
    {
      fact: 'A session lists about 250 of the oldest messages that were not fetched.',
      source: 'reports of users; not documented by Google',
      seen: '2026-11',
    },
    {
      fact: 'Texts and capabilities; LOGIN-DELAY 300 is announced, and not enforced here.',
      source: 'transcripts published by users of fetchmail and of other clients',
      seen: '2007-10',
    },
  ],
  greeting: 'Gpop ready for requests',
  apop: false,
  mechanisms: ['PLAIN', 'XOAUTH2'],
  capabilities: {
    before: [
      'USER',
      'RESP-CODES',
      'EXPIRE 0',
      'LOGIN-DELAY 300',
      'TOP',
      'UIDL',
      'X-GOOGLE-VERHOEVEN',
      'SASL',
    ],
    after: ['USER', 'RESP-CODES', 'EXPIRE 0', 'LOGIN-DELAY 300', 'TOP', 'UIDL', 'X-GOOGLE-VERHOEVEN', 'SASL'],
  },
  texts: {
    ...MAILFERRY.texts,
    named: 'send PASS',
    entered: 'Welcome.',
    wrongLogin: 'Username and password not accepted.',
    unknown: 'Not supported',
    notNow: 'Not supported',
    goodbye: 'Farewell.',
  },
  popped: { listed: 250, recentDays: 30 },
};
