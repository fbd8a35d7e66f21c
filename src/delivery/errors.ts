import { MailError, systemCode } from '../errors.ts';

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
  EIO: 'the disk reports an error',
};

const HINTS: Readonly<Record<string, string>> = {
  ENOSPC: 'Make room; the messages are still on the server and will come with the next poll.',
  EDQUOT: 'Make room; the messages are still on the server and will come with the next poll.',
  EACCES: 'Give the user that Mailferry runs as the right to write there, or change "path".',
  EPERM: 'Give the user that Mailferry runs as the right to write there, or change "path".',
  EROFS: 'Mount it writable, or change "path".',
  EIO: 'Check the disk; the messages are still on the server.',
};

/** A failure to write at a destination, in words; what is already an error of ours stays what it is. */
export function deliveryFailed(path: string, thrown: unknown): MailError {
  if (thrown instanceof MailError) return thrown;
  const code = systemCode(thrown) ?? '';
  const kind = FULL.has(code) ? 'disk-full' : CANNOT.has(code) ? 'destination-unusable' : 'destination-io';
  const text = WORDS[code] ?? (thrown instanceof Error ? thrown.message : String(thrown));
  return new MailError(kind, `Cannot write to ${path}: ${text}.`, {
    cause: thrown,
    hint: HINTS[code] ?? 'Check "path"; the messages are still on the server.',
  });
}
