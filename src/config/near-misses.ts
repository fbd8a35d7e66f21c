import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { SearchPlace } from './places.ts';

/** What we read, however a file of it is called. */
const DATA = /\.(?:ya?ml|json)$/;

/** What somebody may have called a configuration, by the base name that it should have. */
const LIKELY: Readonly<Record<string, RegExp>> = {
  'mailferry.yaml': /^\.?mailferry(?:rc|\.config)?(?:\.(?:ya?ml|json|toml|ini|conf|[cm]?[jt]s))?$/,
  'config.yaml': /^(?:config|mailferry)\.(?:ya?ml|json|toml|ini|conf|[cm]?[jt]s)$/,
};

/**
 * What to do about a file that stands where a configuration is looked for, under a name that is not looked for; undefined where
 * there is none.
 */
export async function nearMiss(places: readonly SearchPlace[]): Promise<string | undefined> {
  for (const { path } of places) {
    const likely = LIKELY[basename(path)];
    if (likely === undefined) continue;
    const names = await readdir(dirname(path), { withFileTypes: true }).catch(() => []);
    const name = names.filter((it) => !it.isDirectory() && likely.test(it.name)).map((it) => it.name)[0];
    if (name === undefined) continue;
    const found = join(dirname(path), name);
    const remedy = DATA.test(name)
      ? `Call it ${path}, or name it: --config ${found}`
      : `Write it in YAML as ${path}`;
    return `There is ${found}, but that is not where a configuration is looked for. ${remedy}`;
  }
  return undefined;
}
