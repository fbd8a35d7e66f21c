import { octetsText } from '../../config/size.ts';
import { StoredHeaders } from '../../delivery/stored-header.ts';
import { MailError } from '../../errors.ts';
import { type HistoryEntry, readHistory } from '../../ledger/history.ts';
import { type MessageSummary, summarize } from '../../message/summary.ts';
import { systemRuntime } from '../../runtime.ts';
import { parseDuration } from '../../schedule/duration.ts';
import { printable } from '../../wire/text.ts';
import type { CommandRun } from '../command.ts';
import { loadSelected } from '../load.ts';
import { endWithReader } from '../outputs.ts';
import { processTerminal, type Terminal } from '../terminal.ts';
import { historyJson } from '../words/history-json.ts';
import { columnText, filledText, timeText } from '../words/wording.ts';

export interface HistoryOptions {
  readonly since?: string;
  readonly until?: string;
  readonly from?: string;
  readonly subject?: string;
  readonly message?: string;
  readonly all?: boolean;
  readonly limit: number;
  readonly json?: boolean;
}

/** A message as history shows it. */
interface Shown extends HistoryEntry {
  /** From its header, where the message is still stored; null where it is not. */
  readonly from: string | null;
  readonly subject: string | null;
}

/** `mailferry history`: what was carried, when, and where to; newest first. */
export const history: CommandRun<HistoryOptions> = async (options, names) => {
  endWithReader();
  const terminal = processTerminal();
  const { configuration, accounts } = await loadSelected(options, names);
  const now = systemRuntime.now();
  const question = {
    accounts: accounts.map(({ account }) => account.name),
    since: momentOf('--since', options.since, now) ?? 0,
    until: momentOf('--until', options.until, now) ?? Number.MAX_SAFE_INTEGER,
    message: options.message,
    all: options.all === true,
  };
  const headers = new StoredHeaders();
  const signs = new Map<string, string>();
  let shown = 0;
  for (const entry of readHistory(configuration.stateDir, question)) {
    const message = await withHeader(entry, headers);
    if (!matches(message.from, options.from) || !matches(message.subject, options.subject)) continue;
    show(message, { options, terminal });
    signs.set(...signOf(message));
    shown += 1;
    if (shown === options.limit) break;
  }
  signs.delete(' ');
  if (signs.size > 0 && options.json !== true && terminal.interactive)
    terminal.err(`(${[...signs].map(([sign, meaning]) => `${sign}: ${meaning}`).join(', ')})`);
  if (shown === 0 && options.json !== true) terminal.err('Nothing was carried that fits.');
  if (shown === options.limit && options.json !== true)
    terminal.err(`(the newest ${shown}; --limit shows more)`);
  return 0;
};

async function withHeader(entry: HistoryEntry, headers: StoredHeaders): Promise<Shown> {
  for (const place of entry.places) {
    const { destination, location, sha256, unmarkedSha256 } = place;
    const hashes = sha256 === null ? {} : { sha256, unmarkedSha256: unmarkedSha256 ?? undefined };
    const start = await headers.read({ destination, location, ...hashes }, entry.messageId);
    if (start === undefined) continue;
    const { from, subject }: MessageSummary = await summarize(start);
    return { ...entry, from, subject };
  }
  return { ...entry, from: null, subject: null };
}

function matches(text: string | null, wanted: string | undefined): boolean {
  return wanted === undefined || (text ?? '').toLowerCase().includes(wanted.toLowerCase());
}

function show(message: Shown, { options, terminal }: { options: HistoryOptions; terminal: Terminal }): void {
  if (options.json === true) {
    terminal.out(JSON.stringify(historyJson(message)));
    return;
  }
  terminal.out(lineOf(message, process.stdout.isTTY ? process.stdout.columns : undefined));
}

/** From a header, which may be as long as it likes. */
const MOST_CHARACTERS = 1000;

/** `columns`: of the terminal, undefined where programs read it, for which nothing is cut. */
function lineOf(message: Shown, columns: number | undefined): string {
  const { account, from, subject, octets, deliveredAt, triedAt, uid, messageId } = message;
  const cell = columns === undefined ? filledText : columnText;
  const what = from === null ? `(${messageId ?? uid ?? 'unknown'})` : (subject ?? '');
  const line = [
    timeText(deliveredAt ?? triedAt),
    signOf(message)[0],
    cell(account, 12),
    octetsText(octets ?? 0).padStart(8),
    cell(printable(from ?? '', MOST_CHARACTERS), 24),
    printable(what, MOST_CHARACTERS),
  ].join(' ');
  return columns === undefined ? line : columnText(line, Math.max(40, columns - 1)).trimEnd();
}

/** The sign of a message in the list, and what it means. */
function signOf({ outcome, deliveredAt, goneAt }: Shown): [sign: string, meaning: string] {
  if (outcome !== 'delivered' && deliveredAt !== null)
    return ['R', 'not here any more, to be carried once more'];
  if (outcome !== 'delivered') return [outcome.slice(0, 1).toUpperCase(), outcome];
  return goneAt === null ? [' ', 'on the server still'] : ['-', 'deleted on the server'];
}

/** A date such as `2026-11-28`, with a time if wanted, or a time ago such as `7d`. */
function momentOf(option: string, text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  const ago = parseDuration(text);
  if (ago !== undefined) return now - ago;
  const moment = /^\d{4}-\d{2}-\d{2}/.test(text)
    ? new Date(text.length === 10 ? `${text}T00:00` : text).getTime()
    : Number.NaN;
  if (!Number.isNaN(moment)) return moment;
  throw new MailError('usage', `${option} "${text}" is no time.`, {
    hint: 'Write a date such as 2026-11-28 or 2026-11-28T08:00, or a time ago such as 7d.',
  });
}
