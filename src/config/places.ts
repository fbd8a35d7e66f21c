import { isAbsolute, join, resolve } from 'node:path';
import { MailError } from '../errors.ts';

/** The environment variables of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The home folder, where there is one. */
export type Home = string | undefined;

/** Where a program was started, and by whom. All paths are absolute. */
export interface Surroundings {
  readonly env: Environment;
  /** The current folder. */
  readonly cwd: string;
  /** The home folder, which `~/` stands for; undefined for a user that the system does not know, where `$HOME` is not set. */
  readonly home: Home;
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
  const elsewhere = isPlaceKnown(env['XDG_CONFIG_HOME'], home) ? [userConfigurationPath(env, home)] : [];
  return [
    ...NAMES.map((name) => ({ path: join(cwd, name), inCurrentFolder: true })),
    ...[...elsewhere, '/etc/mailferry/config.yaml'].map((path) => ({ path, inCurrentFolder: false })),
  ];
}

/** Where a user's own configuration is. Raises `config` where that hangs on a home folder, and there is none. */
export function userConfigurationPath(env: Environment, home: Home): string {
  return join(baseFolder(env['XDG_CONFIG_HOME'], home, '.config'), 'mailferry/config.yaml');
}

/** Whether a path is where a user's own configuration is. */
export function isUserConfiguration(path: string, env: Environment, home: Home): boolean {
  return isPlaceKnown(env['XDG_CONFIG_HOME'], home) && path === userConfigurationPath(env, home);
}

/**
 * Where the ledger is when the configuration does not say: where systemd wants it, else the user's folder for it. Raises
 * `config` where that hangs on a home folder, and there is none.
 */
export function defaultStateFolder(env: Environment, home: Home): string {
  // systemd separates several folders by colons.
  const given = env['STATE_DIRECTORY']?.split(':')[0];
  if (given !== undefined && isAbsolute(given)) return given;
  return join(baseFolder(env['XDG_STATE_HOME'], home, '.local/state'), 'mailferry');
}

/**
 * `written` as an absolute path: `~/` is the home folder, anything else that is relative begins at `folder`. Raises `config`
 * where there is no home folder that it could be.
 */
export function absolutePath(written: string, folder: string, home: Home): string {
  if (written === '~' || written.startsWith('~/')) {
    if (home === undefined) throw homeless(`${written} is in the home folder`);
    return resolve(home, `.${written.slice(1)}`);
  }
  return resolve(folder, written);
}

/** The XDG specification says to ignore a folder that is not absolute. */
function baseFolder(given: string | undefined, home: Home, otherwise: string): string {
  if (given !== undefined && isAbsolute(given)) return given;
  if (home === undefined) throw homeless(`The usual place is ${otherwise} in the home folder`);
  return join(home, otherwise);
}

function isPlaceKnown(given: string | undefined, home: Home): boolean {
  return home !== undefined || (given !== undefined && isAbsolute(given));
}

function homeless(what: string): MailError {
  return new MailError(
    'config',
    `${what}, and there is none: $HOME is not set, and the system does not know this user.`,
    { hint: 'Set HOME, or write whole paths: --config, and "stateDir" in the configuration.' },
  );
}
