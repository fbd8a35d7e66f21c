import { expect, test } from 'vitest';
import { openSession } from '../../../src/pop3-client/index.ts';
import { createServer, type ServerEvent } from '../../../src/pop3-server/index.ts';

test('my client deletes what it has fetched, and nothing else', async () => {
  const events: ServerEvent[] = [];
  await using server = await createServer({
    users: { alice: { password: 'secret', messages: ['Subject: 1\r\n\r\n', 'Subject: 2\r\n\r\n'] } },
    observe: (event) => events.push(event),
  });

  const session = await openSession({ ...server.address, tls: 'none', user: 'alice', password: 'secret' });
  const [first] = await session.list();
  if (first !== undefined) await session.dele(first.number);
  await session.quit();

  expect(server.maildrop('alice').messages.map(String)).toEqual(['Subject: 2\r\n\r\n']);
  expect(events).toContainEqual({ kind: 'command', session: 1, line: 'DELE 1' });
});
