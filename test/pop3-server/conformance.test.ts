import { createServer } from '../../src/pop3-server/index.ts';
import { authority, certificate } from '../support/certificates.ts';
import { conformanceSuite } from './conformance.suite.ts';

conformanceSuite({
  name: 'the included server',
  ca: () => authority().cert,
  start: async (maildrops) => {
    const users = [...maildrops].map(([user, messages]) => [user, { password: 'secret', messages }] as const);
    const server = await createServer({ users: Object.fromEntries(users), tls: certificate() });
    return { ...server.address, [Symbol.asyncDispose]: () => server.close() };
  },
});
