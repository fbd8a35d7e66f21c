import { beforeEach } from 'vitest';
import type { TlsMode } from '../../src/pop3-client/index.ts';
import { sessionSuite } from '../pop3-client/session.suite.ts';
import { conformanceSuite } from '../pop3-server/conformance.suite.ts';
import { authority, certificate } from '../support/certificates.ts';
import { startDovecot } from '../support/dovecot.ts';
import { requirePrograms } from '../support/programs.ts';
import { DOVECOT_DEVIATIONS } from './servers/dovecot.ts';

/** The suites that our own client and server have to pass, with Dovecot in place of our server. */

beforeEach(requirePrograms('dovecot', 'openssl'));

for (const tls of ['none', 'starttls', 'implicit'] as const satisfies readonly TlsMode[]) {
  sessionSuite({
    name: `Dovecot, TLS: ${tls}`,
    serve: async (messages) => {
      const alice = { password: 'open sesame', messages };
      const dovecot = await startDovecot({ users: { alice }, tls: certificate() });
      const { host, ports } = dovecot;
      const port = tls === 'implicit' ? ports.tls : ports.plain;
      return {
        options: { host, port, tls, user: 'alice', password: 'open sesame', ca: [authority().cert] },
        [Symbol.asyncDispose]: () => dovecot[Symbol.asyncDispose](),
      };
    },
  });
}

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
