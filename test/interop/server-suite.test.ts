import { beforeEach } from 'vitest';
import { serverSuite } from '../pop3-server/server.suite.ts';
import { startDovecot } from '../support/dovecot.ts';
import { requirePrograms } from '../support/programs.ts';

/** What is asked of the included server, asked of one that others wrote: so it is no habit of ours. */

beforeEach(requirePrograms('dovecot'));

serverSuite({
  name: 'Dovecot',
  serve: async (messages) => {
    const dovecot = await startDovecot({ users: { alice: { password: 'secret', messages } } });
    const { host, ports } = dovecot;
    return { host, port: ports.plain, [Symbol.asyncDispose]: () => dovecot[Symbol.asyncDispose]() };
  },
});
