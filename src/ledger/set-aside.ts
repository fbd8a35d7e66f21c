import { rename } from 'node:fs/promises';
import { ignoreMissing } from '../errors.ts';
import type { Runtime } from '../runtime.ts';
import { SUSPECT } from './database.ts';

/** Keeps what is left of a ledger, or of a log, under another name, for whoever can mend it. */
export async function setAside(
  path: string,
  why: string,
  {
    runtime,
    suffixes = ['', '-wal', '-shm', SUSPECT],
  }: { readonly runtime: Pick<Runtime, 'now'>; readonly suffixes?: readonly string[] },
): Promise<string> {
  const aside = `${path}.${why}-${new Date(runtime.now()).toISOString().replaceAll(':', '')}`;
  for (const suffix of suffixes) await rename(`${path}${suffix}`, `${aside}${suffix}`).catch(ignoreMissing);
  return aside;
}
