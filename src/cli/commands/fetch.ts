import type { AccountConfiguration } from '../../config/configuration.ts';
import { asMailError } from '../../errors.ts';
import { AheadDialler } from '../../wire/ahead-dialler.ts';
import type { CommandRun } from '../command.ts';
import { statusOf } from '../exit-status.ts';
import type { FetchOptions } from '../fetch-now.ts';
import { loadSelected } from '../load.ts';

/** How many servers are dialled before the poll itself begins. */
const MOST_AHEAD = 8;

/** `mailferry fetch`: polls once now, then ends. While the servers are being reached, what a poll needs is loaded. */
export const fetch: CommandRun<FetchOptions> = async (options, names) => {
  const { configuration, accounts } = await loadSelected(options, names);
  using dialler = new AheadDialler();
  await Promise.all(firstOfEachHost(accounts).map((place) => dialler.begin(place)));
  const { fetchNow } = await import('../fetch-now.ts');
  try {
    return await fetchNow(options, { configuration, accounts, named: names.length > 0, dial: dialler.dial });
  } catch (thrown) {
    // The one that has the ledger carries this mail, or says what keeps it from that.
    const isQuiet = options.quiet === true && asMailError(thrown).code === 'already-running';
    if (isQuiet) return statusOf('already-running');
    throw thrown;
  }
};

/** How many sessions of one host may run at a time is for the poll to say, so there is one only of each. */
function firstOfEachHost(
  accounts: readonly AccountConfiguration[],
): readonly { host: string; port: number; sourceAddress: string | undefined }[] {
  const hosts = new Set<string>();
  return (
    accounts
      // Where a command has to open the way, nobody may be there before, or somebody else.
      .filter(({ account: { preconnect } }) => preconnect === undefined)
      .map(({ account: { host, port, line } }) => ({ host, port, ...line }))
      .filter(({ proxy, tunnel }) => proxy === undefined && tunnel === undefined)
      .filter(({ host }) => !hosts.has(host) && hosts.add(host))
      .slice(0, MOST_AHEAD)
      .map(({ host, port, sourceAddress }) => ({ host, port, sourceAddress }))
  );
}
