import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';

/** A `*` that is not the whole left-most part of a name, in the names as Node lists them. */
const PARTIAL_WILDCARD = /[^:\s"]\*|\*[^.]/;

/**
 * Whether a certificate is for that host, in ASCII; undefined when it is (RFC 2595 §2.4). `*` stands for the whole
 * left-most part of a name and nothing less: Node would also take `p*.example.org`, which RFC 9525 §6.3 forbids and no
 * public authority may sign.
 */
export function checkName(host: string, certificate: PeerCertificate): Error | undefined {
  const refused = checkServerIdentity(host, certificate);
  const { subjectaltname = '', subject } = certificate;
  const names = [subjectaltname, subject?.CN ?? ''].flat().join(' ');
  if (refused !== undefined || isIP(host) !== 0 || !PARTIAL_WILDCARD.test(names)) return refused;
  const name = host.replace(/\.$/, '');
  if (new X509Certificate(certificate.raw).checkHost(name, { partialWildcards: false }) !== undefined)
    return undefined;
  return Object.assign(new Error(`The certificate has ${host} only by a part of a name.`), {
    code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    cert: certificate,
  });
}
