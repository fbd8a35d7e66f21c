import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ignoreMissing } from '../errors.ts';

/** The folder itself, or the nearest one above it that is there. Raises `ENOTDIR` where something else is in its place. */
export async function nearestFolder(path: string): Promise<string> {
  for (let folder = path; ; folder = dirname(folder)) {
    const found = await stat(folder).catch(ignoreMissing);
    if (found?.isDirectory() === true) return folder;
    if (found !== undefined) throw Object.assign(new Error(`${folder} is not a folder`), { code: 'ENOTDIR' });
    if (dirname(folder) === folder) throw Object.assign(new Error(`there is no ${path}`), { code: 'ENOENT' });
  }
}
