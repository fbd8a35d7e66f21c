import {
  close,
  closeSync,
  mkdirSync,
  open,
  openSync,
  readdirSync,
  type Stats,
  statSync,
  unlinkSync,
} from 'node:fs';
import { mkdir, readdir, stat, statfs, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { systemCode } from '../errors.ts';

/** What is done with folders and the names in them; each fails as the call of `fs/promises` of that name does. */
export interface FolderCalls {
  /** Whether the file system surely has its disk in this machine: then a call ends in memory, and soon. */
  readonly isLocal: boolean;
  readonly stat: (path: string) => Promise<Stats>;
  readonly readdir: (path: string) => Promise<string[]>;
  /** Private to the user. */
  readonly mkdir: (path: string) => Promise<void>;
  readonly unlink: (path: string) => Promise<void>;
  /** For reading; the number of the file. */
  readonly open: (path: string) => Promise<number>;
  readonly close: (file: number) => Promise<void>;
}

const PRIVATE = { mode: 0o700 };

/** Each in a thread of its own: across a network it may take long, or never end, and holds up nobody else (I7). */
export const inThreads: FolderCalls = {
  isLocal: false,
  stat,
  readdir: (path) => readdir(path),
  mkdir: (path) => mkdir(path, PRIVATE),
  unlink,
  open: (path) => promisify(open)(path, 'r'),
  close: promisify(close),
};

/** At once: to wake a thread takes ten times as long as what it would do. */
const atOnce: FolderCalls = {
  isLocal: true,
  stat: async (path) => statSync(path),
  readdir: async (path) => readdirSync(path),
  mkdir: async (path) => mkdirSync(path, PRIVATE),
  unlink: async (path) => unlinkSync(path),
  open: async (path) => openSync(path, 'r'),
  close: async (file) => closeSync(file),
};

/** ext2 to ext4, XFS, Btrfs, F2FS, ZFS, bcachefs, tmpfs, overlayfs: the numbers of statfs(2). */
const LOCAL: ReadonlySet<number> = new Set([
  0xef53, 0x58465342, 0x9123683e, 0xf2f52010, 0x2fc12fc1, 0xca451a4e, 0x01021994, 0x794c7630,
]);

/** How to call what concerns a folder, which need not be there yet: then what is above it tells. Never rejects. */
export async function callsFor(folder: string): Promise<FolderCalls> {
  for (let path = folder; ; path = dirname(path)) {
    try {
      const { type } = await statfs(path);
      return LOCAL.has(type >>> 0) ? atOnce : inThreads;
    } catch (error) {
      // A network file system whose server is gone is there, and does not answer.
      if (systemCode(error) !== 'ENOENT' || dirname(path) === path) return inThreads;
    }
  }
}
