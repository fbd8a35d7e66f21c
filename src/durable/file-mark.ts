import { type BigIntStats, statSync } from 'node:fs';
import { systemCode } from '../errors.ts';

/** What tells a file from another one that stands at the same path at another time. */
export interface FileMark {
  /**
   * Its number on its disk, which another file gets once it is removed. The number of the disk tells nothing: it may change at
   * a restart.
   */
  readonly inode: string;
  /** When it was made, in nanoseconds since 1970; undefined where the file system does not tell. */
  readonly born: string | undefined;
  /** When it was last changed; the system sets it, so that a copy cannot have that of the original. */
  readonly changed: string;
}

/** The mark of what stands at a path; undefined where nothing does. Raises any other error of the system. */
export function markOf(path: string): FileMark | undefined {
  try {
    return toMark(statSync(path, { bigint: true }));
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** The mark of what was looked at. */
export function toMark({ ino, birthtimeNs, ctimeNs }: BigIntStats): FileMark {
  // Where a file system has no such time, the other one is given in its place.
  const isTold = birthtimeNs > 0n && birthtimeNs !== ctimeNs;
  return { inode: String(ino), born: isTold ? String(birthtimeNs) : undefined, changed: String(ctimeNs) };
}

/** Whether both are of one file, whatever was changed in it in between. */
export function isSameFile(one: FileMark, other: FileMark): boolean {
  const bornAlike = one.born === undefined || other.born === undefined || one.born === other.born;
  return one.inode === other.inode && bornAlike;
}

/** What tells a folder from another one that is there while its disk is not mounted. */
export type FolderMark = Pick<FileMark, 'inode' | 'born'>;

/**
 * Whether both may be of one folder. The time when it was made tells more than its number, which some network and user-space
 * file systems give anew each time. The number counts where only one of the two has such a time, so that they are of two
 * file systems, unless it was made just then.
 */
export function mayBeSameFolder(one: FolderMark, other: FolderMark): boolean {
  if (one.born === undefined && other.born === undefined) return true;
  return one.born === undefined || other.born === undefined
    ? one.inode === other.inode
    : one.born === other.born;
}

/** A file that was opened, to be compared with what stands at its path later. */
export class StandingFile {
  readonly path: string;
  readonly #opened: FileMark | undefined;

  /** To be called when it is open. */
  constructor(path: string) {
    this.path = path;
    this.#opened = markOf(path);
  }

  /** Whether it is there still, under its name. Raises nothing: what cannot be looked at is not there. */
  stands(): boolean {
    try {
      const there = markOf(this.path);
      return there !== undefined && this.#opened !== undefined && isSameFile(there, this.#opened);
    } catch {
      return false;
    }
  }
}
