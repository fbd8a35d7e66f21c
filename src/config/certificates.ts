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

/** What files hold that may be renewed while this process runs. */
export interface RenewableFiles<T> {
  /** As it was when the files were read last. */
  readonly content: T;
  /** As it is now: read again where a file has changed. What is just being written, or is gone, counts as it was. */
  renewed(): Promise<T>;
}

/** Reads files that may be renewed. Raises as `read` does. */
export async function readRenewable<T>(
  paths: readonly string[],
  read: () => Promise<T>,
): Promise<RenewableFiles<T>> {
  let stamp = await stampOf(paths);
  let content = await read();
  return {
    get content() {
      return content;
    },
    renewed: async () => {
      const now = await stampOf(paths);
      if (now === stamp) return content;
      try {
        content = await read();
        stamp = now;
      } catch (thrown) {
        if (!(thrown instanceof UnreadableError)) throw thrown;
      }
      return content;
    },
  };
}

/** Another one whenever a file is written or replaced. */
async function stampOf(paths: readonly string[]): Promise<string> {
  const stamps = paths.map(async (path) => {
    const { mtimeMs, size, ino } = await stat(path);
    return [mtimeMs, size, ino].join(' ');
  });
  const known = await Promise.allSettled(stamps);
  return known.map((one) => (one.status === 'fulfilled' ? one.value : 'missing')).join('\n');
}
