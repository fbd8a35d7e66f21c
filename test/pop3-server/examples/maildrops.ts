import { createServer, FilesMaildrop, type Maildrop } from '../../../src/pop3-server/index.ts';

const folder = new FilesMaildrop('drops/alice'); // .eml files or a Maildir, read at each login; DELE removes files
const empty: Maildrop = { list: () => Promise.resolve([]), remove: () => Promise.resolve() };
await using server = await createServer({
  users: { alice: { password: 'secret', maildrop: folder }, bob: { password: 'secret', maildrop: empty } },
});
console.log(server.address);
