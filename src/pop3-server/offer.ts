import type { MechanismName } from '../sasl/mechanisms.ts';

/** Commands that are announced under another name (RFC 2449 §6.3, RFC 5034 §3). */
const ANNOUNCED_AS: Readonly<Record<string, string>> = { PASS: 'USER', AUTH: 'SASL' };

/** What a session may offer just now, and what it was told to hide: tags and keywords in upper case. */
export interface Offer {
  /** The lines of CAPA that the server may have, `SASL` without its list. */
  readonly lines: readonly string[];
  readonly hidden: ReadonlySet<string>;
  readonly stls: boolean;
  /** Whether a login by USER is allowed on this line. */
  readonly login: boolean;
  readonly mechanisms: readonly MechanismName[];
}

/** False for a command that the session was told not to know. */
export function isOffered(keyword: string, hidden: ReadonlySet<string>): boolean {
  return !hidden.has(keyword) && !hidden.has(ANNOUNCED_AS[keyword] ?? keyword);
}

/** False for an extended response code whose capability is hidden (RFC 2449 §6.4, RFC 3206 §6). */
export function isCodeOffered(code: string, hidden: ReadonlySet<string>): boolean {
  return !hidden.has(code === 'AUTH' ? 'AUTH-RESP-CODE' : 'RESP-CODES');
}

/** The lines of the reply to CAPA (RFC 2449 §5): what is not to be had now is not announced. */
export function capabilityLines({ lines, hidden, stls, login, mechanisms }: Offer): readonly string[] {
  return lines.flatMap((line) => {
    const [tag = ''] = line.split(' ');
    if (hidden.has(tag) || (tag === 'STLS' && !stls) || (tag === 'USER' && !login)) return [];
    if (tag !== 'SASL') return [line];
    return mechanisms.length === 0 ? [] : [['SASL', ...mechanisms].join(' ')];
  });
}
