import { createServer } from '../../src/pop3-server/index.ts';
import { serverSuite } from './server.suite.ts';

serverSuite({
  name: 'ours',
  serve: async (messages) => {
    const server = await createServer({ users: { alice: { password: 'secret', messages } } });
    return { ...server.address, [Symbol.asyncDispose]: () => server.close() };
  },
});
