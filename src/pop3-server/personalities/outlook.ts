import { MAILFERRY, type Personality } from '../personality.ts';

export const OUTLOOK: Personality = {
  ...MAILFERRY,
  description: 'Outlook.com and Exchange Online',
  sources: [
    {
      fact: 'AUTH XOAUTH2 has to come without an initial response, on two lines.',
      source: 'learn.microsoft.com, Authenticate an IMAP, POP or SMTP connection using OAuth',
      seen: '2026-11',
    },
    {
      fact: 'The greeting; TOP, UIDL, SASL and USER; "Command is not valid in this state".',
      source: 'github.com/simonrob/email-oauth2-proxy/issues/162',
      seen: '2023-05',
    },
    {
      fact: 'PLAIN is announced, though passwords have been refused since 2024; here one is taken if the user has one.',
      source: 'learn.microsoft.com, Deprecation of Basic authentication in Exchange Online',
      seen: '2026-11',
    },
    {
      fact: 'The text of a failed login.',
      source: 'github.com/jstedfast/MailKit/issues/391',
      seen: '2016-08',
    },
  ],
  greeting: 'The Microsoft Exchange POP3 service is ready.',
  apop: false,
  mechanisms: ['PLAIN', 'XOAUTH2'],
  onTwoLines: ['XOAUTH2'],
  capabilities: {
    before: ['TOP', 'UIDL', 'SASL', 'USER', 'STLS'],
    after: ['TOP', 'UIDL', 'SASL', 'USER'],
  },
  texts: {
    ...MAILFERRY.texts,
    named: '',
    entered: 'User successfully logged on.',
    wrongLogin: 'Logon failure: unknown user name or bad password.',
    unknown: 'Command is not valid in this state.',
    notNow: 'Command is not valid in this state.',
    goodbye: 'Microsoft Exchange Server POP3 server signing off.',
  },
};
