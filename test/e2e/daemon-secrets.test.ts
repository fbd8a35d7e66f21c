import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createServer } from '../../src/pop3-server/index.ts';
import { RunningDaemon, writeDaemonConfiguration } from '../support/daemon.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const SECRETS = {
  right: 'Rr1ghtS3cret',
  wrong: 'Wr0ngS3cret',
  webhook: 'W3bhookS3cret',
  token: 'T0kenS3cret',
  ping: 'P1ngS3cret',
  mail: 'M4ilS3cret',
};

it('I5: no secret is in any output of the daemon, its files, its notices or the list of processes', async () => {
  await using folder = await temporaryFolder();
  const messages = ['Subject: hi\r\n\r\nbody\r\n'];
  await using server = await createServer({
    users: { alice: { password: SECRETS.right, messages }, bob: { password: 'another' } },
  });
  const { port } = server.address;
  const address = 'http://127.0.0.1:1';
  await writeDaemonConfiguration(
    folder.path,
    {
      alice: { port, auth: 'user-pass', password: SECRETS.right },
      bob: { port, password: SECRETS.wrong },
      off: { port: 1, password: 'x' },
    },
    {
      notify: {
        afterFailures: 1,
        to: [
          { type: 'webhook', url: `${address}/${SECRETS.webhook}` },
          { type: 'ntfy', url: `${address}/topic`, token: SECRETS.token },
          { type: 'command', command: 'cat >> notices' },
          {
            type: 'mail',
            host: '127.0.0.1',
            port: 1,
            tls: 'none',
            user: 'u',
            password: SECRETS.mail,
            from: 'a@example.org',
            to: 'b@example.org',
          },
        ],
      },
      ping: { url: `${address}/${SECRETS.ping}` },
    },
  );
  await using daemon = new RunningDaemon(folder.path, {
    words: ['--log-level', 'trace', '--log-format', 'json'],
  });
  await daemon.logged(/^poll finished: 1 new/);
  await daemon.logged(/refused the login/);
  for (const target of ['webhook', 'ntfy', 'mail'])
    await daemon.logged(new RegExp(`could not be sent by ${target}`));
  await daemon.logged(/^The sign of life cannot be sent/);

  const outputs = [await processList()];
  const commands = [
    ['status', '--json'],
    ['status'],
    ['poll', '--json'],
    ['logs', '-n', '1000'],
    ['notify', '--test'],
    ['check'],
  ];
  for (const words of commands) {
    const { stdout, stderr } = await daemon.ask(...words);
    outputs.push(stdout, stderr);
  }
  const { stdout, stderr } = await daemon.end();
  outputs.push(stdout, stderr, ...(await filesBelow(folder.path)));
  expect(stderr).toContain('PASS ***');
  for (const secret of Object.values(SECRETS)) {
    const base64 = Buffer.from(secret).toString('base64').replaceAll('=', '').slice(0, -1);
    expect(outputs.filter((output) => output.includes(secret) || output.includes(base64))).toEqual([]);
  }
});

/** The command line of every process, as others see it. */
async function processList(): Promise<string> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  );
  return lines.join('\n');
}

/** The contents of all files but the configuration. */
async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const others = paths.filter((path) => !path.endsWith('mailferry.yaml'));
  expect(others.some((path) => path.endsWith('ledger.db'))).toBe(true);
  expect(others.some((path) => path.endsWith('notices'))).toBe(true);
  return Promise.all(others.map((path) => readFile(path, 'latin1')));
}
