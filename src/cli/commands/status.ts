import type { Configuration } from '../../config/configuration.ts';
import { askDaemon } from '../../daemon/control-client.ts';
import { ROUTES } from '../../daemon/control-protocol.ts';
import { parseStanding } from '../../daemon/standing.ts';
import { accountStatus, isSilent, type Status } from '../../daemon/status.ts';
import { dayOf } from '../../ledger/ledger.ts';
import { readSummaries } from '../../ledger/read-ledger.ts';
import { systemRuntime } from '../../runtime.ts';
import { firstOf, refuseUnknown } from '../ask.ts';
import type { CommandRun } from '../command.ts';
import { statusOf, worstStatus } from '../exit-status.ts';
import { controlSocketFor, loadFor } from '../load.ts';
import { statusOfReport } from '../poll-report.ts';
import { statusLines } from '../status-text.ts';
import { processTerminal, type Terminal } from '../terminal.ts';

interface StatusOptions {
  readonly json?: boolean;
  readonly alive?: boolean;
}

const FAULTY =
  'the configuration has faults by now (`mailferry check` shows them); the daemon goes on with what it read before.';

const QUESTION = { method: 'GET', path: ROUTES.status } as const;

/** `mailferry status`: how each account is. The exit status is that of the worst; a configuration with faults is worse. */
export const status: CommandRun<StatusOptions> = async (options, names) => {
  const terminal = processTerminal();
  const { controlSocket, faulty } = await controlSocketFor(options);
  if (options.alive === true) return alive(controlSocket, terminal);
  const answer = await askDaemon(controlSocket, QUESTION);
  const whole = answer === undefined ? fromLedger(await loadFor(options)) : await firstOf<Status>(answer);
  refuseUnknown(whole, names);
  const accounts = whole.accounts.filter(({ account }) => names.length === 0 || names.includes(account));
  if (faulty) terminal.err(`${terminal.style('yellow', 'note:')} ${FAULTY}`);
  const shown: Status = { ...whole, accounts };
  if (options.json === true) terminal.out(JSON.stringify(shown));
  else
    for (const line of statusLines(shown, {
      now: systemRuntime.now(),
      style: (style, text) => terminal.style(style, text),
    }))
      terminal.out(line);
  const statuses = accounts.flatMap(({ state, report, afterMail }) => [
    state === 'silent' ? statusOf('unreachable') : 0,
    report === null ? 0 : statusOfReport(report),
    // A daemon of an older version says nothing of it.
    afterMail?.error ? statusOf(afterMail.error.code) : 0,
  ]);
  return worstStatus(faulty ? [...statuses, statusOf('config')] : statuses);
};

/** For those who watch: a daemon goes on while its configuration has faults, so this does not need it to be right. */
async function alive(controlSocket: string, terminal: Terminal): Promise<number> {
  const answer = await askDaemon(controlSocket, QUESTION);
  if (answer !== undefined) await firstOf<Status>(answer);
  terminal.out(answer === undefined ? 'no daemon answers' : 'the daemon answers');
  return answer === undefined ? statusOf('unreachable') : 0;
}

function fromLedger({ stateDir, accounts, daemon: { notify } }: Configuration): Status {
  const now = systemRuntime.now();
  const { silentMs } = notify.policy;
  const summaries = readSummaries(stateDir, dayOf(now));
  return {
    daemon: null,
    accounts: accounts.map(({ account, schedule }) => {
      const summary = summaries?.get(account.name);
      const silent = isSilent({ schedule, lastPollAt: summary?.lastPollAt, now, silentMs });
      const standing = parseStanding(summary?.standing);
      return accountStatus({ account, summary, standing, live: undefined, silent });
    }),
  };
}
