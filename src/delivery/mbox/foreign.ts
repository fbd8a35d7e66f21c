import type { FileHandle } from 'node:fs/promises';
import { MailError } from '../../errors.ts';

const FROM = 'From ';

/** Raises `destination-unusable` for what is no mbox: mail appended to it would spoil it, and not be found. */
export async function refuseForeign(file: FileHandle, path: string): Promise<void> {
  // A pipe or a device has no beginning to look at.
  if (!(await file.stat()).isFile()) throw noMbox(path, 'it is no regular file');
  const begin = Buffer.alloc(FROM.length);
  const { bytesRead } = await file.read(begin, 0, FROM.length, 0);
  if (bytesRead === 0 || /^(?:From |\s)/.test(begin.toString('latin1'))) return;
  throw noMbox(path, 'its first line does not begin with "From "');
}

function noMbox(path: string, why: string): MailError {
  return new MailError('destination-unusable', `${path} is no mbox: ${why}.`, {
    hint: 'Name an mbox, or a file that is not there yet, as "path".',
  });
}
