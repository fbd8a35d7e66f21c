import { readlink } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/** As many links lead from one to the next on Linux. */
const LINKS_FOLLOWED = 40;

/** Where symbolic links lead to from here, though nothing need be there; the path itself where it is none. */
export async function linkTarget(path: string): Promise<string> {
  let target = path;
  for (let links = 0; links < LINKS_FOLLOWED; links += 1) {
    const next = await readlink(target).catch(() => undefined);
    if (next === undefined) break;
    target = resolve(dirname(target), next);
  }
  return target;
}
