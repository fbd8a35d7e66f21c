import { isAbsolute, join } from 'node:path';

/** Around a file of a peer. Paths are absolute. */
export interface PeerSurroundings {
  /** The folder of the file that is imported. */
  readonly folder: string;
  /** The name of the user who runs this, which some peers log in with when no other is given; undefined where there is none. */
  readonly localUser: string | undefined;
}

/** A path of a peer as our configuration writes it: `~/…` stays, what is relative begins at the folder of its file. */
export function peerPath(written: string, { folder }: Pick<PeerSurroundings, 'folder'>): string {
  const text = written.replace(/^\$(?:HOME|\{HOME\})(?=\/|$)/, '~');
  if (text === '~' || text.startsWith('~/')) return withoutEnd(text);
  return withoutEnd(isAbsolute(text) ? text : join(folder, text));
}

/** Whether only the shell of its owner can tell where this is: another user's home, or a variable in it. */
export function isElsewhere(written: string): boolean {
  return /^~[^/]|\$/.test(peerPath(written, { folder: '/' }).replace(/^\/(?=~)/, ''));
}

/** A slash at the end tells some peers that it is a folder; here the type tells. */
function withoutEnd(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, '') : path;
}

/** Bundles of the authorities that are trusted anyway. */
const USUAL_BUNDLES: ReadonlySet<string> = new Set([
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/ssl/cert.pem',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/pki/tls/cert.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/usr/local/etc/ssl/cert.pem',
  '/usr/local/share/certs/ca-root-nss.crt',
]);

/** The `caFile` for a file of trusted certificates, or nothing when it is one of those that every system has. */
export function caFileOf(
  written: string | undefined,
  around: Pick<PeerSurroundings, 'folder'>,
): { readonly caFile?: string } {
  if (written === undefined || written === '' || written === 'system' || USUAL_BUNDLES.has(written))
    return {};
  return { caFile: peerPath(written, around) };
}

/** Whether a name or address is this machine, to which no certificate is needed. */
export function isThisMachine(host: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/i.test(host);
}
