import { readFileSync } from 'node:fs';
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';
import type { ClientCertificate } from './tls.ts';

/** Where systems keep the authorities they trust: Debian and Alpine, Fedora, and OpenSSL's own place (BSD, macOS). */
const SYSTEM_BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/cert.pem',
];

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

let systemAnchors: readonly string[] | undefined;

/** What a session stands on: whom it trusts, and who it is. */
export interface ContextOptions {
  /** Trust anchors in PEM, in addition to those of Node (Mozilla's) and of the system. */
  readonly ca: readonly string[];
  readonly clientCertificate: ClientCertificate | undefined;
}

/**
 * A context for TLS 1.2 or newer. It trusts what Node ships, what the administrator of this machine has added to the
 * system's bundle, and `ca`. The system's is read once in the life of the process.
 */
export function secureContext({ ca, clientCertificate }: ContextOptions): SecureContext {
  systemAnchors ??= readSystemAnchors();
  const anchors = [...systemAnchors, ...ca];
  const identity = clientCertificate && {
    cert: clientCertificate.cert,
    key: clientCertificate.key.reveal(),
  };
  const context = createSecureContext({ minVersion: 'TLSv1.2', ...identity });
  if (addAnchors(context, anchors)) return context;
  return createSecureContext({ minVersion: 'TLSv1.2', ca: [...rootCertificates, ...anchors], ...identity });
}

/**
 * Adds to the anchors that Node has parsed already, since to parse all of them anew takes a tenth of a second for each
 * connection. False where this Node has no such method.
 */
function addAnchors(context: SecureContext, anchors: readonly string[]): boolean {
  const native = context.context as { readonly addCACert?: (pem: string) => void };
  if (typeof native.addCACert !== 'function') return false;
  for (const anchor of anchors) native.addCACert(anchor);
  return true;
}

/** Those of the system that Node does not have anyway; none where there is no bundle, or it cannot be read. */
function readSystemAnchors(): readonly string[] {
  const known = new Set(rootCertificates);
  for (const path of SYSTEM_BUNDLES) {
    const found = readIfThere(path)?.match(CERTIFICATE);
    if (found !== undefined && found !== null) return found.filter((anchor) => !known.has(anchor));
  }
  return [];
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}
