import { readFile, realpath } from 'node:fs/promises';
import { doubtful, type Step } from './step.ts';

/**
 * What is doubtful about a folder that is to be on another disk by /etc/fstab, while nothing is mounted there: what is written
 * below the empty mount point is hidden later. Undefined where it is mounted, or nobody knows.
 */
export async function examineMount(folder: string): Promise<Step | undefined> {
  const [table, mounts] = await Promise.all(['/etc/fstab', '/proc/self/mountinfo'].map(textOf));
  if (table === undefined || mounts === undefined) return undefined;
  const missing = missingMount(await whole(folder), { table, mounts });
  if (missing === undefined) return undefined;
  return doubtful(
    'destination',
    `nothing is mounted at ${missing}, where /etc/fstab has a disk, so that mail would be stored beneath its mount point`,
    `Mount it: mount ${missing}`,
  );
}

/** The innermost mount point of that table which the path is below and nothing is mounted at. Pure. */
export function missingMount(
  path: string,
  { table, mounts }: { readonly table: string; readonly mounts: string },
): string | undefined {
  const mounted = new Set(mounts.split('\n').map((line) => unescaped(line.split(' ')[4] ?? '')));
  const [innermost] = table
    .split('\n')
    .filter((line) => !/^\s*(?:#|$)/.test(line))
    .map((line) => unescaped(line.trim().split(/\s+/)[1] ?? '').replace(/\/+$/, ''))
    .filter((point) => point.startsWith('/') && `${path}/`.startsWith(`${point}/`))
    .sort((one, other) => other.length - one.length);
  return innermost === undefined || mounted.has(innermost) ? undefined : innermost;
}

/** Both files write a blank as `\\040`. */
function unescaped(field: string): string {
  return field.replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}

function textOf(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}

/** Without the symbolic links on the way. */
function whole(folder: string): Promise<string> {
  return realpath(folder).catch(() => folder);
}
