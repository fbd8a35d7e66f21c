import type { FileHandle } from 'node:fs/promises';
import { assertRegular } from '../../durable/regular-file.ts';
import { MailError } from '../../errors.ts';

const FROM = 'From ';

/**
 * Raises `destination-unusable` for a file that is no mbox: mail appended to it would spoil the file, and not be found
 * there. Something that is no regular file cannot be looked at, and raises an error of the system.
 */
export async function refuseForeign(file: FileHandle, path: string): Promise<void> {
  await assertRegular(file, path);
  const begin = Buffer.alloc(FROM.length);
  const { bytesRead } = await file.read(begin, 0, FROM.length, 0);
  if (bytesRead === 0 || /^(?:From |\s)/.test(begin.toString('latin1'))) return;
  throw new MailError(
    'destination-unusable',
    `${path} is no mbox: its first line does not begin with "From ".`,
    { hint: 'Name an mbox, or a file that is not there yet, as "path".' },
  );
}
