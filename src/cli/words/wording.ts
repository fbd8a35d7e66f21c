import { octetsText } from '../../config/size.ts';
import { type PollReport, stillToCome } from '../../poll/report.ts';
import { countText } from '../../wire/text.ts';

/** A duration in milliseconds for people: `0.4 s`, `1:05`, `2:00:00`. */
export function durationText(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

/** A moment (milliseconds since 1970) in local time, to the minute: `2026-11-28 08:00`. */
export function timeText(moment: number): string {
  return new Date(moment).toLocaleString('sv-SE').slice(0, 16);
}

/** What it means that so many messages are quarantined. */
export function quarantinedText(count: number): string {
  const theyAre = count === 1 ? 'it failed too often, and is' : 'they failed too often, and are';
  return `${countText(count, 'message')} quarantined: ${theyAre} left on the server`;
}

/** What a poll did, in one line. */
export function reportLine(report: PollReport): string {
  return `${report.account}: ${countsText(report)}`;
}

/** The same without the account, and with what is wrong. */
export function reportText(report: PollReport): string {
  const { outcome, error } = report;
  if (outcome === 'failed' && error !== null) return error.message;
  return error === null ? countsText(report) : `${countsText(report)}; ${error.message}`;
}

function countsText(report: PollReport): string {
  const { outcome, fetched, bytes, deleted, kept, skipped, tooLarge, quarantined, durationMs } = report;
  const later = outcome === 'failed' ? stillToCome(report) : skipped - tooLarge;
  const laterText = outcome === 'failed' ? 'still to come' : 'left there for now';
  const parts = [
    fetched === 0 ? 'nothing new' : `${countText(fetched, 'new message')} (${octetsText(bytes)})`,
    deleted > 0 ? `${deleted.toLocaleString('en-US')} deleted on the server` : '',
    kept > 0 ? `${kept.toLocaleString('en-US')} kept on the server` : '',
    later > 0 ? `${later.toLocaleString('en-US')} ${laterText}` : '',
    tooLarge > 0 ? `${tooLarge.toLocaleString('en-US')} too large for limits.messageSize` : '',
    quarantined > 0 ? `${quarantined.toLocaleString('en-US')} quarantined` : '',
  ].filter((part) => part !== '');
  return `${parts.join(', ')}, in ${durationText(durationMs)}`;
}

/** What all polls together did, in one line. */
export function summaryLine(reports: readonly PollReport[], durationMs: number): string {
  const total = (count: (report: PollReport) => number): number =>
    reports.reduce((sum, report) => sum + count(report), 0);
  const fetched = total((report) => report.fetched);
  const deleted = total((report) => report.deleted);
  const fine = reports.filter(({ outcome }) => outcome === 'ok').length;
  const names = (outcome: PollReport['outcome']): string =>
    reports
      .filter((report) => report.outcome === outcome)
      .map(({ account }) => account)
      .join(', ');
  const parts = [
    `${countText(reports.length, 'account')} in ${durationText(durationMs)}`,
    fine === reports.length ? 'all fine' : `${fine} fine`,
    names('partial') === '' ? '' : `partly: ${names('partial')}`,
    names('failed') === '' ? '' : `failed: ${names('failed')}`,
    fetched === 0
      ? 'nothing new'
      : `${countText(fetched, 'new message')} (${octetsText(total((report) => report.bytes))})`,
    deleted === 0 ? '' : `${deleted.toLocaleString('en-US')} deleted on the server`,
  ];
  return `Together: ${parts.filter((part) => part !== '').join('; ')}.`;
}

/** Characters that take two columns on a terminal: those of Chinese, Japanese and Korean, and emoji. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;

/** `text` cut or filled up to that many columns of a terminal. */
export function columnText(text: string, columns: number): string {
  let out = '';
  let used = 0;
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    const width = WIDE.test(segment) ? 2 : 1;
    if (used + width > columns) break;
    out += segment;
    used += width;
  }
  return out + ' '.repeat(columns - used);
}

/** The same, never cut. */
export function filledText(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - columnsOf(text)));
}

/** How many columns of a terminal a text takes. */
export function columnsOf(text: string): number {
  let used = 0;
  for (const { segment } of new Intl.Segmenter().segment(text)) used += WIDE.test(segment) ? 2 : 1;
  return used;
}

/** A name in so many columns: of one that is longer, the beginning and the end, which tell it from its like. */
export function nameText(name: string, columns: number): string {
  if (name.length <= columns) return name.padEnd(columns);
  const end = Math.ceil((columns - 1) / 2);
  return `${name.slice(0, columns - 1 - end)}…${name.slice(-end)}`;
}

/** A text in lines of so many columns at most, broken between words where that is possible. */
export function wrappedText(text: string, columns: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).flatMap((it) => pieces(it, columns))) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (columnsOf(longer) <= columns) line = longer;
    else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line];
}

/** A word in pieces of so many columns: there are languages without spaces. */
function pieces(word: string, columns: number): readonly string[] {
  if (columnsOf(word) <= columns) return [word];
  const found: string[] = [];
  let piece = '';
  for (const { segment } of new Intl.Segmenter().segment(word)) {
    if (columnsOf(piece + segment) > columns) {
      found.push(piece);
      piece = '';
    }
    piece += segment;
  }
  return [...found, piece];
}
