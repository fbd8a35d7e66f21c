import { MailError } from '../errors.ts';
import type { Secret } from '../secret.ts';

/** The programs whose configuration and memory can be taken over and given back. */
export type Peer = 'fetchmail' | 'getmail' | 'mpop';

/** A file of a peer that cannot be understood; nothing of it is taken over. Its message says where and why. */
export class PeerFileError extends MailError {
  constructor(file: string, line: number, message: string) {
    super('config', `${file}:${line}: ${message}`, {
      hint: 'Mend the file, as the program it belongs to would want it; nothing was taken over.',
    });
  }
}

/** A place in a text where it stops making sense; whoever knows the file makes a `PeerFileError` of it. */
export class PeerSyntaxError extends Error {
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

/** Where a peer takes the password of an account from. */
export type PeerPassword =
  | { readonly from: 'text'; readonly value: Secret }
  | { readonly from: 'command'; readonly command: string | readonly string[] }
  /** Looked up in a netrc file, under the first of these machines that is there; with a path it was found there. */
  | { readonly from: 'netrc'; readonly machines: readonly string[]; readonly path?: string };

/** One account of a peer, translated. What is undefined in `keys` has no counterpart and is the user's to say. */
export interface PeerAccount {
  /** Fit to be the name of an account; made unique by `withUniqueNames`. */
  readonly name: string;
  readonly host: string;
  readonly port: number | undefined;
  readonly tls: 'implicit' | 'starttls' | 'none';
  readonly user: string;
  readonly password: PeerPassword | undefined;
  /** Keys of our configuration with values as they are written there, besides those above. */
  readonly keys: Readonly<Record<string, unknown>>;
  /** What the peer says happens on the server, or undefined where that has no counterpart. */
  readonly deletion: PeerDeletion | undefined;
  /** Sentences about what has no counterpart, and what was done about it. */
  readonly remarks: readonly string[];
  /** Who gets its mail here, as far as the peer tells people apart. */
  readonly people?: readonly string[];
  /** Why it is written as a comment only, if it is. */
  readonly disabled: string | undefined;
}

/** A deletion policy as our configuration writes it. */
export type PeerDeletion = 'never' | 'after-delivery' | { readonly after: string };

/** A message that a peer remembers as fetched. */
export interface SeenMessage {
  /** As the peer wrote it, each octet as one character. */
  readonly uid: string;
  /** When the peer saw it first, in milliseconds since 1970, where it says so. */
  readonly seenAt: number | undefined;
}

/** What a peer remembers of one maildrop. */
export interface SeenMaildrop {
  readonly host: string;
  readonly user: string;
  readonly messages: readonly SeenMessage[];
}

/** `text` as the name of an account: what is not allowed in one becomes a hyphen, and it is no `..` where it is part of a path. */
export function accountName(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9._@+-]+|^\.+/g, '-').slice(0, 60) || 'account';
}

/** The words of a list, such as the keys of a peer. */
export function words(list: string): ReadonlySet<string> {
  return new Set(list.split(' '));
}

/** The keys for the timeout of a peer, in seconds: silence is borne for an hour here, at most. */
export function timeoutKeys(seconds: number): Readonly<Record<string, unknown>> {
  return seconds > 0 ? { timeouts: { idle: `${Math.min(seconds, 3600)}s` } } : {};
}

/** The keys for the limits of a peer, each as we call it; what is not more than nothing is none. */
export function limitKeys(
  limits: Readonly<Record<string, number | string | undefined>>,
): Readonly<Record<string, unknown>> {
  const set = Object.entries(limits).filter(([, limit]) => typeof limit === 'string' || Number(limit) > 0);
  return set.length === 0 ? {} : { limits: Object.fromEntries(set) };
}

/** The same accounts, those with a name that is taken already with a number behind it. */
export function withUniqueNames(accounts: readonly PeerAccount[]): readonly PeerAccount[] {
  const taken = new Set<string>();
  return accounts.map((account) => {
    let name = account.name;
    for (let count = 2; taken.has(name); count += 1) name = `${account.name}-${count}`;
    taken.add(name);
    return { ...account, name };
  });
}

/** Octets, each as one character, as the text that they are: UTF-8 where they are that, else Latin-1. */
export function textOfOctets(octets: string): string {
  // oxlint-disable-next-line no-control-regex -- an octet is one of these
  if (!/^[\u0000-\u00ff]*$/.test(octets) || !/[\u0080-\u00ff]/.test(octets)) return octets;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(octets, 'latin1'));
  } catch {
    return octets;
  }
}

/** The same accounts; those whose maildrop is that of an earlier one are to be comments only. */
export function withoutRepeats(accounts: readonly PeerAccount[]): readonly PeerAccount[] {
  const owners = new Map<string, string>();
  return accounts.map((account) => {
    if (account.disabled !== undefined) return account;
    const { host, port, tls, user, name } = account;
    const key = JSON.stringify([host.toLowerCase(), port ?? (tls === 'implicit' ? 995 : 110), user]);
    const owner = owners.get(key);
    owners.set(key, owner ?? name);
    if (owner === undefined) return account;
    return {
      ...account,
      disabled: `This is the maildrop of account ${owner} again; one account can deliver to several places.`,
    };
  });
}

/** What is said of keys that are not translated: each alone, and together those that are not needed here. */
export function remarksOn(
  keys: readonly string[],
  { needless, remarks }: { needless: ReadonlySet<string>; remarks: Readonly<Record<string, string>> },
): readonly string[] {
  const told = keys.filter((key) => !needless.has(key)).map((key) => remarks[key] ?? `"${key}" is left out.`);
  const rest = keys.filter((key) => needless.has(key));
  return rest.length === 0 ? told : [...told, `Not needed here: ${rest.join(', ')}.`];
}
