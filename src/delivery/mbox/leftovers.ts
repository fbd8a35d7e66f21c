import { readdir, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { hostPart } from '../../durable/dot-lock.ts';
import { linkTarget } from '../../durable/link-target.ts';
import { ignoreMissing } from '../../errors.ts';
import type { Runtime } from '../../runtime.ts';
import { isLeftByTheDead } from '../left-by-the-dead.ts';

/** Where a message waits that is too large for memory. It has this name only while it is being opened. */
export function spoolPath(path: string, runtime: Runtime): string {
  const owner = `${hostPart(runtime)}.${runtime.pid}.${runtime.randomHex(8)}`;
  return join(dirname(path), `.${basename(path)}.spool.${owner}`);
}

/**
 * Removes what a killed process of ours left beside an mbox: the name of a waiting message, a lock that it had prepared.
 * What belongs to another host, or to a living process, stays; so does everything in a folder that may be written to but not
 * read. Where the mbox is a symbolic link, locks were prepared beside its target, too.
 */
export async function removeMboxLeftovers(path: string, runtime: Runtime): Promise<void> {
  const target = await linkTarget(path);
  for (const one of new Set([path, target])) await removeBeside(one, runtime);
}

async function removeBeside(path: string, runtime: Runtime): Promise<void> {
  const folder = dirname(path);
  const name = basename(path);
  const beginnings = [`.${name}.spool.`, `${name}.lock.`].map((text) => `${text}${hostPart(runtime)}.`);
  for (const fileName of await readdir(folder).catch(() => [])) {
    const beginning = beginnings.find((text) => fileName.startsWith(text));
    const [, pid] = /^(\d+)\.[0-9a-f]+(?:\.stale)?$/.exec(fileName.slice(beginning?.length)) ?? [];
    if (beginning === undefined || pid === undefined) continue;
    const other = join(folder, fileName);
    const modifiedAt = (await stat(other).catch(ignoreMissing))?.mtimeMs ?? Number.POSITIVE_INFINITY;
    if (isLeftByTheDead(Number(pid), modifiedAt, runtime)) await unlink(other).catch(ignoreMissing);
  }
}
