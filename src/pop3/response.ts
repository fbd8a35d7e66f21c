/** A status line (RFC 1939 §3): the status indicator, the extended response code (RFC 2449 §8), the text. */
export interface Response {
  readonly ok: boolean;
  /** In upper case without brackets, for example `IN-USE` or `SYS/TEMP`; undefined where none was given. */
  readonly code: string | undefined;
  readonly text: string;
}

/** Reads a status line; undefined when it is neither `+OK` nor `-ERR`. */
export function parseResponse(line: string): Response | undefined {
  const end = line.startsWith('+') ? '+OK'.length : '-ERR'.length;
  const indicator = line.slice(0, end).toUpperCase();
  if (indicator !== '+OK' && indicator !== '-ERR') return undefined;
  let start = end;
  while (line[start] === ' ' || line[start] === '\t') start += 1;
  if (start === end && start < line.length) return undefined;
  const rest = line.slice(start);
  const extended = rest.startsWith('[') ? /^\[([^\]]{1,100})\][ \t]*(.*)$/s.exec(rest) : null;
  return { ok: indicator === '+OK', code: extended?.[1]?.toUpperCase(), text: extended?.[2] ?? rest };
}

/** `response` as a line on the wire, without its line end. */
export function formatResponse({ ok, code, text }: Response): string {
  const words = [ok ? '+OK' : '-ERR', code === undefined ? '' : `[${code}]`, text];
  return words.filter((word) => word !== '').join(' ');
}
