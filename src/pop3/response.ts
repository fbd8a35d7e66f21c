/** A status line (RFC 1939 §3): the status indicator, the extended response code (RFC 2449 §8), the text. */
export interface Response {
  readonly ok: boolean;
  /** In upper case without brackets, for example `IN-USE` or `SYS/TEMP`; undefined where none was given. */
  readonly code: string | undefined;
  readonly text: string;
}

/** What servers put right behind the indicator: nothing, blanks, or, against RFC 1939 §3, a mark of punctuation and then those. */
const GAP = /^[!,.:;]*(?:[ \t]+|$)/;

/**
 * Reads a status line; undefined when it is neither `+OK` nor `-ERR`. `redact` sees all that follows the indicator, and
 * may take secrets out of it.
 */
export function parseResponse(
  line: string,
  redact: (words: string) => string = (words) => words,
): Response | undefined {
  const end = line.startsWith('+') ? '+OK'.length : '-ERR'.length;
  const indicator = line.slice(0, end).toUpperCase();
  if (indicator !== '+OK' && indicator !== '-ERR') return undefined;
  const words = line.slice(end);
  if (!GAP.test(words)) return undefined;
  const rest = redact(words).replace(GAP, '');
  const extended = rest.startsWith('[') ? /^\[([^\]]{1,100})\][ \t]*(.*)$/s.exec(rest) : null;
  return { ok: indicator === '+OK', code: extended?.[1]?.toUpperCase(), text: extended?.[2] ?? rest };
}

/** `response` as a line on the wire, without its line end. */
export function formatResponse({ ok, code, text }: Response): string {
  const words = [ok ? '+OK' : '-ERR', code === undefined ? '' : `[${code}]`, text];
  return words.filter((word) => word !== '').join(' ');
}
