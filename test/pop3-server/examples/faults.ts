import { createServer, type Faults } from '../../../src/pop3-server/index.ts';

const faults: Faults = [
  { do: 'cut', command: 'RETR', messages: [2], inReply: 100, sessions: 1 }, // the line breaks in message 2, once
  { do: 'refuse', command: 'LOGIN', nth: 1, code: 'IN-USE', text: 'locked by another session' },
  { do: 'uids', prefix: 'new-' }, // all unique-ids have changed
];
await using server = await createServer({ users: { alice: { password: 'secret' } }, faults });
console.log(server.address);
