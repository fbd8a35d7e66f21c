import type { AccountConfiguration, Configuration } from '../config/configuration.ts';
import { homeFolder } from '../config/home.ts';
import { type LoadOptions, loadConfiguration, loadControlSocket } from '../config/load.ts';
import { MailError } from '../errors.ts';
import type { GlobalOptions } from './command.ts';

/** Loads the configuration that this command line and environment mean. */
export function loadFor(options: GlobalOptions): Promise<Configuration> {
  return loadConfiguration(optionsOf(options));
}

/** Where its daemon is asked, also while the file has faults. */
export function controlSocketFor(options: GlobalOptions): ReturnType<typeof loadControlSocket> {
  return loadControlSocket(optionsOf(options));
}

function optionsOf({ config }: GlobalOptions): LoadOptions {
  const uid = process.getuid?.();
  return { path: config, env: process.env, cwd: process.cwd(), home: homeFolder(), uid };
}

/**
 * The same, with the accounts of these names in the order of the configuration; all of them where no name is given. Raises
 * `usage` for a name that no account has.
 */
export async function loadSelected(
  options: GlobalOptions,
  names: readonly string[],
): Promise<{ readonly configuration: Configuration; readonly accounts: readonly AccountConfiguration[] }> {
  const configuration = await loadFor(options);
  return { configuration, accounts: select(configuration.accounts, names) };
}

function select(
  accounts: readonly AccountConfiguration[],
  names: readonly string[],
): readonly AccountConfiguration[] {
  const known = accounts.map(({ account }) => account.name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    const named = unknown.map((name) => `"${name}"`).join(', ');
    throw new MailError('usage', `There is no account named ${named}.`, {
      hint: `The configuration has: ${known.join(', ')}.`,
    });
  }
  return names.length === 0 ? accounts : accounts.filter(({ account }) => names.includes(account.name));
}
