import { MAILFERRY, type Personality, WORDLESS } from '../personality.ts';

export const POPA3D: Personality = {
  ...MAILFERRY,
  description: 'popa3d 1.0',
  sources: [
    {
      fact: 'Bare +OK and -ERR; no CAPA, TLS, APOP or AUTH; equal messages have equal unique-ids; hangs up after one failed login.',
      source: 'popa3d 1.0.3, a stock package of Debian 12, asked over a raw socket',
      seen: '2026-11',
    },
  ],
  greeting: '',
  apop: false,
  mechanisms: [],
  capabilities: undefined,
  without: ['AUTH', 'STLS'],
  texts: WORDLESS,
  hangsUp: true,
  locks: false,
  uniqueIds: 'content',
};
