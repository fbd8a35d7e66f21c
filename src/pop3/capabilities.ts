/**
 * What a server says it can do (RFC 2449 §5): tags in upper case, each with its arguments. Unknown tags are
 * kept and mean nothing.
 */
export type Capabilities = ReadonlyMap<string, readonly string[]>;

/** Reads the lines of a CAPA response. Of two with one tag the later counts; but some servers list each mechanism of SASL on its own. */
export function parseCapabilities(lines: readonly string[]): Capabilities {
  const capabilities = new Map<string, readonly string[]>();
  for (const line of lines) {
    const [word = '', ...parameters] = line.trim().split(/[ \t]+/);
    const tag = word.toUpperCase();
    if (tag === 'SASL') capabilities.set(tag, together(capabilities.get(tag), parameters));
    else if (tag !== '') capabilities.set(tag, parameters);
  }
  return capabilities;
}

function together(before: readonly string[] = [], more: readonly string[]): readonly string[] {
  return [...new Set([...before, ...more])];
}

/** The lines of a CAPA response. */
export function formatCapabilities(capabilities: Capabilities): string[] {
  return [...capabilities].map(([tag, parameters]) => [tag, ...parameters].join(' '));
}

/** The SASL mechanisms announced (RFC 5034 §3), in upper case. */
export function saslMechanisms(capabilities: Capabilities): readonly string[] {
  return (capabilities.get('SASL') ?? []).map((name) => name.toUpperCase());
}

/** LOGIN-DELAY (RFC 2449 §6.5): the seconds that a server wants between two logins; 0 where it does not say. */
export function loginDelay(capabilities: Capabilities | undefined): number {
  return wholeNumber(capabilities?.get('LOGIN-DELAY')?.[0]) ?? 0;
}

/**
 * EXPIRE (RFC 2449 §6.7): after how many days the server may remove a message by itself, 0 for as soon as it was
 * retrieved; undefined where it never does, or does not say.
 */
export function expireDays(capabilities: Capabilities | undefined): number | undefined {
  return wholeNumber(capabilities?.get('EXPIRE')?.[0]);
}

/** At most nine digits, which is more than any server means. */
function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
