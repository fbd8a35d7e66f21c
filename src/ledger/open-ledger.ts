import { rename } from 'node:fs/promises';
import { ignoreMissing, MailError } from '../errors.ts';
import type { Runtime } from '../runtime.ts';
import { clearOfSuspicion, Database, isSuspect, SUSPECT } from './database.ts';
import { Lineage } from './lineage.ts';
import { migrate } from './migrations.ts';
import type { Ownership } from './ownership.ts';
import { isOfAnother, lookAt, type Sight, wasPutBack } from './seal.ts';

/** A ledger in the form that this version knows. */
export interface LedgerFile {
  readonly database: Database;
  readonly lineage: Lineage;
}

/** A ledger that was opened to be written. */
export interface OpenedLedger extends LedgerFile {
  /** Whether it is an older copy, put back from a backup: no account is sure what was carried. */
  readonly wasPutBack: boolean;
  /** The damaged ledger that it had to replace, if it did. */
  readonly replaced: string | undefined;
}

/** Who opens it. */
interface Opener {
  readonly runtime: Pick<Runtime, 'now' | 'randomHex'>;
  readonly owner: Ownership;
}

/**
 * Opens or creates the ledger at this path. One that is damaged is set aside and replaced by an empty one; so is a log that
 * belongs to another file. Raises `ledger`.
 */
export async function openLedger(path: string, as: Opener): Promise<OpenedLedger> {
  const sight = lookAt(path);
  if (isOfAnother(sight)) await setAside(path, ['-wal', '-shm'], `other-${stampOf(as)}`);
  const sound = openSound(path, sight, as);
  if (sound !== undefined) return { ...sound, replaced: undefined };
  const replaced = await setAside(path, ['', '-wal', '-shm', SUSPECT], `damaged-${stampOf(as)}`);
  return { ...openFile(path, as), wasPutBack: false, replaced };
}

/** Keeps what is left of a ledger, or of a log, under another name, for whoever can mend it. */
async function setAside(path: string, suffixes: readonly string[], why: string): Promise<string> {
  const aside = `${path}.${why}`;
  for (const suffix of suffixes) await rename(`${path}${suffix}`, `${aside}${suffix}`).catch(ignoreMissing);
  return aside;
}

function stampOf({ runtime }: Opener): string {
  return new Date(runtime.now()).toISOString().replaceAll(':', '');
}

/** Undefined where an earlier use, or this look at it, shows that the file cannot be trusted any more. */
function openSound(path: string, sight: Sight, as: Opener): Omit<OpenedLedger, 'replaced'> | undefined {
  let opened: LedgerFile | undefined;
  try {
    opened = openFile(path, as);
    const isCopy = wasPutBack(sight, opened.lineage.generations());
    // A copy that was made of one in use, or without its log, may be of two moments.
    if ((isCopy || isSuspect(path)) && !opened.database.isSound()) {
      opened.database.close();
      return undefined;
    }
    clearOfSuspicion(path);
    return { ...opened, wasPutBack: isCopy };
  } catch (error) {
    opened?.database.close();
    if (error instanceof MailError && error.code === 'ledger-damaged') return undefined;
    throw error;
  }
}

function openFile(path: string, as: Opener): LedgerFile {
  const database = Database.open(path);
  try {
    migrate(database, path);
    return { database, lineage: new Lineage(database, path, as) };
  } catch (error) {
    database.close();
    throw error;
  }
}
