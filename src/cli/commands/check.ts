import type { AccountConfiguration } from '../../config/configuration.ts';
import { destinationName } from '../../delivery/open-destination.ts';
import type { DeletionPolicy } from '../../poll/account.ts';
import { systemRuntime } from '../../runtime.ts';
import { formatDuration } from '../../schedule/duration.ts';
import type { CommandRun } from '../command.ts';
import { loadFor } from '../load.ts';
import { processTerminal } from '../terminal.ts';
import { countText } from '../wording.ts';

/** `mailferry check`: reads the configuration and says what it means. Touches no network. */
export const check: CommandRun<object> = async (options) => {
  const terminal = processTerminal();
  const { path, stateDir, accounts } = await loadFor(options);
  terminal.out(`${path}: ${terminal.style('green', 'good')}, ${countText(accounts.length, 'account')}`);
  for (const account of accounts) terminal.out(describe(account));
  terminal.out(`\nThe ledger of what was carried: ${stateDir}`);
  return 0;
};

function describe({ account, schedule }: AccountConfiguration): string {
  const { name, host, port, tls, user, destinations, deletion } = account;
  const line = { implicit: 'TLS', starttls: 'STLS', none: 'no TLS' }[tls];
  const next = schedule.next(new Date(systemRuntime.now()));
  return [
    `\n${name}`,
    `  from   ${user} at ${host}:${port} (${line})`,
    ...destinations.map((settings) => `  to     ${destinationName(settings)}`),
    `  then   ${deletionText(deletion)}`,
    `  when   ${schedule.text}; next at ${next.toLocaleString('sv-SE')}`,
  ].join('\n');
}

function deletionText(deletion: DeletionPolicy): string {
  switch (deletion.kind) {
    case 'never':
      return 'stays on the server';
    case 'after-delivery':
      return 'deleted on the server as soon as it is safe here';
    case 'after':
      return `deleted on the server ${formatDuration(deletion.milliseconds)} after it is safe here`;
  }
  return '';
}
