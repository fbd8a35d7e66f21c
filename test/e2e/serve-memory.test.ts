import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { greetedClient, loggedInClient } from '../support/raw-client.ts';
import { served } from '../support/served.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const MIB = 1024 * 1024;

/** What hostile clients together may make the server need beyond what it needs to start. */
const MOST_EXTRA = 160 * MIB;

/** The most that the process ever had in memory, in octets. */
async function peakOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'latin1');
  return Number(/VmHWM:\s*(\d+) kB/.exec(status)?.[1]) * 1024;
}

/** Writes until the other side has had enough, or all is written. */
async function pour(socket: Socket, block: Buffer, times: number): Promise<void> {
  socket.on('error', () => undefined).resume();
  for (let time = 0; time < times && !socket.destroyed; time += 1) {
    await new Promise<void>((resolve) => socket.write(block, () => resolve()));
  }
}

async function endOf(socket: Socket): Promise<void> {
  if (!socket.closed) await once(socket, 'close');
}

test('I7: what hostile clients do does not fill the memory of the server', async () => {
  await using folder = await temporaryFolder();
  const drop = join(folder.path, 'drops/alice');
  await mkdir(drop, { recursive: true });
  await writeFile(
    join(drop, 'large.eml'),
    Buffer.alloc(100 * MIB, `Subject: x\r\n\r\n${'.x'.repeat(500)}\r\n`),
  );
  await mkdir(join(folder.path, 'drops/bob'));
  const users = ['--user', 'alice:secret', '--user', 'bob:secret'];
  await using server = await served(['--maildrops', 'drops', ...users], folder.path);
  const { pop3: address, pid } = server;
  await using first = await greetedClient(address);
  // Those who have not logged in make room for others.
  expect(await first.logIn('bob')).toMatch(/^\+OK/);
  await first.multiline('CAPA');
  const before = await peakOf(pid);

  // A command line of a gigabyte: the server hangs up long before its end.
  const endless = connect({ ...address });
  await pour(endless, Buffer.alloc(4 * MIB, 'x'), 256);
  await endOf(endless);

  // Eight clients pour garbage in and read nothing.
  const deaf = Array.from({ length: 8 }, () => connect({ ...address, allowHalfOpen: true }).pause());
  for (const socket of deaf) socket.on('error', () => undefined).write(Buffer.alloc(2 * MIB, 'CAPA\r\n'));

  // One asks for a large message again and again, and reads nothing.
  await using reader = await loggedInClient(address);
  reader.pause();
  reader.send('RETR 1\r\n'.repeat(10_000));

  // More clients than are let in.
  const crowd: Socket[] = [];
  for (let part = 0; part < 6; part += 1) {
    const newcomers = Array.from({ length: 200 }, () => connect({ ...address }));
    for (const socket of newcomers) socket.on('error', () => undefined);
    await Promise.all(newcomers.map((socket) => Promise.race([once(socket, 'data'), once(socket, 'close')])));
    crowd.push(...newcomers);
  }

  // The server is alive and well meanwhile.
  expect(await first.multiline('CAPA')).toMatch(/^\+OK/);
  expect((await peakOf(pid)) - before).toBeLessThan(MOST_EXTRA);
  for (const socket of [...deaf, ...crowd]) socket.destroy();
});
