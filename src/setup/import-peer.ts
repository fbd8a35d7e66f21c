import { dirname, join } from 'node:path';
import type { AccountText, KeyText } from '../config/render.ts';
import { renderConfiguration } from '../config/render.ts';
import { warningOf } from '../delivery/handed-over/known-programs.ts';
import type { Peer, PeerAccount, PeerDeletion, PeerPassword, SeenMessage } from '../peers/peer.ts';
import type { Secret } from '../secret.ts';
import { countText } from '../wire/text.ts';
import type { ReadAccount, ReadPeer } from './peer-files.ts';

/** What the command line adds to a peer's configuration. Paths are absolute. */
export interface ImportWishes {
  readonly peer: Peer;
  readonly files: readonly string[];
  /** The configuration that is to be written. */
  readonly output: string;
  /** Where mail goes that the peer gave to another program; `{account}` in it stands for the name of each. */
  readonly deliver: { readonly type: string; readonly path: string } | undefined;
  /** Written as `stateDir`, if given. */
  readonly stateDir: string | undefined;
}

/** A password that must be stored outside the configuration, in a file of its own. */
export interface PasswordFile {
  readonly path: string;
  readonly password: Secret;
}

/** What an import would do, before anything of it is done. */
export interface ImportPlan {
  readonly configuration: string;
  readonly passwordFiles: readonly PasswordFile[];
  readonly accounts: readonly ImportedAccount[];
  /** Sentences about what its owner would hardly want. */
  readonly warnings: readonly string[];
}

/** What becomes of one account. */
export interface ImportedAccount {
  readonly name: string;
  readonly disabled: boolean;
  readonly seen: readonly SeenMessage[];
  readonly seenIn: string | undefined;
  readonly lookedFor: readonly string[];
  /** The keys that only its owner can fill in. */
  readonly open: readonly string[];
}

/** Finds the password of a login in the netrc file; the machine under which it stands there. */
export type NetrcLookup = (
  machines: readonly string[],
  login: string,
) => { path: string; machine: string } | undefined;

/** Plans an import: the text of the configuration, the files of passwords, the messages that count as carried. Pure. */
export function planImport(read: ReadPeer, wishes: ImportWishes, netrc: NetrcLookup): ImportPlan {
  const passwordFiles: PasswordFile[] = [];
  const warnings = sharedPlaces(read.accounts, wishes);
  const planned = read.accounts.map((it) => {
    const { password, file } = passwordValue(it.account, { wishes, netrc });
    if (file !== undefined) passwordFiles.push(file);
    return { read: it, text: accountText(it, { wishes, password }) };
  });
  const configuration = renderConfiguration({
    comments: [introduction(wishes), RENAMING, ...warnings, ...read.remarks],
    keys: wishes.stateDir === undefined ? [] : [{ key: 'stateDir', value: wishes.stateDir }],
    accounts: planned.map(({ text }) => text),
  });
  const accounts = planned.map(({ read: { account, seen, seenIn, lookedFor }, text }) => ({
    name: account.name,
    disabled: account.disabled !== undefined,
    seen,
    seenIn,
    lookedFor,
    open: text.keys.filter(({ value }) => value === undefined).map(({ key }) => key),
  }));
  return { configuration, passwordFiles, accounts, warnings };
}

const RENAMING =
  'The ledger knows an account by its name, and what was fetched before is noted there under these names: a new name is a new account.';

function introduction({ peer, files }: ImportWishes): string {
  return `Made by "mailferry import ${peer}" from ${files.join(', ')}, which was not changed.`;
}

function placeOf({ name, keys }: PeerAccount, { deliver }: ImportWishes): unknown {
  const own = keys['deliver'];
  const wished = deliver && { ...deliver, path: deliver.path.replaceAll('{account}', () => name) };
  return isHandedOver(own) ? (wished ?? own) : (own ?? wished);
}

/** What is to be known of the programs that mail goes to. */
function warningsOf(deliver: unknown): readonly string[] {
  const all: readonly unknown[] = Array.isArray(deliver) ? deliver : [deliver];
  return all.flatMap((one) => {
    if (typeof one !== 'object' || one === null || !('command' in one)) return [];
    return warningOf(one.command as string | readonly string[]) ?? [];
  });
}

const PLACES: ReadonlySet<unknown> = new Set(['maildir', 'mbox']);

/** Whoever says where mail goes wants it stored there, and not handed to who had it before. */
function isHandedOver(deliver: unknown): boolean {
  return typeof deliver === 'object' && deliver !== null && 'type' in deliver && !PLACES.has(deliver.type);
}

/** What is said where the mail of several people comes to lie in one place. */
function sharedPlaces(accounts: readonly ReadAccount[], wishes: ImportWishes): readonly string[] {
  const people = new Map<string, Set<string>>();
  for (const { account } of accounts) {
    const place = placeOf(account, wishes);
    if (place === undefined || account.disabled !== undefined) continue;
    const key = JSON.stringify(place);
    const known = people.get(key) ?? new Set();
    people.set(key, new Set([...known, [...(account.people ?? [])].sort().join(' and ')]));
  }
  const shared = [...people.values()].filter((names) => names.size > 1);
  return shared.map(
    (names) =>
      `The mail of several people goes to one place: of ${[...names].join(', ')}. With "{account}" in it, as in --deliver maildir:~/Mail/{account}, each account has one of its own.`,
  );
}

function accountText(
  { account, seen, seenIn }: ReadAccount,
  { wishes, password }: { wishes: ImportWishes; password: unknown },
): AccountText {
  const { host, port, tls, user, keys, deletion, remarks, disabled } = account;
  const { deliver: _, ...more } = keys;
  const deliver = placeOf(account, wishes);
  const memory = memoryText({ seen, seenIn }, wishes.peer);
  const lines: KeyText[] = [
    {
      key: 'host',
      value: host === '' ? undefined : host,
      note: host === '' ? 'the name of the server' : undefined,
    },
    ...(port === undefined ? [] : [{ key: 'port', value: port }]),
    ...(tls === 'implicit' ? [] : [{ key: 'tls', value: tls }]),
    {
      key: 'user',
      value: user === '' ? undefined : user,
      note: user === '' ? 'the name to log in with' : undefined,
    },
    {
      key: 'password',
      value: password,
      note:
        password === undefined ? '{ file: … }, { command: … } or { netrc: … }; none was found' : undefined,
    },
    {
      key: 'deliver',
      value: deliver,
      note:
        deliver === undefined
          ? '{ type: maildir, path: ~/Mail } or { type: mbox, path: … }: say where mail goes'
          : undefined,
    },
    {
      key: 'delete',
      value: deletion,
      note:
        deletion === undefined
          ? 'never, after-delivery or { after: 30d }: say what happens on the server'
          : deletionNote(deletion),
    },
    ...Object.entries(more).map(([key, value]) => ({ key, value })),
  ];
  return {
    name: account.name,
    comments: [...remarks, ...warningsOf(deliver), memory],
    keys: lines,
    disabled,
  };
}

function memoryText({ seen, seenIn }: Pick<ReadAccount, 'seen' | 'seenIn'>, peer: Peer): string {
  if (seenIn === undefined)
    return `No memory of ${peer} was found: the first poll carries all that is listed.`;
  if (seen.length === 0)
    return `${peer} remembers nothing of this maildrop: the first poll carries all that is listed.`;
  return `${countText(seen.length, 'message')} that ${peer} remembers: counted as carried, not downloaded again, and never deleted by Mailferry.`;
}

function deletionNote(deletion: PeerDeletion): string {
  if (deletion === 'never') return 'all stays on the server, as before';
  if (deletion === 'after-delivery') return 'deleted on the server as soon as it is safe here, as before';
  return 'after its delivery here';
}

function passwordValue(
  account: PeerAccount,
  { wishes, netrc }: { wishes: ImportWishes; netrc: NetrcLookup },
): { password: unknown; file?: PasswordFile } {
  const { password } = account;
  if (password === undefined) return { password: undefined };
  switch (password.from) {
    case 'command':
      return { password: { command: password.command } };
    case 'netrc':
      return { password: netrcValue(account, password, netrc) };
    case 'text': {
      const relative = `./passwords/${account.name}`;
      const path = join(dirname(wishes.output), 'passwords', account.name);
      return { password: { file: relative }, file: { path, password: password.value } };
    }
  }
  return { password: undefined };
}

function netrcValue(
  { host, user }: PeerAccount,
  { machines, path }: Extract<PeerPassword, { from: 'netrc' }>,
  netrc: NetrcLookup,
): unknown {
  if (path !== undefined) return { netrc: path };
  const found = netrc(machines, user);
  if (found === undefined) return undefined;
  return { netrc: found.path, ...(found.machine === host ? {} : { machine: found.machine }) };
}
