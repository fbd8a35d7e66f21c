import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Key and certificate in PEM, as servers want them. */
export interface KeyPair {
  readonly key: string;
  readonly cert: string;
}

export interface CertificateOptions {
  /** DNS names and IP addresses. Default: localhost, 127.0.0.1 and ::1. */
  readonly names?: readonly string[];
  /** Its time has run out already. */
  readonly expired?: boolean;
  /** Signed by nobody but itself. */
  readonly selfSigned?: boolean;
  /** Its common name. Default: Test. */
  readonly commonName?: string;
}

const cache = new Map<string, KeyPair>();

/** The authority that signs what `certificate` makes; `cert` is the trust anchor for a client. */
export function authority(): KeyPair {
  return cached('authority', (folder) => {
    const constraints = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign,cRLSign'];
    const extensions = constraints.flatMap((constraint) => ['-addext', constraint]);
    openssl(folder, ['req', '-x509', ...NEW_KEY, '-subj', '/CN=Test Authority', '-days', '2', ...extensions]);
  });
}

/** A certificate for these names, made by the `openssl` program once per test process. */
export function certificate(options: CertificateOptions = {}): KeyPair {
  const {
    names = ['localhost', '127.0.0.1', '::1'],
    expired = false,
    selfSigned = false,
    commonName = 'Test',
  } = options;
  const alternatives = names.map((name) => `${/^[\d.]+$|:/.test(name) ? 'IP' : 'DNS'}:${name}`);
  const extension = `subjectAltName=${alternatives.join(',')}`;
  // OpenSSL 3 takes a validity that ends a day before it begins, and nothing further back.
  const days = ['-days', expired ? '-1' : '2'];
  return cached(JSON.stringify([names, expired, selfSigned, commonName]), (folder) => {
    const subject = ['-subj', `/CN=${commonName}`];
    if (selfSigned) {
      openssl(folder, ['req', '-x509', ...NEW_KEY, ...subject, ...days, '-addext', extension]);
      return;
    }
    const { key, cert } = authority();
    writeFileSync(join(folder, 'ca.key'), key);
    writeFileSync(join(folder, 'ca.pem'), cert);
    writeFileSync(join(folder, 'extensions'), extension);
    openssl(folder, ['req', ...NEW_KEY, ...subject]);
    const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'extensions'];
    openssl(folder, ['x509', '-req', '-in', 'cert.pem', ...signed, ...days]);
  });
}

const NEW_KEY = '-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem'.split(' ');

function cached(name: string, make: (folder: string) => void): KeyPair {
  const known = cache.get(name);
  if (known !== undefined) return known;
  const folder = mkdtempSync(join(tmpdir(), 'mailferry-certificates-'));
  try {
    make(folder);
    const pair = {
      key: readFileSync(join(folder, 'key.pem'), 'utf8'),
      cert: readFileSync(join(folder, 'cert.pem'), 'utf8'),
    };
    cache.set(name, pair);
    return pair;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function openssl(folder: string, options: readonly string[]): void {
  execFileSync('openssl', [...options, '-out', 'cert.pem'], { cwd: folder, stdio: 'pipe' });
}
