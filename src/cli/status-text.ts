import { octetsText } from '../config/size.ts';
import type { AccountState, AccountStatus, Status } from '../daemon/status.ts';
import { stillToCome } from '../poll/report.ts';
import { countText } from '../wire/text.ts';
import type { Terminal } from './terminal.ts';
import { columnText, nameText, quarantinedText, wrappedText } from './wording.ts';

const WIDTH = 80;
const LONGEST_NAME = 20;

/** How each state looks: a sign for those without colours, a colour, a word. */
const LOOKS: Readonly<Record<AccountState, readonly [string, Parameters<Terminal['style']>[0]]>> = {
  ok: ['✓', 'green'],
  new: ['·', 'gray'],
  waiting: ['…', 'cyan'],
  polling: ['…', 'cyan'],
  paused: ['‖', 'yellow'],
  partial: ['!', 'yellow'],
  failing: ['✗', 'red'],
  stopped: ['✗', 'red'],
  silent: ['✗', 'red'],
};

/** The answer of `status` for people, as lines of at most 80 columns; `now` in milliseconds since 1970. */
export function statusLines(
  { daemon, accounts }: Status,
  { now, style }: { readonly now: number; readonly style: Terminal['style'] },
): readonly string[] {
  const nameColumns = Math.min(LONGEST_NAME, Math.max(7, ...accounts.map(({ account }) => account.length)));
  const header = `  ${columnText('ACCOUNT', nameColumns)}  STATE    LAST POLL     NEXT        CARRIED`;
  const rows = accounts.flatMap((account) => accountLines(account, { now, style, nameColumns }));
  return [headline({ daemon, accounts }, now), '', style('bold', header), ...rows];
}

interface Look {
  readonly now: number;
  readonly style: Terminal['style'];
  readonly nameColumns: number;
}

function headline({ daemon, accounts }: Status, now: number): string {
  const troubled = accounts.filter((it) => isTroubled(it) || afterMailFails(it)).length;
  const how =
    troubled === 0
      ? `${countText(accounts.length, 'account')}, nothing wrong`
      : `${troubled} of ${countText(accounts.length, 'account')} need${troubled === 1 ? 's' : ''} a look`;
  if (daemon === null) return `No daemon answers; this is what the ledger knows. ${how}`;
  const since = spanText(now - Date.parse(daemon.startedAt));
  const stopping = daemon.stopping ? ', stopping' : '';
  return `The daemon has run for ${since} (pid ${daemon.pid}${stopping}). ${how}`;
}

function isTroubled({ state, report }: AccountStatus): boolean {
  const outcome = report?.outcome;
  if (state === 'polling' || state === 'waiting') return outcome === 'failed' || outcome === 'partial';
  return state === 'failing' || state === 'stopped' || state === 'silent' || state === 'partial';
}

/** A daemon of an older version says nothing of it. */
function afterMailFails({ afterMail }: AccountStatus): boolean {
  return (afterMail?.error ?? null) !== null;
}

function accountLines(status: AccountStatus, { now, style, nameColumns }: Look): readonly string[] {
  const commandFails = afterMailFails(status);
  const [sign, colour] = LOOKS[status.state === 'ok' && commandFails ? 'partial' : status.state];
  const { delivered, today } = status;
  const last = status.lastPollAt === null ? 'never' : relativeText(Date.parse(status.lastPollAt) - now);
  const next = status.nextPollAt === null ? '–' : relativeText(Date.parse(status.nextPollAt) - now);
  const all = delivered.messages === 0 ? 'nothing yet' : amountText(delivered);
  const line = [
    `${style(colour, sign)} ${nameText(status.account, nameColumns)}`,
    style(colour, columnText(status.state, 7)),
    columnText(last, 12),
    columnText(next, 10),
    today.messages === 0 ? all : `${amountText(today)} today`,
  ].join('  ');
  const { error } = status.report ?? { error: null };
  const times = status.failures > 1 ? ` (${status.failures} times)` : '';
  const isTold = status.state !== 'ok' && error !== null;
  const tooLarge = status.report?.tooLarge ?? 0;
  const left = status.report === null ? 0 : stillToCome(status.report);
  const quarantined = status.report?.quarantined ?? 0;
  return [
    line,
    ...(left > 0 ? [`    ${countText(left, 'message')} still to come`] : []),
    ...(quarantined > 0 ? wrapped(quarantinedText(quarantined), '    ') : []),
    ...(tooLarge > 0
      ? wrapped(
          `${countText(tooLarge, 'message')} too large for limits.messageSize, left on the server`,
          '    ',
        )
      : []),
    ...(isTold ? wrapped(`${error.message}${times}`, '    ') : []),
    ...lastWellLines(status, now),
    ...(commandFails ? wrapped(afterMailText(status), '    ') : []),
    ...(status.action === null || (status.state === 'ok' && !commandFails)
      ? []
      : wrapped(status.action, '    ', `  ${style('yellow', '→')} `)),
  ];
}

/** Whoever comes back after weeks wants to know since when; what lies ahead was noted before the clock was set back. */
function lastWellLines({ state, lastSuccessAt }: AccountStatus, now: number): readonly string[] {
  if ((state !== 'failing' && state !== 'stopped') || lastSuccessAt === null) return [];
  const since = now - Date.parse(lastSuccessAt);
  return since < 0 ? [] : [`    The last poll that went well was ${spanText(since)} ago.`];
}

function afterMailText({ afterMail }: AccountStatus): string {
  const { error = null, failures = 0 } = afterMail ?? {};
  return `${error?.message ?? ''}${failures > 1 ? ` (${failures} times)` : ''}`;
}

function amountText({ messages, octets }: { messages: number; octets: number }): string {
  return `${messages.toLocaleString('en-US')} (${octetsText(octets)})`;
}

/** A time relative to now: `in 3 min`, `2 h ago`, `now`. */
export function relativeText(milliseconds: number): string {
  if (Math.abs(milliseconds) < 1000) return 'now';
  const span = spanText(Math.abs(milliseconds));
  return milliseconds > 0 ? `in ${span}` : `${span} ago`;
}

/** A length of time, roughly: `45 s`, `12 min`, `3 h`, `5 days`. */
export function spanText(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 100) return `${seconds} s`;
  if (seconds < 100 * 60) return `${Math.round(seconds / 60)} min`;
  if (seconds < 48 * 3600) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}

/** Words in lines of at most 80 columns, each begun with `indent`, the first one with `first`. */
function wrapped(text: string, indent: string, first: string = indent): readonly string[] {
  return wrappedText(text, WIDTH - indent.length).map((it, index) => `${index === 0 ? first : indent}${it}`);
}
