import { isPlaceName } from '../../delivery/settings.ts';
import type { Refetch } from '../../poll/refetch.ts';
import { countText } from '../../wire/text.ts';
import type { CommandRun } from '../command.ts';
import { openWithoutDaemon } from '../daemon/beside-daemon.ts';
import { loadSelected } from '../load.ts';
import { processTerminal } from '../terminal.ts';

interface RefetchOptions {
  readonly missing?: boolean;
  readonly handedOver?: boolean;
  readonly dryRun?: boolean;
}

/** `mailferry refetch`: lets the next poll carry once more what the destinations have lost. */
export const refetch: CommandRun<RefetchOptions> = async (options, names) => {
  const terminal = processTerminal();
  const { configuration, accounts } = await loadSelected(options, names);
  const how = {
    alsoMissing: options.missing === true,
    alsoHandedOver: options.handedOver === true,
    dryRun: options.dryRun === true,
  };
  using app = await openWithoutDaemon(configuration, [
    'refetch',
    how.alsoMissing && '--missing',
    how.alsoHandedOver && '--handed-over',
    how.dryRun && '--dry-run',
    ...names,
  ]);
  let all = 0;
  for (const account of accounts) {
    const { name } = account.account;
    for (const place of await app.refetch(account, how)) {
      all += place.messages;
      if (place.messages > 0 || (place.configured && place.untold === 0))
        terminal.out(`${name}: ${sentence(place, how.dryRun)}`);
      if (place.untold > 0 && place.configured) terminal.out(`${name}: ${untoldSentence(place, name)}`);
      if (place.goneForGood > 0) terminal.out(`${name}: ${goneSentence(place)}`);
    }
  }
  if (all > 0 && !how.dryRun) terminal.out('Next: mailferry fetch');
  return 0;
};

function untoldSentence({ destination }: Refetch, account: string): string {
  return `of what ${destination} has taken, nothing is compared; all of it that the server still has comes once more, whether or not it is there, after: mailferry refetch --handed-over ${account}`;
}

function sentence({ destination, configured, messages, goneForGood }: Refetch, dryRun: boolean): string {
  if (messages === 0)
    return goneForGood > 0
      ? `nothing that is lost in ${destination} can come once more`
      : isPlaceName(destination)
        ? `nothing is lost in ${destination}`
        : `of what ${destination} has taken, nothing is to come once more that the server had when it was last asked`;
  const comes = messages === 1 ? 'comes' : 'come';
  const what = `${countText(messages, 'message')} that the server still had when it was last asked`;
  const from = configured ? '' : `, lost in ${destination},`;
  const to = configured ? `to ${destination}` : 'to where mail goes now';
  return `${what}${from} ${dryRun ? 'would come' : comes} ${to} once more`;
}

function goneSentence({ destination, goneForGood }: Refetch): string {
  const what = countText(goneForGood, 'message');
  return `${what} ${goneForGood === 1 ? 'is' : 'are'} not in ${destination} any more, and the server did not have ${goneForGood === 1 ? 'it' : 'them'} either when it was last asked (mailferry verify names what is missing)`;
}
