import { mkdir, readdir, rm } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { createServer, type Pop3Server } from '../../src/pop3-server/index.ts';
import { runProgram, writeConfiguration } from '../support/program.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

const COUNT = 3;
const POLLING = { timeout: 60_000 };

async function carried(folder: TemporaryFolder): Promise<Pop3Server> {
  const messages = Array.from({ length: COUNT }, (_, index) => `Subject: ${index}\r\n\r\nbody\r\n`);
  const server = await createServer({ users: { alice: { password: 'secret', messages } } });
  await writeConfiguration(folder.path, { port: server.address.port, delete: { after: '4s' } });
  expect(await runProgram(['fetch'], { cwd: folder.path })).toMatchObject({ status: 0 });
  return server;
}

/** Makes the Maildir anew until it is younger than the mail, by the whole seconds that names have, and a poll notices. */
async function replaceMaildir(folder: TemporaryFolder): Promise<string> {
  await rm(folder.at('Mail'), { recursive: true, force: true });
  await mkdir(folder.at('Mail/cur'), { recursive: true });
  return (await runProgram(['fetch'], { cwd: folder.path })).stderr;
}

describe('a Maildir that was lost and made anew', () => {
  it('keeps the mail on the server, and has it once more after refetch', async () => {
    await using folder = await temporaryFolder();
    await using server = await carried(folder);
    await rm(folder.at('Mail'), { recursive: true });
    const told = await runProgram(['fetch'], { cwd: folder.path });
    expect(told).toMatchObject({ status: 73, stderr: expect.stringContaining('mailferry refetch ACCOUNT') });
    await expect.poll(() => replaceMaildir(folder), POLLING).toContain('mailferry refetch me');
    expect(server.maildrop('alice').messages).toHaveLength(COUNT);

    const counted = await runProgram(['refetch', 'me', '--dry-run'], { cwd: folder.path });
    expect(counted.stdout).toMatch(/^me: 3 messages .* would come to maildir:.*\/Mail once more\n$/);
    const { status, stdout } = await runProgram(['refetch', 'me'], { cwd: folder.path });
    expect(stdout).toContain(
      'me: 3 messages that the server still had when it was last asked come to maildir:',
    );
    expect(status).toBe(0);
    const { stdout: past } = await runProgram(['history'], { cwd: folder.path });
    expect(past.match(/^\S+ \S+ R me /gm)).toHaveLength(COUNT);
    const verified = await runProgram(['verify'], { cwd: folder.path });
    expect(verified).toMatchObject({ status: 65, stdout: expect.stringContaining('3 messages not there') });
    const again = await runProgram(['fetch', '--json'], { cwd: folder.path });
    expect(JSON.parse(again.stdout)).toMatchObject({ outcome: 'ok', fetched: COUNT, deleted: 0 });
    expect(await readdir(folder.at('Mail/new'))).toHaveLength(COUNT);
    await expect
      .poll(async () => {
        await runProgram(['fetch'], { cwd: folder.path });
        return server.maildrop('alice').messages.length;
      }, POLLING)
      .toBe(0);
    expect(await runProgram(['verify'], { cwd: folder.path })).toMatchObject({ status: 0 });
  });

  it('keeps verify from looking at no other place, and is told with its account', async () => {
    await using folder = await temporaryFolder();
    const messages = ['Subject: one\r\n\r\nbody\r\n'];
    await using server = await createServer({ users: { alice: { password: 'secret', messages } } });
    const deliver = ['Mail', 'Other'].map((path) => ({ type: 'maildir', path }));
    await writeConfiguration(folder.path, { port: server.address.port, deliver });
    await runProgram(['fetch'], { cwd: folder.path });
    await rm(folder.at('Mail'), { recursive: true });
    const plain = await runProgram(['verify'], { cwd: folder.path });
    expect(plain).toMatchObject({ status: 73, stdout: expect.stringMatching(/^me: 1 message in .*Other/) });
    expect(plain.stderr).toMatch(/^me: maildir:\S+Mail: The maildir/);
    const { stdout } = await runProgram(['verify', '--json'], { cwd: folder.path });
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line): unknown => JSON.parse(line)),
    ).toMatchObject([
      { account: 'me', error: { code: 'destination-unusable' } },
      { account: 'me', intact: 1, workedOut: 0, error: null },
    ]);
  });

  it('gets what its owner has moved only where that is wanted', async () => {
    await using folder = await temporaryFolder();
    await using _server = await carried(folder);
    const [first = ''] = await readdir(folder.at('Mail/new'));
    await rm(folder.at('Mail/new', first));
    const words = ['refetch', 'me', '--dry-run'];
    expect((await runProgram(words, { cwd: folder.path })).stdout).toContain(
      'me: nothing is lost in maildir:',
    );
    const all = await runProgram([...words, '--missing'], { cwd: folder.path });
    expect(all.stdout).toContain('me: 1 message that');
  });
});
