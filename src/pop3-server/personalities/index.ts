import type { Personality } from '../personality.ts';
import { COURIER } from './courier.ts';
import { CYRUS } from './cyrus.ts';
import { DOVECOT } from './dovecot.ts';
import { GMAIL } from './gmail.ts';
import { OUTLOOK } from './outlook.ts';
import { POPA3D } from './popa3d.ts';
import { QMAIL } from './qmail.ts';

/** A server that this one can play. */
export type PersonalityName = 'dovecot' | 'courier' | 'cyrus' | 'popa3d' | 'qmail' | 'gmail' | 'outlook';

/** The servers that this one can play, by name. */
export const PERSONALITIES: Readonly<Record<PersonalityName, Personality>> = {
  dovecot: DOVECOT,
  courier: COURIER,
  cyrus: CYRUS,
  popa3d: POPA3D,
  qmail: QMAIL,
  gmail: GMAIL,
  outlook: OUTLOOK,
};
