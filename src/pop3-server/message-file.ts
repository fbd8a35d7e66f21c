import { createHash } from 'node:crypto';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { MailError, systemCode } from '../errors.ts';
import { describeSystemError } from '../wire/errors.ts';
import { BLOCK_OCTETS } from './limits.ts';
import { LineEndWriter } from './line-ends.ts';
import type { ReportTrouble } from './maildrop.ts';

/** Tells whether a path still leads to the same, unchanged file, wherever it was moved. */
export interface FileIdentity {
  readonly key: string;
  /** In milliseconds since 1970. */
  readonly modifiedAt: number;
}

export interface Measure {
  /** As RETR sends them, before byte-stuffing: line ends and the last line complete. */
  readonly octets: number;
  /** SHA-256 of those octets without a completed last line, in hexadecimal. */
  readonly digest: string;
}

/** Undefined when there is no regular file. */
export async function identityOf(path: string): Promise<FileIdentity | undefined> {
  try {
    const file = await stat(path, { bigint: true });
    if (!file.isFile()) return undefined;
    const key = [file.dev, file.ino, file.size, file.mtimeNs].join(':');
    return { key, modifiedAt: Number(file.mtimeMs) };
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw unreadable(path, error);
  }
}

/** Reads the file once, a block at a time. */
export async function measure(path: string): Promise<Measure> {
  const hash = createHash('sha256');
  let octets = 0;
  let end: Buffer = Buffer.alloc(0);
  for await (const block of blocksOf(path)) {
    hash.update(block);
    octets += block.length;
    end = Buffer.concat([end, block.subarray(-2)]).subarray(-2);
  }
  const complete = octets === 0 || end.equals(Buffer.from('\r\n'));
  return { octets: octets + (complete ? 0 : 2), digest: hash.digest('hex') };
}

/** The file as it goes out: bare LF as CRLF. */
export async function* blocksOf(path: string): AsyncGenerator<Buffer, void, undefined> {
  const lineEnds = new LineEndWriter();
  const handle = await openToRead(path);
  try {
    for (;;) {
      const block = await readBlock(handle, path);
      if (block.length === 0) return;
      yield lineEnds.push(block);
    }
  } finally {
    await handle.close();
  }
}

/** The next octets of the file; none at its end. */
async function readBlock(handle: FileHandle, path: string): Promise<Buffer> {
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(BLOCK_OCTETS), 0, BLOCK_OCTETS);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    throw unreadable(path, error);
  }
}

async function openToRead(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** A file or folder of the server's that it cannot read. */
export function unreadable(path: string, cause: unknown): MailError {
  return new MailError('config', `"${path}" cannot be read: ${describeSystemError(cause)}.`, {
    cause,
    hint: 'Check that it is there, and that the server may read it.',
  });
}

/** System errors that say nothing about a file: the process or the machine has no more of something. */
const EXHAUSTED: ReadonlySet<string | undefined> = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN']);

/**
 * What becomes of a message that cannot be read: it is left out and reported, so that it keeps nobody from the others (I9);
 * silently where it is only gone. Raises the error where it lies in the process: an empty maildrop would be a lie.
 */
export function leaveOut(error: unknown, report: ReportTrouble | undefined): undefined {
  const code = error instanceof MailError ? systemCode(error.cause) : systemCode(error);
  if (EXHAUSTED.has(code)) throw error;
  if (code !== 'ENOENT') report?.(error);
}
