import { execFileSync } from 'node:child_process';
import { mkdir, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, type TestContext } from 'vitest';
import { createServer } from '../../src/pop3-server/index.ts';
import { runProgram, writeConfiguration } from '../support/program.ts';
import { findProgram, giveUp, requirePrograms, requireRoot } from '../support/programs.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { fewMessages } from './mail.ts';
import { FULL } from './scale.ts';
import { DESTINATIONS, destinationsOf, tornInMaildir, whatIsWrong } from './stored.ts';

const MAIL = fewMessages(24);
const START_KIB = 96;
const STEP_KIB = 64;
const MOST_KIB = 8192;

const WHERE = ['on another disk', 'on the same disk'] as const;

const CASES = WHERE.flatMap((ledger) => DESTINATIONS.map(([name, deliver]) => ({ name, deliver, ledger })));
const CHOSEN = FULL ? CASES : CASES.slice(0, 2);

describe('a quota of the file system that is raised from poll to poll', () => {
  beforeEach(requireRoot);
  beforeEach(requirePrograms('mkfs.btrfs', 'btrfs'));

  it.for(CHOSEN)('$name, the ledger $ledger', async ({ deliver, ledger }, context) => {
    await using folder = await temporaryFolder();
    await using disk = await diskWithQuota(folder.path, context);
    await using server = await createServer({ users: { alice: { password: 'secret', messages: MAIL } } });
    await writeConfiguration(folder.path, {
      port: server.address.port,
      deliver: destinationsOf(deliver).map((one) => ({ ...one, path: one.path.replace('.', './disk/mine') })),
    });
    await mkdir(join(disk.path, 'state'));
    if (ledger === 'on the same disk') await symlink(join(disk.path, 'state'), folder.at('state'));
    const ends: (number | string | null)[] = [];
    const torn: string[] = [];
    for (let kib = START_KIB; (ends.at(-1) ?? 74) !== 0 && kib < MOST_KIB; kib += STEP_KIB) {
      disk.limit(kib);
      const { status, signal, stderr } = await runProgram(['fetch', '--quiet'], { cwd: folder.path });
      ends.push(status ?? signal);
      expect(stderr).not.toContain('nknown system error');
      // A piece may be left at the end of an mbox where the quota forbids to cut it off; the next poll that can does.
      torn.push(...(await tornInMaildir(disk.path, deliver, MAIL)));
    }
    context.task.meta.figures = `${ends.length} polls ended with ${[...new Set(ends)].join(', ')}`;
    expect(ends.slice(0, -1).filter((end) => end !== 74 && !mayEndSo(end, ledger))).toEqual([]);
    expect(ends.at(-1)).toBe(0);
    expect(torn).toEqual([]);
    expect(server.maildrop('alice').messages).toEqual([]);
    expect(await whatIsWrong(disk.path, deliver, MAIL)).toEqual([]);
  });
});

/**
 * SQLite maps a file of the ledger into memory; where Btrfs finds no room for what is written there, the kernel kills who
 * writes it.
 */
function mayEndSo(end: number | string | null, ledger: (typeof WHERE)[number]): boolean {
  return end === 'SIGBUS' && ledger === 'on the same disk';
}

/** A file system with quotas, which hold for root too, in a file below `folder`. */
async function diskWithQuota(
  folder: string,
  { skip }: TestContext,
): Promise<AsyncDisposable & { readonly path: string; limit(kib: number): void }> {
  const [image, mount] = [join(folder, 'image'), join(folder, 'disk')];
  await writeFile(image, '');
  await truncate(image, 256 * 1024 * 1024);
  await mkdir(mount);
  execFileSync(findProgram('mkfs.btrfs') ?? '', ['-q', image], { stdio: 'pipe' });
  try {
    execFileSync('mount', ['-o', 'loop', image, mount], { stdio: 'pipe' });
  } catch (error) {
    giveUp(skip, `no loop device or no btrfs here: ${String(error)}`);
  }
  const path = join(mount, 'mine');
  btrfs('quota', 'enable', mount);
  btrfs('subvolume', 'create', path);
  return {
    path,
    limit: (kib) => {
      // What was given free counts until then.
      btrfs('filesystem', 'sync', mount);
      btrfs('qgroup', 'limit', `${kib}K`, path);
    },
    [Symbol.asyncDispose]: async () => {
      execFileSync('umount', ['--lazy', mount], { stdio: 'pipe' });
    },
  };
}

function btrfs(...words: readonly string[]): void {
  execFileSync(findProgram('btrfs') ?? '', words, { stdio: 'pipe' });
}
