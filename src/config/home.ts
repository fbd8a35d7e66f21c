import { homedir, userInfo } from 'node:os';
import type { Home } from './places.ts';

/** The home folder of whoever runs this; undefined where `$HOME` is not set and the system does not know this user. */
export function homeFolder(): Home {
  try {
    return homedir() || undefined;
  } catch {
    return undefined;
  }
}

/** The name of whoever runs this, where it can be told. */
export function localUser(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return process.env['LOGNAME'] || process.env['USER'] || undefined;
  }
}
