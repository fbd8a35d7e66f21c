import { countText } from '../../wire/text.ts';
import type { CommandRun } from '../command.ts';
import { openWithoutDaemon } from '../daemon/beside-daemon.ts';
import { loadSelected } from '../load.ts';
import { signalControl } from '../signals.ts';
import { processTerminal } from '../terminal.ts';

/** `mailferry adopt`: settles what the ledger does not know, without downloading anything. */
export const adopt: CommandRun<{ readonly none?: boolean }> = async (options, names) => {
  const terminal = processTerminal();
  const { configuration, accounts } = await loadSelected(options, names);
  using control = signalControl();
  using app = await openWithoutDaemon(configuration, ['adopt', options.none === true && '--none', ...names]);
  for (const account of accounts) {
    const {
      account: name,
      listed,
      adopted,
    } = await app.adopt(account, { none: options.none === true, control });
    terminal.out(
      options.none === true
        ? `${name}: ${countText(listed, 'message')} listed; the next poll carries what it does not find at the destination`
        : `${name}: ${countText(adopted, 'message')} of ${listed.toLocaleString('en-US')} count as carried from now on${adopted < listed ? '; the others did already' : ''}`,
    );
  }
  return control.status ?? 0;
};
