/**
 * A name or password as SASLprep (RFC 4013) makes it, so that both sides mean the same by what looks the same. Text
 * that it prohibits stays as it is: some servers let people choose such passwords. ASCII needs no preparation, and
 * then the tables are not even loaded.
 */
export async function prepared(text: string): Promise<string> {
  if (/^[\x20-\x7e]*$/.test(text)) return text;
  const { default: saslprep } = await import('@mongodb-js/saslprep');
  try {
    return saslprep(text, { allowUnassigned: true });
  } catch {
    return text;
  }
}
