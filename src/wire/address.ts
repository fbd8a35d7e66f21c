const IPV6 = '[0-9A-Fa-f.]*:[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*(?:%[\\w.-]+)?';
const IS_IPV6 = new RegExp(`^${IPV6}$`);
const BRACKETED = new RegExp(`^\\[(${IPV6})\\]$`);

/** A host as it is given: an IPv6 address may stand in brackets, as in a URL (RFC 3986 §3.2.2), and has none from here on. */
export function withoutBrackets(host: string): string {
  return BRACKETED.exec(host)?.[1] ?? host;
}

/** Host and port as people write them: an IPv6 address in brackets, so that it can be told where the port begins. */
export function hostAndPort(host: string, port: number): string {
  return `${IS_IPV6.test(host) ? `[${host}]` : host}:${port}`;
}

/** Whether a text may be a host: neither a URL, nor one with a port or a user. */
export function mayBeHost(text: string): boolean {
  const host = withoutBrackets(text);
  return IS_IPV6.test(host) || /^[^\s:/@[\]]+$/.test(host);
}
