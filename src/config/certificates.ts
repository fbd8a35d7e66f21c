import { X509Certificate } from 'node:crypto';
import { stat } from 'node:fs/promises';
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

/** The certificates of a file that may be renewed while this process runs. */
export class CertificateFile {
  readonly #path: string;
  #stamp: string;
  #certificates: readonly string[];

  private constructor(path: string, stamp: string, certificates: readonly string[]) {
    this.#path = path;
    this.#stamp = stamp;
    this.#certificates = certificates;
  }

  /** Raises as `readCertificates` does. */
  static async read(path: string): Promise<CertificateFile> {
    const stamp = await stampOf(path);
    return new CertificateFile(path, stamp, await readCertificates(path));
  }

  /** As they were when the file was read last. */
  get certificates(): readonly string[] {
    return this.#certificates;
  }

  /** As they are now: read again where the file has changed. One that is just being written counts as it was. */
  async renewed(): Promise<readonly string[]> {
    const stamp = await stampOf(this.#path);
    if (stamp !== this.#stamp && stamp !== MISSING) {
      try {
        this.#certificates = await readCertificates(this.#path);
        this.#stamp = stamp;
      } catch (thrown) {
        if (!(thrown instanceof UnreadableError)) throw thrown;
      }
    }
    return this.#certificates;
  }
}

const MISSING = '';

/** Another one whenever the file is written or replaced. */
async function stampOf(path: string): Promise<string> {
  try {
    const { mtimeMs, size, ino } = await stat(path);
    return [mtimeMs, size, ino].join(' ');
  } catch {
    return MISSING;
  }
}
