import type { Configuration } from '../../config/configuration.ts';
import { askDaemon } from '../../daemon/control-client.ts';
import { ROUTES } from '../../daemon/control-protocol.ts';
import { parseStanding } from '../../daemon/standing.ts';
import { accountStatus, type Status } from '../../daemon/status.ts';
import { MailError } from '../../errors.ts';
import { dayOf } from '../../ledger/ledger.ts';
import { readSummaries } from '../../ledger/read-ledger.ts';
import { systemRuntime } from '../../runtime.ts';
import { firstOf } from '../ask.ts';
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

const QUESTION = { method: 'GET', path: ROUTES.status } as const;

/** `mailferry status`: how each account is. The exit status is that of the worst. */
export const status: CommandRun<StatusOptions> = async (options, names) => {
  const terminal = processTerminal();
  if (options.alive === true) return alive(await controlSocketFor(options), terminal);
  const configuration = await loadFor(options);
  const answer = await askDaemon(configuration.daemon.controlSocket, QUESTION);
  const whole = answer === undefined ? fromLedger(configuration) : await firstOf<Status>(answer);
  const accounts = select(whole, names);
  const shown: Status = { ...whole, accounts };
  if (options.json === true) terminal.out(JSON.stringify(shown));
  else
    for (const line of statusLines(shown, {
      now: systemRuntime.now(),
      style: (style, text) => terminal.style(style, text),
    }))
      terminal.out(line);
  return worstStatus(accounts.map(({ report }) => (report === null ? 0 : statusOfReport(report))));
};

/** For those who watch: a daemon goes on while its configuration has faults, so this does not need it to be right. */
async function alive(controlSocket: string, terminal: Terminal): Promise<number> {
  const answer = await askDaemon(controlSocket, QUESTION);
  if (answer !== undefined) await firstOf<Status>(answer);
  terminal.out(answer === undefined ? 'no daemon answers' : 'the daemon answers');
  return answer === undefined ? statusOf('unreachable') : 0;
}

/** Raises `usage` for a name that nobody has: nothing is wrong with an account that is not there, and nothing right (I9). */
function select({ daemon, accounts }: Status, names: readonly string[]): Status['accounts'] {
  const unknown = names.find((name) => accounts.every(({ account }) => account !== name));
  if (unknown !== undefined) {
    const who = daemon === null ? 'The configuration' : 'The daemon';
    const reload = daemon === null ? '' : ' A new one in the configuration needs: mailferry reload';
    throw new MailError('usage', `${who} has no account named "${unknown}".`, {
      hint: `It has: ${accounts.map(({ account }) => account).join(', ')}.${reload}`,
    });
  }
  return names.length === 0 ? accounts : accounts.filter(({ account }) => names.includes(account));
}

function fromLedger({ stateDir, accounts }: Configuration): Status {
  const summaries = readSummaries(stateDir, dayOf(systemRuntime.now()));
  return {
    daemon: null,
    accounts: accounts.map(({ account }) => {
      const summary = summaries?.get(account.name);
      return accountStatus({ account, summary, standing: parseStanding(summary?.standing), live: undefined });
    }),
  };
}
