import { dirname } from 'node:path';
import { callsFor, type FolderCalls } from '../durable/folder-calls.ts';
import { MailError, systemCode } from '../errors.ts';
import type { PlaceSettings } from './settings.ts';

/**
 * The owner of a folder in which root would make files that their reader cannot open, since what is made is private to root,
 * and where a link that the owner puts there could lead root anywhere. Undefined where there is none such, where this
 * process is not root, or where a mount may give files to somebody else (NFS, SMB).
 */
export async function foreignOwner(
  { type, path }: PlaceSettings,
  known?: FolderCalls,
): Promise<number | undefined> {
  if (process.geteuid?.() !== 0) return undefined;
  const calls = known ?? (await callsFor(path));
  if (!calls.isLocal) return undefined;
  for (let folder = type === 'mbox' ? dirname(path) : path; ; folder = dirname(folder)) {
    const owner = await ownerOf(folder, calls);
    if (owner !== undefined) return owner === 0 ? undefined : owner;
    if (dirname(folder) === folder) return undefined;
  }
}

/** Raises `destination-unusable` where `foreignOwner` finds somebody: what nobody can read is not delivered (I9). */
export async function refuseForeignOwner(settings: PlaceSettings, known?: FolderCalls): Promise<void> {
  const owner = await foreignOwner(settings, known);
  if (owner === undefined) return;
  throw new MailError('destination-unusable', foreignOwnerText(settings, owner), {
    hint: FOREIGN_OWNER_HINT,
  });
}

/** What is wrong there, and what to do. */
export function foreignOwnerText({ path }: PlaceSettings, owner: number): string {
  return `${path} belongs to another user (uid ${owner}), who could not read what root delivers there.`;
}

export const FOREIGN_OWNER_HINT =
  'Run Mailferry as that user, as the unit mailferry@.service does (docs/daemon.md); or give the folder to root (chown).';

async function ownerOf(path: string, calls: FolderCalls): Promise<number | undefined> {
  try {
    return (await calls.stat(path)).uid;
  } catch (thrown) {
    // Whatever else is wrong with it, whoever opens it says.
    return systemCode(thrown) === 'ENOENT' ? undefined : 0;
  }
}
