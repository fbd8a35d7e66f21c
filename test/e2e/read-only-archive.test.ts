import { execFile } from 'node:child_process';
import { cp, mkdir, rm } from 'node:fs/promises';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, it } from 'vitest';
import { SqliteLedger } from '../../src/ledger/sqlite-ledger.ts';
import type { UniqueId } from '../../src/pop3/types.ts';
import { createServer } from '../../src/pop3-server/index.ts';
import { type Ended, runProgram, writeConfiguration } from '../support/program.ts';
import { requirePrograms, requireRoot } from '../support/programs.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

/** Runs what follows with this folder mounted read-only, in a namespace of its own. */
const READ_ONLY = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && cd "$1" && shift && exec "$@"';

function runReadOnly(folder: string, ...words: string[]): Promise<Ended> {
  return runProgram(words, {
    cwd: folder,
    under: ['unshare', '--mount', 'sh', '-c', READ_ONLY, 'sh', folder],
  });
}

/** Mail that was carried, with its configuration and its ledger. */
async function archiveIn(folder: TemporaryFolder): Promise<string> {
  await using server = await createServer({
    users: { alice: { password: 'secret', messages: ['Subject: kept\r\n\r\nx\r\n'] } },
  });
  const archive = folder.at('archive #1?');
  await mkdir(archive);
  await writeConfiguration(archive, { port: server.address.port });
  await runProgram(['fetch'], { cwd: archive });
  return archive;
}

describe('an archive on a disk that is mounted read-only', () => {
  beforeEach(requireRoot);
  beforeEach(requirePrograms('unshare'));

  it('is examined by history, verify and status', async () => {
    await using folder = await temporaryFolder();
    const archive = await archiveIn(folder);
    const [history, verify, status] = await Promise.all(
      ['history', 'verify', 'status'].map((word) => runReadOnly(archive, word)),
    );
    expect(history).toMatchObject({ status: 0, stdout: expect.stringMatching(/ kept\n$/) });
    expect(verify).toMatchObject({ status: 0, stdout: expect.stringContaining('1 message in maildir:') });
    expect(status).toMatchObject({ status: 0, stdout: expect.stringContaining('1 (') });
  });

  it('shows what only the log of its ledger holds, or says that it cannot read that', async () => {
    await using folder = await temporaryFolder();
    const archive = await archiveIn(folder);
    const ledger = await SqliteLedger.open(`${archive}/state`);
    await ledger.account('me').recordAdopted(new Map([['in-the-log' as UniqueId, undefined]]), 0);
    await cp(archive, folder.at('copy'), { recursive: true });
    ledger.close();
    expect((await runReadOnly(folder.at('copy'), 'history', '--all')).stdout).toContain('in-the-log');
    await rm(folder.at('copy', 'state', 'ledger.db-shm'));
    const refused = await runReadOnly(folder.at('copy'), 'history', '--all');
    expect(refused).toMatchObject({ status: 74, stdout: '' });
    expect(refused.stderr).toContain('Copy the whole state folder');
  });

  it('is said to be on a read-only file system where mail was to be carried', async () => {
    await using folder = await temporaryFolder();
    const refused = await runReadOnly(await archiveIn(folder), 'fetch');
    expect(refused.status).toBe(74);
    expect(refused.stderr).toMatch(
      /^mailferry: Cannot use .*: the file system is read-only\.\n {2}→ Mount it/,
    );
  });
});

it('a ledger that is somebody else’s, as after a poll by sudo, is said to be so', async (context) => {
  requireRoot(context);
  requirePrograms('setpriv')(context);
  await using folder = await temporaryFolder();
  const archive = await archiveIn(folder);
  await promisify(execFile)('chown', ['-R', '65534', `${archive}/state`]);
  const refused = await runProgram(['fetch'], {
    cwd: archive,
    // Root without the right to pass over the rights of others.
    under: ['setpriv', '--bounding-set=-dac_override,-dac_read_search'],
  });
  expect(refused.status).toBe(74);
  expect(refused.stderr).toMatch(
    /^mailferry: Cannot use .*permission denied at .*→ Give it .*\(chown -R USER/s,
  );
});
