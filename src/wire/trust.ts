import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';
import { MailError } from '../errors.ts';
import type { Secret } from '../secret.ts';
import { MAX_TLS_CONTEXTS } from './limits.ts';

/** Where systems keep the authorities they trust: Debian and Alpine, Fedora, and OpenSSL's own place (BSD, macOS). */
const SYSTEM_BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/cert.pem',
];

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

let systemAnchors: readonly string[] | undefined;

/** A certificate of the client, with its key, both in PEM. */
export interface ClientCertificate {
  /** The certificate, and those between it and its authority. */
  readonly cert: string;
  /** Its key, in PEM. */
  readonly key: Secret;
}

/** What a session stands on: whom it trusts, and who it is. */
export interface ContextOptions {
  /** Trust anchors in PEM, in addition to those of Node (Mozilla's) and of the system. */
  readonly ca: readonly string[];
  readonly clientCertificate: ClientCertificate | undefined;
}

/** By what they were made of: to make one takes milliseconds, and a daemon connects all day. */
const contexts = new Map<string, SecureContext>();

/**
 * A context for TLS 1.2 or newer. It trusts what Node ships, what the administrator of this machine has added to the
 * system's bundle (read once in the life of the process), and `ca`. Raises `config` where what was given is no PEM.
 */
export function secureContext({ ca, clientCertificate }: ContextOptions): SecureContext {
  const key = createHash('sha256')
    .update(JSON.stringify([ca, clientCertificate?.cert, clientCertificate?.key.reveal()]))
    .digest('hex');
  const known = contexts.get(key);
  if (known !== undefined) return known;
  const made = makeContext({ ca, clientCertificate });
  contexts.set(key, made);
  const [oldest] = contexts.keys();
  if (contexts.size > MAX_TLS_CONTEXTS && oldest !== undefined) contexts.delete(oldest);
  return made;
}

function makeContext({ ca, clientCertificate }: ContextOptions): SecureContext {
  systemAnchors ??= readSystemAnchors();
  const identity = clientCertificate && {
    cert: clientCertificate.cert,
    key: clientCertificate.key.reveal(),
  };
  const minVersion = 'TLSv1.2';
  try {
    // OpenSSL passes over what it cannot read.
    // oxlint-disable-next-line no-new -- made only to see whether it can be
    for (const anchor of ca) new X509Certificate(anchor);
    const context = createSecureContext({ minVersion, ...identity });
    if (addAnchors(context, [...systemAnchors, ...ca])) return context;
    return createSecureContext({
      minVersion,
      ca: [...rootCertificates, ...systemAnchors, ...ca],
      ...identity,
    });
  } catch (cause) {
    throw new MailError('config', 'A certificate or key that was given for TLS cannot be used.', {
      cause,
      hint: 'Both must be in PEM form and belong together; the key must not be encrypted.',
    });
  }
}

/**
 * Adds to the anchors that Node has parsed already, since to parse all of them anew takes a tenth of a second. False
 * where this Node has no such method.
 */
function addAnchors(context: SecureContext, anchors: readonly string[]): boolean {
  const native = context.context as { readonly addCACert?: (pem: string) => void };
  if (typeof native.addCACert !== 'function') return false;
  for (const anchor of anchors) native.addCACert(anchor);
  return true;
}

/** Those of the system that Node does not have anyway; none where there is no bundle, or it cannot be read. */
function readSystemAnchors(): readonly string[] {
  const known = new Set(rootCertificates.map(compact));
  for (const path of SYSTEM_BUNDLES) {
    const found = readIfThere(path)?.match(CERTIFICATE);
    if (found !== undefined && found !== null)
      return found.filter((anchor) => !known.has(compact(anchor)) && isUsable(anchor));
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

/** The same certificate may be written with other line ends. */
function compact(pem: string): string {
  return pem.replaceAll(/\s/g, '');
}

/** One that is damaged must not stand in the way of all others. */
function isUsable(anchor: string): boolean {
  try {
    return new X509Certificate(anchor).ca;
  } catch {
    return false;
  }
}
