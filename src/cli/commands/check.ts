import type { AccountConfiguration } from '../../config/configuration.ts';
import { type DestinationSettings, destinationName } from '../../delivery/settings.ts';
import { examineHere } from '../../doctor/here.ts';
import { examineStateFolderHere } from '../../doctor/places.ts';
import type { DeletionPolicy } from '../../poll/deletion-policy.ts';
import { systemRuntime } from '../../runtime.ts';
import { formatDuration } from '../../schedule/duration.ts';
import { hostAndPort } from '../../wire/address.ts';
import { countText } from '../../wire/text.ts';
import type { CommandRun } from '../command.ts';
import { statusOf, worstStatus } from '../exit-status.ts';
import { loadFor } from '../load.ts';
import { processTerminal } from '../terminal.ts';
import { showStep } from '../words/step-text.ts';

/** `mailferry check`: reads the configuration, says what it means and what is wrong with it here. Touches no network. */
export const check: CommandRun<object> = async (options) => {
  const terminal = processTerminal();
  const { path, stateDir, accounts } = await loadFor(options);
  const now = systemRuntime.now();
  const found = await Promise.all(
    accounts.map(async (account) => ({ account, steps: await examineHere(account, now) })),
  );
  const ledger = await examineStateFolderHere(stateDir);
  const all = [...found.flatMap(({ steps }) => steps), ...(ledger === undefined ? [] : [ledger])];
  const wrong = all.filter(({ state }) => state === 'wrong');
  const verdict =
    wrong.length === 0 ? terminal.style('green', 'good') : terminal.style('red', 'something is wrong');
  terminal.out(`${path}: ${verdict}, ${countText(accounts.length, 'account')}`);
  for (const { account, steps } of found) {
    terminal.out(describe(account));
    for (const step of steps) showStep(step, terminal);
  }
  terminal.out(`\nThe ledger of what was carried: ${stateDir}`);
  if (ledger !== undefined) showStep(ledger, terminal);
  terminal.out('Whether the servers answer and let you in: mailferry doctor');
  return worstStatus(wrong.map(({ code }) => (code === null ? 0 : statusOf(code))));
};

function describe({ account, schedule, preconnect, afterMail }: AccountConfiguration): string {
  const { name, host, port, tls, user, destinations, deletion } = account;
  const line = { implicit: 'TLS', starttls: 'STLS', none: 'no TLS' }[tls];
  const next = schedule.next(new Date(systemRuntime.now()));
  return [
    `\n${name}`,
    `  from   ${user} at ${hostAndPort(host, port)} (${line})`,
    ...destinations.map((settings) => `  to     ${destinationText(settings)}`),
    `  then   ${deletionText(deletion)}`,
    `  when   ${schedule.text}; next at ${next.toLocaleString('sv-SE')}`,
    // A command may hold a secret.
    ...(preconnect === undefined ? [] : ['  first  the command of preconnect, at each connection']),
    ...(afterMail === undefined ? [] : ['  after  the command of afterMail, when mail has come']),
  ].join('\n');
}

function destinationText(settings: DestinationSettings): string {
  const name = destinationName(settings);
  if (!('to' in settings) || typeof settings.to === 'string') return name;
  const { domains, otherwise } = settings.to;
  return `${name}, in ${domains.join(', ')}; else to ${otherwise}`;
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
