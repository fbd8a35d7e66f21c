import { courier } from './courier.ts';
import { cyrus } from './cyrus.ts';
import type { ServerKind } from './kind.ts';
import { mailutils } from './mailutils.ts';
import { popa3d } from './popa3d.ts';
import { solidPop3d } from './solid-pop3d.ts';
import { tcllib } from './tcllib.ts';

/** Every server but Dovecot, which has tests of its own. */
export const SERVERS: readonly ServerKind[] = [courier, cyrus, mailutils, popa3d, solidPop3d, tcllib];
