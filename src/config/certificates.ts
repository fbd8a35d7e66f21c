import { X509Certificate } from 'node:crypto';
import { readSmallFile, UnreadableError } from './small-file.ts';

/** The bundle of all authorities that browsers trust is a fifth of this. */
const MAX_OCTETS = 1024 * 1024;

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/**
 * The certificates of a PEM file (RFC 7468 §5), at least one, each as PEM and each readable. Raises
 * `UnreadableError`, whose message fits after "cannot read FILE: ".
 */
export async function readCertificates(path: string): Promise<readonly string[]> {
  const { content } = await readSmallFile(path, MAX_OCTETS);
  const certificates = content.toString('latin1').match(CERTIFICATE) ?? [];
  if (certificates.length === 0) throw new UnreadableError('it holds no certificate in PEM form');
  for (const [index, certificate] of certificates.entries()) {
    try {
      // oxlint-disable-next-line no-new -- made only to see whether it can be
      new X509Certificate(certificate);
    } catch (thrown) {
      throw new UnreadableError(`its certificate ${index + 1} is damaged`, { cause: thrown });
    }
  }
  return certificates;
}
