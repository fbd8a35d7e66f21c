import { readFile, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { ServiceManager } from '../../src/daemon/systemd.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

test('systemd is told again after a message that no process could be started for', async () => {
  await using folder = await temporaryFolder();
  await writeFile(folder.at('systemd-notify'), `#!/bin/sh\necho "$@" >> ${folder.at('told')}\n`, {
    mode: 0o755,
  });
  const troubles: string[] = [];
  const env = { NOTIFY_SOCKET: '/run/systemd/notify', PATH: `${folder.path}:/bin` };
  const manager = new ServiceManager(env, process.pid, (message) => troubles.push(message));
  await manager.tell(`STATUS=${'x'.repeat(10_000_000)}`);
  await manager.tell('WATCHDOG=1');
  expect(troubles).toEqual([expect.stringMatching(/^systemd cannot be told .*E2BIG/)]);
  expect(await readFile(folder.at('told'), 'utf8')).toBe('--no-block WATCHDOG=1\n');
});

test('systemd is not told, nor anybody else of that, where the program is missing, but for once', async () => {
  const troubles: string[] = [];
  const env = { NOTIFY_SOCKET: '/run/systemd/notify', PATH: '/nowhere' };
  const manager = new ServiceManager(env, process.pid, (message) => troubles.push(message));
  await manager.tell('READY=1');
  await manager.tell('WATCHDOG=1');
  expect(troubles).toEqual([expect.stringMatching(/^systemd cannot be told .*ENOENT/)]);
});

test('systemd gets no queue of signs of life, one waiting behind the other (I7)', async () => {
  await using folder = await temporaryFolder();
  const script = `#!/bin/sh\necho "$2" >> ${folder.at('told')}\n`;
  await writeFile(folder.at('systemd-notify'), script, { mode: 0o755 });
  const env = { NOTIFY_SOCKET: '/run/systemd/notify', PATH: `${folder.path}:/bin` };
  const manager = new ServiceManager(env, process.pid, () => undefined);
  for (let turn = 0; turn < 20; turn += 1) manager.live();
  await manager.tell('STOPPING=1');
  expect(await readFile(folder.at('told'), 'utf8')).toBe('WATCHDOG=1\nSTOPPING=1\n');
});
