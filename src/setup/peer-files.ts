import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { netrcLogin } from '../config/netrc.ts';
import { absolutePath, type Home } from '../config/places.ts';
import { unreadableReason } from '../config/small-file.ts';
import { ifThere, MailError } from '../errors.ts';
import { fetchmailGlobals, translateFetchmail } from '../peers/fetchmail-accounts.ts';
import { parseFetchmailRc } from '../peers/fetchmail-rc.ts';
import { hasAmbiguousEscapes } from '../peers/fetchmail-tokens.ts';
import {
  getmailNetrc,
  hasGetmailMemory,
  type NetrcLogin,
  translateGetmail,
} from '../peers/getmail-accounts.ts';
import { type GetmailRc, parseGetmailRc } from '../peers/getmail-rc.ts';
import { mpopStateFile, translateMpop } from '../peers/mpop-accounts.ts';
import { parseMpopRc } from '../peers/mpop-rc.ts';
import {
  type Peer,
  type PeerAccount,
  PeerFileError,
  PeerSyntaxError,
  type SeenMessage,
  textOfOctets,
  withoutRepeats,
  withUniqueNames,
} from '../peers/peer.ts';
import { peerPath } from '../peers/peer-paths.ts';
import { isMaildrop, oldmailName, parseFetchids, parseOldmail, parseUidls } from '../peers/seen-files.ts';

/** Where a peer's files are looked for. Paths are absolute. */
export interface PeerPlaces {
  readonly files: readonly string[];
  /** The file, or for getmail the folder, of what it remembers, when somebody says where it is. */
  readonly state: string | undefined;
  readonly home: Home;
  readonly localUser: string | undefined;
}

/** One account of a peer and what the peer remembers of it. */
export interface ReadAccount {
  readonly account: PeerAccount;
  readonly seen: readonly SeenMessage[];
  /** The file that remembers; undefined when there is none. */
  readonly seenIn: string | undefined;
  /** Where it was looked for. */
  readonly lookedFor: readonly string[];
}

/** Everything that a peer says. */
export interface ReadPeer {
  readonly accounts: readonly ReadAccount[];
  /** Sentences about what holds for all accounts. */
  readonly remarks: readonly string[];
}

/** Reads a peer's configuration and what it remembers; changes nothing. Raises a `PeerFileError` with the place. */
export function readPeer(peer: Peer, places: PeerPlaces): Promise<ReadPeer> {
  switch (peer) {
    case 'fetchmail':
      return readFetchmail(places);
    case 'getmail':
      return readGetmail(places);
    case 'mpop':
      return readMpop(places);
  }
  throw new MailError('usage', 'There is no such program to import from.');
}

/** Where Debian's service of fetchmail, which reads /etc/fetchmailrc, keeps what it remembers. */
const SYSTEM_FETCHIDS = '/var/lib/fetchmail/.fetchmail-UIDL-cache';

async function readFetchmail(places: PeerPlaces): Promise<ReadPeer> {
  const accounts: PeerAccount[] = [];
  const remarks: string[] = [];
  let idfile: string | undefined;
  for (const file of places.files) {
    const text = await readText(file);
    const rc = parsed(file, () => parseFetchmailRc(text));
    accounts.push(...translateFetchmail(rc, { folder: dirname(file), localUser: places.localUser }));
    remarks.push(...fetchmailGlobals(rc));
    if (hasAmbiguousEscapes(text)) {
      remarks.push(
        'Digits behind a backslash are read as fetchmail up to 6.6.6 does (\\65 is decimal); check them if yours is newer.',
      );
    }
    const named = rc.globals.get('idfile');
    if (typeof named === 'string') idfile = absolutePath(named, dirname(file), places.home);
  }
  const candidates = [
    ...[places.state ?? idfile].filter((path) => path !== undefined),
    ...((places.state ?? idfile) === undefined
      ? [
          ...new Set([
            ...places.files.map((file) => join(dirname(file), '.fetchids')),
            ...inHome(places, '.fetchids'),
            ...(places.files.includes('/etc/fetchmailrc') ? [SYSTEM_FETCHIDS] : []),
          ]),
        ]
      : []),
  ];
  const found = await firstThere(candidates);
  const maildrops = found === undefined ? [] : parseFetchids(found.text);
  const unique = withoutRepeats(withUniqueNames(accounts));
  return {
    remarks,
    accounts: unique.map((account) => ({
      account,
      seen: maildrops
        .filter((it) => isMaildrop({ ...it, user: textOfOctets(it.user) }, account))
        .flatMap(({ messages }) => messages),
      seenIn: found?.path,
      lookedFor: candidates,
    })),
  };
}

async function readGetmail(places: PeerPlaces): Promise<ReadPeer> {
  const accounts: PeerAccount[] = [];
  const folders: string[][] = [];
  for (const file of places.files) {
    const text = textOfOctets(await readText(file));
    const rc = parsed(file, () => parseGetmailRc(text));
    const around = { folder: dirname(file), localUser: places.localUser };
    const netrc = await netrcOf(rc, { ...places, folder: dirname(file) });
    accounts.push(translateGetmail(rc, { name: nameFrom(file), around, netrc }));
    folders.push(
      !hasGetmailMemory(rc)
        ? []
        : places.state === undefined
          ? [dirname(file), ...inHome(places, '.config/getmail'), ...inHome(places, '.getmail')]
          : [places.state],
    );
  }
  const unique = withoutRepeats(withUniqueNames(accounts));
  return {
    remarks: [],
    accounts: await Promise.all(
      unique.map(async (account, index) => {
        const port = account.port ?? (account.tls === 'implicit' ? 995 : 110);
        const name = oldmailName({ ...account, port });
        const lookedFor = await Promise.all(
          [...new Set(folders[index] ?? [])].map(async (path) =>
            (await isFolder(path)) ? join(path, name) : path,
          ),
        );
        const found = await firstThere(lookedFor);
        return {
          account,
          seen: found === undefined ? [] : parseOldmail(found.text),
          seenIn: found?.path,
          lookedFor,
        };
      }),
    ),
  };
}

function inHome({ home }: PeerPlaces, name: string): readonly string[] {
  return home === undefined ? [] : [join(home, name)];
}

/** The login that getmail takes from a netrc file, with the path as our configuration writes it. */
async function netrcOf(
  rc: GetmailRc,
  { folder, home }: { folder: string; home: Home },
): Promise<NetrcLogin | undefined> {
  const wanted = getmailNetrc(rc);
  if (wanted === undefined) return undefined;
  const path = peerPath(wanted.file, { folder });
  const text = await ifThere(readFile(absolutePath(path, folder, home), 'utf8'));
  const login = netrcLogin(text ?? '', wanted.machine);
  return login === undefined ? undefined : { path, login };
}

async function readMpop(places: PeerPlaces): Promise<ReadPeer> {
  const accounts: ReadAccount[] = [];
  const remarks: string[] = [];
  for (const file of places.files) {
    const text = textOfOctets(await readText(file));
    const rc = parsed(file, () => parseMpopRc(text));
    const translated = translateMpop(rc, { folder: dirname(file), localUser: places.localUser });
    if (rc.evals.length > 0)
      remarks.push(
        'The lines that "eval" makes are not known: the commands were not run. Look at them yourself.',
      );
    for (const [index, account] of translated.entries()) {
      const original = rc.accounts[index];
      const named = original === undefined ? '' : mpopStateFile(original);
      const path = places.state ?? absolutePath(named, dirname(file), places.home);
      const found = await firstThere([path]);
      const maildrops = found === undefined ? [] : parseUidls(found.text);
      const own = maildrops.filter(
        ({ host, user }) => host === account.host && textOfOctets(user) === account.user,
      );
      accounts.push({
        account,
        seen: own.flatMap(({ messages }) => messages),
        seenIn: found?.path,
        lookedFor: [path],
      });
    }
  }
  const unique = withoutRepeats(withUniqueNames(accounts.map(({ account }) => account)));
  return {
    remarks,
    accounts: accounts.map((read, index) => ({ ...read, account: unique[index] ?? read.account })),
  };
}

/** `getmailrc` says nothing, `work.rc` and `getmailrc-work` do. */
function nameFrom(file: string): string {
  const name = basename(file)
    .replace(/^\.+/, '')
    .replace(/\.(?:rc|conf|cfg|ini|txt)$/, '');
  return name.replace(/^(?:getmailrc|getmail|rc)(?:[-_.]|$)/, '') || 'getmail';
}

function parsed<T>(file: string, parse: () => T): T {
  try {
    return parse();
  } catch (thrown) {
    if (thrown instanceof PeerSyntaxError) throw new PeerFileError(file, thrown.line, thrown.message);
    throw thrown;
  }
}

/** A file as octets, each as one character; it may be a pipe. */
async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'latin1');
  } catch (thrown) {
    throw new MailError('usage', `Cannot read ${path}: ${unreadableReason(thrown)}.`, {
      hint: 'Name the configuration of the program that you come from, such as ~/.fetchmailrc.',
      cause: thrown,
    });
  }
}

async function firstThere(paths: readonly string[]): Promise<{ path: string; text: string } | undefined> {
  for (const path of paths) {
    if (await isFolder(path)) continue;
    const text = await ifThere(readFile(path, 'latin1'));
    if (text !== undefined) return { path, text };
  }
  return undefined;
}

async function isFolder(path: string): Promise<boolean> {
  return (await ifThere(stat(path)))?.isDirectory() === true;
}
