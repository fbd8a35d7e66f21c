import { withAccount } from '../../config/add-account.ts';
import { homeFolder } from '../../config/home.ts';
import { parseConfiguration } from '../../config/parse.ts';
import { rewriteFile } from '../../durable/private-file.ts';
import { systemCode } from '../../errors.ts';
import { systemRuntime } from '../../runtime.ts';
import { accountToAdd, type FirstAccount } from '../../setup/first-account.ts';
import { describeSystemError } from '../../wire/errors.ts';

/** The configuration that is there, when `init` was begun. */
export interface Present {
  readonly text: string;
  /** Of its accounts. */
  readonly names: readonly string[];
  /** Whether the new one is to be written into it, or only shown. */
  readonly adds: boolean;
}

/**
 * Adds the account to the configuration in this file. Resolves to why that was not done, if so: then nothing in it has changed. A
 * `ConfigurationError` says what would be wrong with both of them together: the accounts that are there must go on.
 */
export async function addAccount(
  path: string,
  account: FirstAccount,
  { text: before }: Present,
): Promise<string | undefined> {
  const after = withAccount(before, accountToAdd(account));
  if (after === undefined)
    return 'that can be done for you only where accounts stand one below the other, in YAML';
  const surroundings = { env: process.env, cwd: process.cwd(), home: homeFolder() };
  // Who may read the file stays as it is, and the new account has no password in it.
  await parseConfiguration(after, { ...surroundings, path, openToOthers: false });
  try {
    const isDone = await rewriteFile(path, { before, after }, systemRuntime);
    return isDone ? undefined : 'somebody else has changed it meanwhile';
  } catch (thrown) {
    if (systemCode(thrown) === undefined) throw thrown;
    return describeSystemError(thrown);
  }
}
