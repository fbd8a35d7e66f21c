/**
 * What a server says it can do (RFC 2449 §5): tags in upper case, each with its arguments. Unknown tags are
 * kept and mean nothing.
 */
export type Capabilities = ReadonlyMap<string, readonly string[]>;

/** Reads the lines of a CAPA response. */
export function parseCapabilities(lines: readonly string[]): Capabilities {
  const capabilities = new Map<string, readonly string[]>();
  for (const line of lines) {
    const [tag = '', ...parameters] = line.trim().split(/[ \t]+/);
    if (tag !== '') capabilities.set(tag.toUpperCase(), parameters);
  }
  return capabilities;
}

/** The lines of a CAPA response. */
export function formatCapabilities(capabilities: Capabilities): string[] {
  return [...capabilities].map(([tag, parameters]) => [tag, ...parameters].join(' '));
}

/** The SASL mechanisms announced (RFC 5034 §3), in upper case. */
export function saslMechanisms(capabilities: Capabilities): readonly string[] {
  return (capabilities.get('SASL') ?? []).map((name) => name.toUpperCase());
}
