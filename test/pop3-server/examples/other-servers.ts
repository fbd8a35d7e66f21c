import { createServer, PERSONALITIES } from '../../../src/pop3-server/index.ts';

const users = { alice: { password: 'secret' } };
await using outlook = await createServer({ users, personality: 'outlook' });
await using mine = await createServer({
  users,
  personality: { ...PERSONALITIES.dovecot, greeting: 'Mine.' },
});
console.log(outlook.address, mine.address);
