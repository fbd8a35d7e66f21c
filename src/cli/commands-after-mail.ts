import type { AccountConfiguration } from '../config/configuration.ts';
import { type OwedCommand, owedCommands, runOwed } from '../daemon/after-mail.ts';
import type { DaemonDeps } from '../daemon/deps.ts';
import { Member } from '../daemon/member.ts';
import { dayOf } from '../ledger/ledger.ts';
import type { Logger } from '../observe/logger.ts';
import { systemRuntime } from '../runtime.ts';
import { countText } from '../wire/text.ts';
import { statusOf } from './exit-status.ts';
import { showError, type Terminal } from './terminal.ts';

export interface AfterMailRun {
  readonly terminal: Terminal;
  readonly logger: Logger | undefined;
  /** Whether somebody watches, who wants to know what is waited for. */
  readonly watched: boolean;
}

/** Runs what is owed to these accounts after all of them were polled, and tells what went wrong. Resolves to the exit statuses. */
export async function commandsAfterMail(
  accounts: readonly AccountConfiguration[],
  { ledger, stop, ...how }: AfterMailRun & Pick<DaemonDeps, 'ledger'> & { readonly stop: AbortSignal },
): Promise<readonly number[]> {
  const { terminal, logger } = how;
  const day = dayOf(systemRuntime.now());
  const members = accounts.map((it) => new Member(it, ledger.account(it.account.name), day));
  const log: DaemonDeps['log'] = (level, message) => logger?.[level](message);
  const run = async (owed: OwedCommand): Promise<number> => {
    const names = owed.members.map(({ name }) => name).join(', ');
    if (how.watched) terminal.out(`${names}: afterMail runs for ${countText(owed.messages, 'message')} …`);
    const error = await runOwed(owed, { stop, log });
    if (error === undefined) return 0;
    // Whoever has stopped it knows that.
    if (error.code !== 'aborted') showError(terminal, error, `${names}:`);
    return statusOf(error.code);
  };
  return Promise.all(owedCommands(members).map(run));
}
