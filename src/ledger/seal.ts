import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { type FileMark, isSameFile, markOf } from '../durable/file-mark.ts';

/** What is appended to a ledger's name for the file that says which file it was when it was opened or closed last. */
const SEAL = '.seal';

/** What is known outside of a ledger of who used it last. */
export interface Seal {
  /** `open` as long as somebody writes to it, and after one who was killed. */
  readonly state: 'open' | 'closed';
  /** The newest of its generations then; undefined in a seal of an older Mailferry. */
  readonly generation: string | undefined;
  readonly ledger: FileMark;
  /** The log that belongs to it, while it is open. */
  readonly log: FileMark | undefined;
}

/** A generation of a ledger: it gets one whenever a process first writes to it, and one when it is closed after that. */
export interface Generation {
  readonly name: string;
  /** Which file the seal was that told of it; null where that was not noted. */
  readonly seal: string | null;
}

/** What stands in the state folder before the ledger is opened, which changes it. */
export interface Sight {
  /** Undefined where there is no ledger. */
  readonly ledger: FileMark | undefined;
  /** Its log, and whether that holds anything. */
  readonly log: FileMark | undefined;
  readonly hasLog: boolean;
  /** Undefined where there is none that can be read. */
  readonly seal: Seal | undefined;
  /** Of which file it is, as in `Generation`. */
  readonly sealFile: string | undefined;
}

/** Looks before the ledger at this path is opened. */
export function lookAt(path: string): Sight {
  return {
    ledger: markOf(path),
    log: markOf(`${path}-wal`),
    hasLog: (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0,
    seal: readSeal(`${path}${SEAL}`),
    sealFile: fileOfSeal(path),
  };
}

/** Writes the seal of a ledger, whole or not at all, and gives the file it is. */
export function writeSeal(path: string, seal: Seal): string | undefined {
  const fresh = `${path}${SEAL}.new`;
  writeFileSync(fresh, `${JSON.stringify(seal)}\n`, { mode: 0o600 });
  renameSync(fresh, `${path}${SEAL}`);
  return fileOfSeal(path);
}

/**
 * Whether a ledger is not the one that was used last, and so does not know all that was carried since. It was probably put
 * back from a backup, alone, with its log or with the whole folder, or has lost its log. `generations`: its own, newest
 * first. One that knows more than its seal is that of a process that was killed, and its marks say what was under way.
 */
export function wasPutBack(
  { ledger, hasLog, seal, sealFile }: Sight,
  generations: readonly Generation[],
): boolean {
  if (ledger === undefined) return false;
  if (seal === undefined) return !hasLog;
  const isChanged = !isSameFile(seal.ledger, ledger) || seal.ledger.changed !== ledger.changed;
  if (seal.generation === undefined && generations.length === 0) return !hasLog && isChanged;
  const age = generations.findIndex(({ name }) => name === seal.generation);
  if (age < 0 && seal.generation !== undefined) return true;
  if (!isSameFile(seal.ledger, ledger)) return true;
  if (age !== 0) return false;
  if (seal.state === 'closed') return !hasLog && isChanged;
  // A copy of the whole folder has a copy of the seal.
  const noted = generations[0]?.seal ?? null;
  return noted !== null && noted !== sealFile;
}

/**
 * Whether the log that lies beside a ledger belongs to another file, which was open when its process was killed: with it,
 * the two would become a mixture of both.
 */
export function isOfAnother({ ledger, log, seal }: Sight): boolean {
  if (ledger === undefined || log === undefined || seal?.log === undefined) return false;
  return isSameFile(log, seal.log) && !isSameFile(seal.ledger, ledger);
}

function fileOfSeal(path: string): string | undefined {
  const mark = markOf(`${path}${SEAL}`);
  return mark && `${mark.inode} ${mark.changed}`;
}

/** What cannot be read says nothing: a loss of power may have left it so. */
function readSeal(path: string): Seal | undefined {
  try {
    const text = readFileSync(path, 'utf8');
    const [, inode, changed] = /^(\d+) (\d+)\n$/.exec(text) ?? [];
    if (inode !== undefined && changed !== undefined) {
      const ledger = { inode, born: undefined, changed };
      return { state: 'closed', generation: undefined, ledger, log: undefined };
    }
    const seal = JSON.parse(text) as Partial<Seal>;
    const { state, generation, ledger, log } = seal;
    const isWhole = (state === 'open' || state === 'closed') && typeof ledger?.inode === 'string';
    return isWhole ? { state, generation, ledger, log } : undefined;
  } catch {
    return undefined;
  }
}
