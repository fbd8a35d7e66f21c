import { isAscii } from 'node:buffer';
import { domainToASCII } from 'node:url';

/** A host as DNS, TLS and proxies have it (RFC 5890 §2.3.2.1); what is ASCII stays what it is. */
export function asciiName(host: string): string {
  return isAscii(Buffer.from(host)) ? host : domainToASCII(host) || host;
}
