import { isAscii } from 'node:buffer';
import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { domainToASCII } from 'node:url';

/** A name as certificates and TLS have it (RFC 5890 §2.3.2.1); what is ASCII stays what it is. */
export function asciiName(name: string): string {
  return isAscii(Buffer.from(name)) ? name : domainToASCII(name) || name;
}

/**
 * Whether a certificate is for that host, in ASCII; undefined when it is (RFC 2595 §2.4). `*` stands for the whole left-most part
 * of a name and nothing less: Node would also take `p*.example.org`, which RFC 9525 §6.3 forbids and no public authority
 * may sign.
 */
export function checkName(host: string, certificate: PeerCertificate): Error | undefined {
  const refused = checkServerIdentity(host, certificate);
  if (refused !== undefined || isIP(host) !== 0) return refused;
  const name = host.replace(/\.$/, '');
  if (new X509Certificate(certificate.raw).checkHost(name, { partialWildcards: false }) !== undefined)
    return undefined;
  return Object.assign(new Error(`The certificate has ${host} only by a part of a name.`), {
    code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    cert: certificate,
  });
}
