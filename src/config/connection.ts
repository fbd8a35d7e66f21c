import type { LineOptions } from '../pop3-client/options.ts';
import { withoutSecrets } from '../secret.ts';
import type { ClientCertificate } from '../wire/trust.ts';
import { type RenewableFiles, readCertificates, readRenewable } from './certificates.ts';
import { ClientCertificateError, readClientCertificate } from './client-certificate.ts';
import type { AccountDraft, Report } from './draft.ts';
import type { ClientCertificateSettings } from './fields/connection.ts';
import { absolutePath, type Surroundings } from './places.ts';
import type { SecretSurroundings } from './secrets.ts';
import type { AccountSettings } from './settings.ts';
import { UnreadableError } from './small-file.ts';

/** What the files that accounts name hold. */
export interface Certificates {
  /** Trust anchors by the path of their file. */
  readonly anchors: ReadonlyMap<string, RenewableFiles<readonly string[]>>;
  /** By the name of the account. */
  readonly own: ReadonlyMap<string, RenewableFiles<ClientCertificate>>;
}

interface Place extends Pick<Surroundings, 'env' | 'home'> {
  readonly folder: string;
}

/** Reads all files with certificates and keys, and reports those that cannot be used. */
export async function readAllCertificates(
  drafts: readonly AccountDraft[],
  place: Place,
  report: Report,
): Promise<Certificates> {
  const anchors = new Map<string, RenewableFiles<readonly string[]>>();
  const own = new Map<string, RenewableFiles<ClientCertificate>>();
  for (const draft of drafts) {
    const { caFile, clientCertificate } = draft.settings;
    if (caFile !== undefined) await readAnchors(draft, absolute(caFile, place), { anchors, report });
    if (clientCertificate === undefined) continue;
    const files = absolutePaths(clientCertificate, place);
    const read = (): Promise<ClientCertificate> => readClientCertificate(files, place.env);
    try {
      own.set(draft.name, await readRenewable([files.certFile, files.keyFile], read));
    } catch (thrown) {
      if (!(thrown instanceof ClientCertificateError)) throw thrown;
      report([...draft.keysOf('clientCertificate'), thrown.key], thrown.message);
    }
  }
  return { anchors, own };
}

async function readAnchors(
  draft: AccountDraft,
  path: string,
  { anchors, report }: { anchors: Map<string, RenewableFiles<readonly string[]>>; report: Report },
): Promise<void> {
  try {
    if (!anchors.has(path)) anchors.set(path, await readRenewable([path], () => readCertificates(path)));
  } catch (thrown) {
    if (!(thrown instanceof UnreadableError)) throw thrown;
    report(draft.keysOf('caFile'), `cannot read ${path}: ${thrown.message}`);
  }
}

function absolutePaths(
  { certFile, keyFile }: ClientCertificateSettings,
  place: Place,
): ClientCertificateSettings {
  return { certFile: absolute(certFile, place), keyFile: absolute(keyFile, place) };
}

function absolute(path: string, { folder, home }: Place): string {
  return absolutePath(path, folder, home);
}

/** How the line of an account is made. A tunnel command sees no password that is in the environment (I5). */
export function lineOf(
  { serverName, pinSha256, proxy, tunnel, sourceAddress, language }: AccountSettings,
  clientCertificate: ClientCertificate | undefined,
  around: SecretSurroundings,
): LineOptions {
  return {
    serverName,
    pinSha256,
    clientCertificate,
    proxy,
    tunnel:
      tunnel === undefined
        ? undefined
        : { command: tunnel, folder: around.folder, env: withoutSecrets(around.env, around.withheld) },
    sourceAddress,
    language,
  };
}
