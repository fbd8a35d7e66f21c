import { isAbsolute, join, resolve } from 'node:path';

/** The environment variables of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Where a program was started, and by whom. All paths are absolute. */
export interface Surroundings {
  readonly env: Environment;
  /** The current folder. */
  readonly cwd: string;
  /** The home folder, which `~/` stands for. */
  readonly home: string;
}

/** The names that are looked for in the current folder, in this order. */
const NAMES = ['mailferry.yaml', 'mailferry.yml', 'mailferry.json'];

/** A place where a configuration may be. */
export interface SearchPlace {
  readonly path: string;
  /** Anybody may own the current folder, so that a file there must prove itself. */
  readonly inCurrentFolder: boolean;
}

/** Where a configuration is looked for when nobody says where it is, in this order. */
export function searchPlaces({ env, cwd, home }: Surroundings): readonly SearchPlace[] {
  const elsewhere = [userConfigurationPath(env, home)];
  return [
    ...NAMES.map((name) => ({ path: join(cwd, name), inCurrentFolder: true })),
    ...[...elsewhere, '/etc/mailferry/config.yaml'].map((path) => ({ path, inCurrentFolder: false })),
  ];
}

/** Where a user's own configuration is. */
export function userConfigurationPath(env: Environment, home: string): string {
  return join(baseFolder(env['XDG_CONFIG_HOME'], home, '.config'), 'mailferry/config.yaml');
}

/** Where the ledger is when the configuration does not say: where systemd wants it, else the user's folder for it. */
export function defaultStateFolder(env: Environment, home: string): string {
  // systemd separates several folders by colons.
  const given = env['STATE_DIRECTORY']?.split(':')[0];
  if (given !== undefined && isAbsolute(given)) return given;
  return join(baseFolder(env['XDG_STATE_HOME'], home, '.local/state'), 'mailferry');
}

/** `written` as an absolute path: `~/` is the home folder, anything else that is relative begins at `folder`. */
export function absolutePath(written: string, folder: string, home: string): string {
  if (written === '~' || written.startsWith('~/')) return resolve(home, `.${written.slice(1)}`);
  return resolve(folder, written);
}

/** The XDG specification says to ignore a folder that is not absolute. */
function baseFolder(given: string | undefined, home: string, otherwise: string): string {
  return given !== undefined && isAbsolute(given) ? given : join(home, otherwise);
}
