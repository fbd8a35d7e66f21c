import { createServer } from '../../../src/pop3-server/index.ts';

await using server = await createServer({
  users: { alice: { password: 'secret', messages: ['Subject: hi\r\n\r\nhi\r\n'] } },
});
console.log(server.address); // { host: '127.0.0.1', port: 38471 }: any free port of this machine
