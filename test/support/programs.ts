import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'vitest';

/** Where servers and nmh are installed, which is not in the PATH of every user. */
const MORE_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin/mh'];

/** The path of an installed program, or undefined. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...MORE_FOLDERS];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

/**
 * For `beforeEach`: skips the tests where one of these programs is missing, and says so. On CI that is a failure,
 * since nobody reads there what was skipped.
 */
export function requirePrograms(...names: readonly string[]): (context: TestContext) => void {
  return ({ skip }) => {
    const missing = names.filter((name) => findProgram(name) === undefined);
    if (missing.length > 0) giveUp(skip, `not installed here: ${missing.join(', ')}`);
  };
}

/** For `beforeEach`: the same for tests that mount a file system or act as another user. */
export function requireRoot({ skip }: TestContext): void {
  if (process.getuid?.() !== 0) giveUp(skip, 'needs root');
}

/** Skips with this reason; on CI that is a failure. */
export function giveUp(skip: TestContext['skip'], reason: string): void {
  if (process.env['CI'] === 'true') throw new Error(`On CI this must not be skipped: ${reason}.`);
  skip(reason);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
