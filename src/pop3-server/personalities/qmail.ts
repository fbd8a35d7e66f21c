import { MAILFERRY, type Personality, WORDLESS } from '../personality.ts';

export const QMAIL: Personality = {
  ...MAILFERRY,
  description: 'qmail-pop3d',
  sources: [
    {
      fact: 'The greeting is the timestamp of APOP alone; +OK without words; no CAPA, AUTH or STLS; one login only, then it hangs up; no lock.',
      source: 'qmail-popup.c and qmail-pop3d.c of notqmail, which has them from qmail 1.03',
      seen: '2026-11',
    },
  ],
  greeting: '',
  mechanisms: [],
  capabilities: undefined,
  without: ['AUTH', 'STLS'],
  texts: {
    ...WORDLESS,
    wrongLogin: 'authorization failed',
    unknown: 'unimplemented',
    notNow: 'authorization first',
    noSuchMessage: 'no such message',
  },
  hangsUp: true,
  locks: false,
};
