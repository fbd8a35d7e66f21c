import { MailError, messageOf, systemCode } from '../errors.ts';

const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
const CANNOT = new Set([
  'EACCES',
  'EPERM',
  'ENOENT',
  'EEXIST',
  'ENOTDIR',
  'EISDIR',
  'EROFS',
  'ELOOP',
  'ENAMETOOLONG',
  'ENXIO',
]);

const WORDS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file would become too large',
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EROFS: 'the file system is read-only',
  ENOENT: 'no such file or folder',
  EEXIST: 'something else of that name is there',
  ENOTDIR: 'a part of the path is not a folder',
  EISDIR: 'it is a folder',
  ENXIO: 'it is no regular file',
  EIO: 'the disk reports an error',
};

/** What says of one file that it cannot be read, and nothing of the folder that it is in. */
const UNREADABLE = new Set(['EACCES', 'EPERM', 'EISDIR', 'ELOOP', 'ENXIO', 'EIO']);

const RIGHT_TO_READ =
  'Give it to the user that Mailferry runs as (chown); was it delivered while Mailferry ran as root?';

const READING_HINTS: Readonly<Record<string, string>> = {
  EACCES: RIGHT_TO_READ,
  EPERM: RIGHT_TO_READ,
  EIO: 'Check the disk; what is still on the server stays there.',
};

const HINTS: Readonly<Record<string, string>> = {
  ENOSPC:
    'Make room (`df -h` and `df -i` show what is used up, octets or files); the messages are still on the server and will come with the next poll.',
  EDQUOT: 'Make room; the messages are still on the server and will come with the next poll.',
  EACCES: 'Give the user that Mailferry runs as the right to write there, or change "path".',
  EPERM: 'Give the user that Mailferry runs as the right to write there, or change "path".',
  EROFS: 'Mount it writable, or change "path".',
  EIO: 'Check the disk; the messages are still on the server.',
};

/** A failure to write at a destination, in words; what is already an error of ours stays what it is. */
export function deliveryFailed(path: string, thrown: unknown): MailError {
  if (thrown instanceof MailError) return thrown;
  const hint = HINTS[systemCode(thrown) ?? ''] ?? 'Check "path"; the messages are still on the server.';
  return failed(`Cannot write to ${path}`, thrown, hint);
}

/** As `deliveryFailed`, of a failure to read what stands there: names the file, where there is one to blame. */
export function readingFailed(path: string, thrown: unknown): MailError {
  if (thrown instanceof MailError) return thrown;
  const file = thrown instanceof Error && 'path' in thrown ? String(thrown.path) : path;
  const hint =
    READING_HINTS[systemCode(thrown) ?? ''] ?? 'Check "path"; the messages are still on the server.';
  return failed(`Cannot read ${file}`, thrown, hint);
}

/** Whether it is a stored message that cannot be read, while others there may be. */
export function isUnreadable(thrown: unknown): boolean {
  return UNREADABLE.has(systemCode(thrown) ?? '') && !(isSystemError(thrown) && thrown.syscall === 'scandir');
}

function isSystemError(thrown: unknown): thrown is Error & { readonly syscall: unknown } {
  return thrown instanceof Error && 'syscall' in thrown;
}

function failed(what: string, thrown: unknown, hint: string): MailError {
  const code = systemCode(thrown) ?? '';
  const kind = FULL.has(code) ? 'disk-full' : CANNOT.has(code) ? 'destination-unusable' : 'destination-io';
  const text = WORDS[code] ?? messageOf(thrown);
  return new MailError(kind, `${what}: ${text}.`, { cause: thrown, hint });
}
