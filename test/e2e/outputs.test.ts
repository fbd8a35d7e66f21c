import { readdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { createServer } from '../../src/pop3-server/index.ts';
import { RunningDaemon, writeDaemonConfiguration } from '../support/daemon.ts';
import { runProgram, startProgram } from '../support/program.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const MAIL = ['Subject: one\r\n\r\nfirst\r\n', 'Subject: two\r\n\r\nsecond\r\n'];
const users = { alice: { password: 'secret', messages: MAIL } };

/** Standard output goes to a disk that is full. */
const FULL = ['sh', '-c', 'exec "$0" "$@" > /dev/full'];

/** Nobody reads standard output, from the start on. */
const CLOSED = ['bash', '-c', 'exec "$0" "$@" > >(exec true)'];

describe('a full disk behind standard output', () => {
  it('is said in one line, with exit status 74, and keeps no mail from being carried', async () => {
    await using folder = await temporaryFolder();
    await using server = await createServer({ users });
    await writeDaemonConfiguration(folder.path, { alice: { port: server.address.port } });
    const commands = [
      'fetch --json',
      'history --json',
      'verify --json',
      'status',
      'completion bash',
      '--help',
    ];
    for (const command of commands) {
      const { status, stderr } = await runProgram(command.split(' '), { cwd: folder.path, under: FULL });
      const [message, hint, ...more] = stderr.trimEnd().split('\n');
      expect({ command, status, message, more }).toEqual({
        command,
        status: 74,
        message: 'mailferry: Standard output cannot be written: the disk is full.',
        more: [],
      });
      expect(hint).toMatch(/^ {2}→ What was printed is not whole/);
    }
    expect(await readdir(folder.at('alice/new'))).toHaveLength(2);
  });
});

describe('standard output that nobody reads', () => {
  it('ends the command that follows the log of the daemon', async () => {
    await using folder = await temporaryFolder();
    await using server = await createServer({ users });
    await writeDaemonConfiguration(folder.path, { alice: { port: server.address.port } });
    await using daemon = new RunningDaemon(folder.path);
    await daemon.logged(/^poll finished/);
    const { process: follower, ended } = startProgram(['logs', '--follow'], { cwd: folder.path });
    follower.stdout?.once('data', () => follower.stdout?.destroy());
    expect(await ended).toMatchObject({ status: 141, stderr: '' });
    await daemon.end();
  });

  it('keeps no mail from being carried', async () => {
    await using folder = await temporaryFolder();
    await using server = await createServer({ users });
    await writeDaemonConfiguration(folder.path, { alice: { port: server.address.port } });
    const { status, stderr } = await runProgram(['fetch', '--json'], { cwd: folder.path, under: CLOSED });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(await readdir(folder.at('alice/new'))).toHaveLength(2);
  });
});
