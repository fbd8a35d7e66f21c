import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';

/** What is appended to a ledger's name for the file that says which file it was when it was closed. */
const SEAL = '.seal';

/** Notes which file the ledger is, and when it was last changed, now that it is closed. */
export function seal(path: string): void {
  try {
    writeFileSync(`${path}${SEAL}`, identityOf(path), { mode: 0o600 });
  } catch {
    // Then it counts as put back, which costs a look at the destinations.
  }
}

/**
 * Whether the ledger is not the one that was closed last, so has probably been put back from a backup and knows nothing
 * of what was carried since. One that was never closed has a log with something in it, and its marks say what was under
 * way.
 */
export function wasPutBack(path: string): boolean {
  if (!existsSync(path) || (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0) return false;
  return !existsSync(`${path}${SEAL}`) || readFileSync(`${path}${SEAL}`, 'utf8') !== identityOf(path);
}

/** The system sets the time of the last change; a copy cannot have that of the original. Disks get other numbers at a restart. */
function identityOf(path: string): string {
  const { ino, ctimeNs } = statSync(path, { bigint: true });
  return `${ino} ${ctimeNs}\n`;
}
