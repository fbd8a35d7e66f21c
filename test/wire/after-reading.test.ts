import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { afterReading } from '../../src/wire/after-reading.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** This process gets no time, as on a machine that is too busy. */
function stall(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

test('what is there to be read is read first, also when the time is over before anybody has looked', async () => {
  await using folder = await temporaryFolder();
  const path = folder.at('socket');
  const server = createServer().listen(path);
  const writer = connect(path);
  const [reader] = (await once(server, 'connection')) as [Socket];
  await once(writer, 'ready');
  const events: string[] = [];
  reader.on('data', () => events.push('read'));
  await new Promise<void>((resolve) => {
    // In a turn of its own, which has listened by then.
    setImmediate(() => {
      afterReading(1, () => {
        events.push('over');
        resolve();
      });
      writer.write('secret');
      stall(10);
    });
  });
  expect(events).toEqual(['read', 'over']);
  writer.destroy();
  reader.destroy();
  server.close();
});

test('what was called off does not happen', async () => {
  const events: string[] = [];
  const callOff = afterReading(0, () => events.push('over'));
  callOff();
  await new Promise<void>((resolve) => {
    afterReading(1, resolve);
  });
  expect(events).toEqual([]);
});
