import { openWithoutDaemon } from '../beside-daemon.ts';
import type { CommandRun } from '../command.ts';
import { loadFor, selectAccounts } from '../load.ts';
import { processTerminal } from '../terminal.ts';
import { countText } from '../wording.ts';

interface RefetchOptions {
  readonly missing?: boolean;
  readonly dryRun?: boolean;
}

/** `mailferry refetch`: lets the next poll carry once more what the destinations have lost. */
export const refetch: CommandRun<RefetchOptions> = async (options, names) => {
  const terminal = processTerminal();
  const configuration = await loadFor(options);
  const accounts = selectAccounts(configuration, names);
  const how = { alsoMissing: options.missing === true, dryRun: options.dryRun === true };
  using app = await openWithoutDaemon(configuration, [
    'refetch',
    how.alsoMissing && '--missing',
    how.dryRun && '--dry-run',
    ...names,
  ]);
  let all = 0;
  for (const account of accounts) {
    for (const { destination, messages } of await app.refetch(account, how)) {
      all += messages;
      const comes = messages === 1 ? 'comes' : 'come';
      const what = `${countText(messages, 'message')} that the server still had when it was last asked`;
      terminal.out(
        messages === 0
          ? `${account.account.name}: nothing is lost in ${destination}`
          : `${account.account.name}: ${what} ${how.dryRun ? `would ${comes.replace(/s$/, '')}` : comes} to ${destination} once more`,
      );
    }
  }
  if (all > 0 && !how.dryRun) terminal.out('Next: mailferry fetch');
  return 0;
};
