/**
 * A pin as it is compared: the SHA-256 of a certificate in DER, 64 hexadecimal digits, also with colons between them
 * (as `openssl x509 -fingerprint -sha256` prints it). Undefined for anything else.
 */
export function parsePin(text: string): string | undefined {
  const digits = text
    .replace(/^sha256[:=]/i, '')
    .replaceAll(':', '')
    .toUpperCase();
  return /^[0-9A-F]{64}$/.test(digits) ? digits : undefined;
}
