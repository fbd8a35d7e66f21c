import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { expect, it } from 'vitest';
import { askDaemon } from '../../src/daemon/control-client.ts';
import { closing, listen, openControlSocket } from '../../src/daemon/control-server.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

it('asks on a connection of its own, which keeps no process alive once the answer has come', async () => {
  await using folder = await temporaryFolder();
  const connections: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    connections.push(request.headers.connection);
    response.end('{"a":1}\n{"b":2}\n');
  });
  await listen(server, folder.at('socket'));
  await using _closing = closing(server);
  const answer = await askDaemon(folder.at('socket'), { method: 'GET', path: '/' });
  const values: unknown[] = [];
  for await (const value of answer ?? []) values.push(value);
  expect(values).toEqual([{ a: 1 }, { b: 2 }]);
  expect(connections).toEqual(['close']);
});

it('finds no daemon where nobody listens', async () => {
  await using folder = await temporaryFolder();
  expect(await askDaemon(folder.at('socket'), { method: 'GET', path: '/' })).toBeUndefined();
});

it('takes the place of a dead socket, and of nothing else that has its name', async () => {
  await using folder = await temporaryFolder();
  await writeFile(folder.at('letter'), 'dear');
  const opening = openControlSocket(folder.at('letter'), {});
  await expect(opening).rejects.toMatchObject({ code: 'config', hint: expect.any(String) as string });
  await expect(opening).rejects.toThrow('something else has this name');
  expect(await readFile(folder.at('letter'), 'utf8')).toBe('dear');
});

it('I7: does not wait for ever for a daemon that is stuck', async () => {
  await using folder = await temporaryFolder();
  const server = createServer(() => undefined);
  await listen(server, folder.at('socket'));
  await using _closing = closing(server);
  const asking = askDaemon(folder.at('socket'), { method: 'GET', path: '/', patienceMs: 20 });
  await expect(asking).rejects.toMatchObject({
    code: 'timeout',
    message: 'The daemon has not answered for 20ms: it is stuck.',
    hint: expect.stringMatching(/^Restart it/) as string,
  });
});
