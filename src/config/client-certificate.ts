import { createPrivateKey, X509Certificate } from 'node:crypto';
import { Secret } from '../secret.ts';
import type { ClientCertificate } from '../wire/trust.ts';
import { readCertificates } from './certificates.ts';
import type { ClientCertificateSettings } from './fields/connection.ts';
import type { Environment } from './places.ts';
import { formatMode, isOpenToOthers, readSmallFile, UnreadableError } from './small-file.ts';

/** More than any key. */
const MAX_OCTETS = 65_536;

/** Says which of the two files is at fault, and why. */
export class ClientCertificateError extends UnreadableError {
  readonly key: keyof ClientCertificateSettings;

  constructor(key: keyof ClientCertificateSettings, message: string) {
    super(message);
    this.key = key;
  }
}

/**
 * Reads a certificate and its key, and sees that they belong together. Raises a `ClientCertificateError`; no message of
 * it holds anything of the key (I5). Paths must be absolute.
 */
export async function readClientCertificate(
  { certFile, keyFile }: ClientCertificateSettings,
  env: Environment,
): Promise<ClientCertificate> {
  const certificates = await attempt('certFile', certFile, () => readCertificates(certFile));
  const key = await attempt('keyFile', keyFile, () => readKey(keyFile, env));
  const [own = ''] = certificates;
  if (!new X509Certificate(own).checkPrivateKey(createPrivateKey(key.reveal()))) {
    throw new ClientCertificateError(
      'keyFile',
      `the key in ${keyFile} is not that of the first certificate in ${certFile}`,
    );
  }
  return { cert: certificates.join('\n'), key };
}

async function readKey(path: string, env: Environment): Promise<Secret> {
  const { content, mode } = await readSmallFile(path, MAX_OCTETS);
  if (await isOpenToOthers(path, mode, env)) {
    throw new UnreadableError(`other users can read it (mode ${formatMode(mode)}); run: chmod 600 ${path}`);
  }
  const key = content.toString('latin1');
  if (key.includes('ENCRYPTED')) {
    throw new UnreadableError('its key is encrypted; store it without a passphrase, readable by you alone');
  }
  try {
    createPrivateKey(key);
  } catch {
    throw new UnreadableError('it holds no key in PEM form');
  }
  return new Secret(key);
}

async function attempt<T>(
  key: keyof ClientCertificateSettings,
  path: string,
  read: () => Promise<T>,
): Promise<T> {
  try {
    return await read();
  } catch (thrown) {
    if (!(thrown instanceof UnreadableError)) throw thrown;
    throw new ClientCertificateError(key, `cannot read ${path}: ${thrown.message}`);
  }
}
