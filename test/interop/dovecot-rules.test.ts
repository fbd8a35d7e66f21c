import { beforeEach } from 'vitest';
import { conformanceSuite } from '../pop3-server/conformance.suite.ts';
import { authority, certificate } from '../support/certificates.ts';
import { startDovecot } from '../support/dovecot.ts';
import { requirePrograms } from '../support/programs.ts';
import { DOVECOT_DEVIATIONS } from './servers/dovecot.ts';

/** The rules that our own server has to keep, tried on Dovecot. */

beforeEach(requirePrograms('dovecot', 'openssl'));

conformanceSuite({
  name: 'Dovecot',
  ca: () => authority().cert,
  start: async (maildrops) => {
    const users = [...maildrops].map(([user, messages]) => [user, { password: 'secret', messages }] as const);
    const dovecot = await startDovecot({
      users: Object.fromEntries(users),
      tls: certificate(),
      lockSession: true,
    });
    return {
      host: dovecot.host,
      port: dovecot.ports.plain,
      [Symbol.asyncDispose]: () => dovecot[Symbol.asyncDispose](),
    };
  },
  deviations: DOVECOT_DEVIATIONS,
});
