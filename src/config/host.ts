/**
 * What speaks against a text as the name or address of a server: undefined when nothing does, else the advice that
 * can be given, if any. Whether the name exists is for the resolver to say.
 */
export function wrongHost(text: string): readonly string[] | undefined {
  if (/^[0-9A-Fa-f.]*:[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*(?:%[\w.-]+)?$/.test(text)) return undefined;
  if (/^[\p{L}\p{N}._-]{1,253}$/u.test(text)) return undefined;
  if (text.includes('://')) return ['write the host alone; "tls" says how the line is protected'];
  if (text.startsWith('[')) return ['write an IPv6 address without brackets'];
  if (/:\d+$/.test(text)) return ['the port has a key of its own, "port"'];
  return [];
}
