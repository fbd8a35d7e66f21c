import { ROUTES } from '../../daemon/control-protocol.ts';
import type { Status } from '../../daemon/status.ts';
import { lineForPeople } from '../../observe/line-for-people.ts';
import type { CommandRun } from '../command.ts';
import { askRunning, firstOf, refuseUnknown } from '../daemon/ask.ts';
import { endWithReader } from '../outputs.ts';
import { processTerminal, type Terminal } from '../terminal.ts';

interface LogsOptions {
  readonly follow?: boolean;
  readonly lines: number;
  readonly json?: boolean;
}

type Line = Readonly<Record<string, unknown>>;

const COLOURS = { error: 'red', warn: 'yellow', debug: 'gray', trace: 'gray' } as const;

/** `mailferry logs`: what the daemon has logged, and logs. */
export const logs: CommandRun<LogsOptions> = async (options, accounts) => {
  endWithReader();
  const terminal = processTerminal();
  if (accounts.length > 0) {
    const status = await askRunning(options, { method: 'GET', path: ROUTES.status });
    refuseUnknown(await firstOf<Status>(status), accounts);
  }
  const path = `${ROUTES.logs}?lines=${options.lines}&follow=${options.follow === true}`;
  for await (const value of await askRunning(options, { method: 'GET', path })) {
    const line = value as Line;
    if (accounts.length > 0 && !accounts.includes(String(line['account']))) continue;
    terminal.out(options.json === true ? JSON.stringify(line) : forPeople(line, terminal));
  }
  return 0;
};

function forPeople(line: Line, terminal: Terminal): string {
  const level = String(line['level']);
  const time = new Date(String(line['time'])).toLocaleTimeString('sv-SE');
  const colour = level in COLOURS ? COLOURS[level as keyof typeof COLOURS] : undefined;
  const label = level.toUpperCase().padEnd(5);
  return `${time} ${colour === undefined ? label : terminal.style(colour, label)} ${lineForPeople(line)}`;
}
