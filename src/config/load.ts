import type { Stats } from 'node:fs';
import { lstat, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cosmiconfig, type Loader } from 'cosmiconfig';
import { asMailError, MailError, systemCode } from '../errors.ts';
import type { Configuration } from './configuration.ts';
import { nearMiss } from './near-misses.ts';
import { controlSocketIn, parseConfiguration } from './parse.ts';
import { absolutePath, type SearchPlace, type Surroundings, searchPlaces } from './places.ts';
import { ConfigurationError } from './problem.ts';
import { isOpenToOthers, readSmallFile, UnreadableError } from './small-file.ts';
import { SMALLEST_CONFIGURATION } from './smallest.ts';

/** Where to look for a configuration. */
export interface LoadOptions extends Surroundings {
  /** The file, when somebody says which; relative to the current folder. Wins over `$MAILFERRY_CONFIG`. */
  readonly path?: string | undefined;
  /** The user that this process acts for; undefined where users have no numbers. */
  readonly uid: number | undefined;
}

/** Thousands of accounts. */
const MAX_OCTETS = 16 * 1024 * 1024;

const CODE_EXTENSIONS = ['.js', '.cjs', '.mjs', '.ts', '.cts', '.mts'];

/**
 * Finds, reads and checks the configuration: the file that was named, else that of `$MAILFERRY_CONFIG`, else the first
 * of `searchPlaces` that is there. Raises a `ConfigurationError` with everything that is wrong in it, or a `MailError`
 * of code `config` when there is none, or it cannot be read, or it should not be trusted.
 */
export async function loadConfiguration(options: LoadOptions): Promise<Configuration> {
  const path = await placeOf(options);
  try {
    const { mode } = await readSmallFile(path, MAX_OCTETS);
    const openToOthers = await isOpenToOthers(path, mode, options.env);
    return await parseConfiguration(await readText(path), { ...options, path, openToOthers });
  } catch (thrown) {
    if (!(thrown instanceof UnreadableError)) throw asMailError(thrown);
    throw new MailError('config', `Cannot read the configuration ${path}: ${thrown.message}.`, {
      hint: 'Check the path (--config, $MAILFERRY_CONFIG), and that the user who runs Mailferry may read it.',
    });
  }
}

/**
 * Where the daemon of the configuration is asked. Of one with faults, which a running daemon has refused, as far as that
 * can be told; otherwise it raises what `loadConfiguration` raises, and says that nobody was asked (I9).
 */
export async function loadControlSocket(options: LoadOptions): Promise<ControlPlace> {
  try {
    return { controlSocket: (await loadConfiguration(options)).daemon.controlSocket, faulty: false };
  } catch (thrown) {
    if (!(thrown instanceof ConfigurationError)) throw notAsked(asMailError(thrown));
    const path = await placeOf(options);
    const controlSocket = controlSocketIn(await readText(path), { ...options, path });
    if (controlSocket === undefined) throw notAsked(thrown);
    return { controlSocket, faulty: true };
  }
}

/** Where a daemon is asked. */
interface ControlPlace {
  readonly controlSocket: string;
  /** Whether the configuration has faults, so that the daemon, if there is one, goes on with what it read before. */
  readonly faulty: boolean;
}

function notAsked({ code, message, hint = '' }: MailError): MailError {
  const more = 'Until then it is not known where the daemon is to be asked.';
  return new MailError(code, message, { hint: hint.includes('\n') ? hint : `${hint} ${more}`.trim() });
}

async function placeOf(options: LoadOptions): Promise<string> {
  const named = options.path ?? (options.env['MAILFERRY_CONFIG'] || undefined);
  return named === undefined ? search(options) : absolutePath(named, options.cwd, options.home);
}

async function search(options: LoadOptions): Promise<string> {
  const places = searchPlaces(options);
  for (const place of places) {
    if (await isThere(place, options.uid)) return place.path;
  }
  const near = await nearMiss(places);
  const [home = ''] = places.filter(({ inCurrentFolder }) => !inCurrentFolder).map(({ path }) => path);
  throw new MailError(
    'config',
    `There is no configuration: --config and $MAILFERRY_CONFIG name none, and none of these is there: ${places
      .map(({ path }) => path)
      .join(', ')}.`,
    {
      hint:
        near ??
        `\`mailferry init\` asks for a mail address and makes one. Or write this to ${home}, with your own names, and run \`mailferry check\`:\n\n${SMALLEST_CONFIGURATION}`,
    },
  );
}

/**
 * Whoever may write to the current folder (that may be /tmp) could have put a file there whose password command would
 * then run, so that a file found there counts only if it is the user's own or root's, and others cannot write to it.
 */
async function isThere({ path, inCurrentFolder }: SearchPlace, uid: number | undefined): Promise<boolean> {
  try {
    if (!inCurrentFolder || uid === undefined) return (await stat(path)) !== undefined;
    // Also whose link it is, as paths in the file are relative to where the link stands.
    const owners = [await lstat(path), await stat(path)];
    if (owners.every((status) => isTrusted(status, uid))) return true;
  } catch (thrown) {
    const code = systemCode(thrown);
    if (code === 'ENOENT' || code === 'ENOTDIR' || (code === 'EACCES' && inCurrentFolder)) return false;
    // Left to the reader of the file, which says what is wrong with it.
    return true;
  }
  throw new MailError(
    'config',
    `${path} belongs to another user, or others may write to it; it was not read.`,
    {
      hint: `Start Mailferry in another folder or, if you trust the file, name it: --config ${path}`,
    },
  );
}

function isTrusted(status: Stats, uid: number): boolean {
  // oxlint-disable-next-line no-bitwise -- the write bit of others, which means nothing on a link
  const writable = !status.isSymbolicLink() && (status.mode & 0o002) !== 0;
  return (status.uid === uid || status.uid === 0) && !writable;
}

/** The text of the file, through cosmiconfig with everything switched off that could run code or read another file. */
async function readText(path: string): Promise<string> {
  const result = await explorer().load(path);
  if (result === null) {
    throw new MailError('config', `A configuration cannot be called ${path}.`, {
      hint: 'Give the file another name.',
    });
  }
  // An empty file has no text that a loader would see.
  return result.config instanceof Text ? result.config.text : '';
}

/** What the loaders return: not the content, in which cosmiconfig would look for files to import. */
class Text {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

const asText: Loader = (_path, text) => new Text(text);

const refuseToml: Loader = (path) => {
  throw new MailError('config', `The configuration ${path} is in TOML; it must be in YAML or JSON.`, {
    hint: 'Write it as mailferry.yaml.',
  });
};

const refuseCode: Loader = (path) => {
  throw new MailError('config', `The configuration ${path} is a program; it must be data, in YAML or JSON.`, {
    hint: 'Write it as mailferry.yaml.',
  });
};

/**
 * When made, cosmiconfig looks for settings of its own in the current folder, and runs `.config/config.js` there,
 * whatever it is told about loaders. So it is made while the current folder is that of this module, which is as
 * trustworthy as the code itself. Nothing else runs meanwhile.
 */
function explorer(): ReturnType<typeof cosmiconfig> {
  const before = process.cwd();
  process.chdir(dirname(fileURLToPath(import.meta.url)));
  try {
    return cosmiconfig('mailferry', {
      cache: false,
      searchStrategy: 'none',
      searchPlaces: [],
      loaders: {
        ...Object.fromEntries(['.yaml', '.yml', '.json', 'noExt', 'default'].map((name) => [name, asText])),
        ...Object.fromEntries(CODE_EXTENSIONS.map((name) => [name, refuseCode])),
        '.toml': refuseToml,
      },
    });
  } finally {
    process.chdir(before);
  }
}
