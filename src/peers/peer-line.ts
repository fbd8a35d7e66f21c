import type { PeerAccount } from './peer.ts';
import { type PeerSurroundings, peerPath } from './peer-paths.ts';

/** What a peer says about the line to a server, besides host, port and mode. Empty texts count as not said. */
export interface PeerLine {
  readonly serverName?: string | undefined;
  /** Of certificates; a peer may allow several, and other hashes than SHA-256. */
  readonly fingerprints?: readonly string[] | undefined;
  readonly certFile?: string | undefined;
  /** Undefined: the key is in the file of the certificate. */
  readonly keyFile?: string | undefined;
  readonly proxy?: string | undefined;
  readonly tunnel?: string | undefined;
  readonly sourceAddress?: string | undefined;
}

/** The keys that say the same here, and sentences about what has no counterpart. */
export interface TranslatedLine {
  readonly keys: Readonly<Record<string, unknown>>;
  readonly remarks: readonly string[];
}

/** Translates what a peer says about the line. */
export function lineOf(
  line: PeerLine,
  { tls, around }: { tls: PeerAccount['tls']; around: PeerSurroundings },
): TranslatedLine {
  const { fingerprints = [], certFile = '', keyFile = '', ...plain } = line;
  const [pin = ''] = fingerprints;
  const isPin =
    fingerprints.length === 1 && /^[0-9a-f]{64}$/i.test(pin.replaceAll(':', '')) && tls !== 'none';
  const certificate = {
    certFile: peerPath(certFile, around),
    keyFile: peerPath(keyFile || certFile, around),
  };
  return {
    keys: {
      ...Object.fromEntries(Object.entries(plain).filter(([, value]) => value !== undefined && value !== '')),
      ...(isPin ? { pinSha256: pin } : {}),
      ...(certFile === '' ? {} : { clientCertificate: certificate }),
    },
    remarks: fingerprints.length === 0 || isPin ? [] : [UNUSABLE_PIN],
  };
}

const UNUSABLE_PIN =
  'The fingerprint of the certificate is left out, as it is not one SHA-256; the certificate itself is checked instead. To take exactly one certificate, write its SHA-256 as "pinSha256".';
