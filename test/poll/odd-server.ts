import { createServer, type Faults, type Pop3Server } from '../../src/pop3-server/index.ts';

/** A server that has no TOP, so that no header can be had without the whole message. */
export const NO_TOP: Faults = [{ do: 'hide', names: ['TOP'] }];

/** A server that has no unique-ids. */
export const NO_UIDL: Faults = [{ do: 'hide', names: ['UIDL'] }];

/** A server that lists the numbers of its messages for unique-ids, of up to nine of them. */
export const NUMBERS: Faults = Array.from({ length: 9 }, (_, index) => ({
  do: 'uids',
  messages: [index + 1],
  uid: String(index + 1),
}));

/** Takes the message at this place out of the maildrop of alice, as another client would. */
export async function takeAway(server: Pop3Server, place = 0): Promise<void> {
  const maildrop = server.maildrop('alice');
  await maildrop.remove((await maildrop.list()).slice(place, place + 1));
}

/** A server with these messages in the maildrop of alice, each under its unique-id where one is given. */
export async function serveNamed(
  messages: readonly (readonly [string, string?])[],
  faults: Faults = [],
): Promise<Pop3Server> {
  const server = await createServer({ users: { alice: { password: 'secret' } }, faults });
  for (const [message, uid] of messages) server.maildrop('alice').add(message, { uid });
  return server;
}

/** Changes each message in the maildrop of alice, as servers do that write into what they keep; default: unique-ids stay. */
export async function rewrite(
  server: Pop3Server,
  change: (message: string) => string,
  uidOf: (uid: string) => string = (uid) => uid,
): Promise<void> {
  const maildrop = server.maildrop('alice');
  const changed = maildrop.messages.map(
    (message, at) => [change(String(message)), maildrop.uids[at] ?? ''] as const,
  );
  await maildrop.remove(await maildrop.list());
  for (const [message, uid] of changed) maildrop.add(message, { uid: uidOf(uid) });
}

/** As mailutils and qpopper write into what was read, at QUIT. */
export function markedAsRead(message: string): string {
  return message.includes('Status: RO') ? message : message.replace('\r\n\r\n', '\r\nStatus: RO\r\n\r\n');
}
