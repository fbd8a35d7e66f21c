import type { Capabilities } from '../pop3/capabilities.ts';

/** Commands that are announced under another name (RFC 2449 §6.3, RFC 5034 §3). */
const ANNOUNCED_AS: Readonly<Record<string, string>> = { PASS: 'USER', AUTH: 'SASL' };

/** What a session offers, and what it was told to hide: capability tags and command keywords in upper case. */
export interface Offer {
  readonly hidden: ReadonlySet<string>;
  readonly stls: boolean;
  readonly login: boolean;
}

/** False for a command that the session was told not to know. */
export function isOffered(keyword: string, hidden: ReadonlySet<string>): boolean {
  return !hidden.has(keyword) && !hidden.has(ANNOUNCED_AS[keyword] ?? keyword);
}

/** False for an extended response code whose capability is hidden (RFC 2449 §6.4, RFC 3206 §6). */
export function isCodeOffered(code: string, hidden: ReadonlySet<string>): boolean {
  return !hidden.has(code === 'AUTH' ? 'AUTH-RESP-CODE' : 'RESP-CODES');
}

/** The reply to CAPA (RFC 2449 §5). */
export function capabilities({ hidden, stls, login }: Offer): Capabilities {
  const all: readonly (readonly [string, readonly string[]])[] = [
    ['TOP', []],
    ['UIDL', []],
    ...(login
      ? ([
          ['USER', []],
          ['SASL', ['PLAIN']],
        ] as const)
      : []),
    ['RESP-CODES', []],
    ['AUTH-RESP-CODE', []],
    ['PIPELINING', []],
    ...(stls ? ([['STLS', []]] as const) : []),
    ['IMPLEMENTATION', ['Mailferry']],
  ];
  return new Map(all.filter(([tag]) => !hidden.has(tag)));
}
