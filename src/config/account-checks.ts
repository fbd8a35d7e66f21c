import { destinationName, isPlace } from '../delivery/settings.ts';
import { type AuthChoice, isLoopback } from '../pop3-client/options.ts';
import type { AccountDraft, Report } from './draft.ts';
import { completeDestination } from './fields/destination.ts';
import { quoted } from './found.ts';
import { isOwnMailbox } from './own-mailbox.ts';
import { absolutePath, type Home } from './places.ts';
import type { AccountSettings, PasswordSource } from './settings.ts';

/** What must be said of every account, in itself or in the defaults, and how to say it. */
const REQUIRED: readonly (readonly [keyof AccountSettings, string])[] = [
  ['host', 'missing "host", the name or address of the POP3 server'],
  ['user', 'missing "user", the name to log in with'],
  [
    'password',
    'missing "password": { file: … }, { command: … }, { env: … }, { credential: … }, { netrc: … } or a text in quotes',
  ],
  [
    'deliver',
    'missing "deliver", where mail goes: { type: maildir, path: … }, { type: mbox, path: … }, { type: mda, command: … } or one of type lmtp, smtp or imap',
  ],
  [
    'delete',
    'missing "delete", what happens to a message on the server once it is safe here: never (it stays there), ' +
      'after-delivery (it is removed in the same poll) or { after: 30d } (it is removed 30 days after its delivery)',
  ],
];

/** Reports each required key that an account lacks. */
export function checkRequired(draft: AccountDraft, report: Report): void {
  for (const [key, message] of REQUIRED) {
    if (key === 'password' && draft.settings.auth === 'external') continue;
    if (!draft.has(key)) report(['accounts', draft.name], message);
  }
}

/** Mechanisms that never show the password. APOP is none: a false server gets it out of that (CVE-2007-1558). */
const HIDING: readonly AuthChoice[] = ['scram-sha-256', 'scram-sha-1', 'cram-md5'];

/** Reports a line that shows the password to others, where the configuration does not say in words that it may (I5). */
export function checkCleartext(draft: AccountDraft, report: Report): void {
  const { tls, host, allowCleartext, auth, proxy, tunnel, preconnect } = draft.settings;
  if (tls !== 'none' || host === undefined || allowCleartext === true) return;
  // Behind a proxy, a tunnel, or what a command opens, a loopback address is that of another machine.
  const leadsAway = proxy !== undefined || tunnel !== undefined || preconnect !== undefined;
  if (isLoopback(host) && !leadsAway) return;
  if (auth !== undefined && HIDING.includes(auth)) return;
  report(
    draft.keysOf('tls'),
    `without TLS the password of account ${quoted(draft.name)} can be read on the way to ${quoted(host)}; ` +
      'use implicit or starttls, a mechanism that hides it (auth: scram-sha-256), or accept it with allowCleartext: true',
  );
}

/** Reports keys of the line that have no meaning together. */
export function checkLine(draft: AccountDraft, report: Report): void {
  const { auth, clientCertificate, proxy, tunnel, sourceAddress } = draft.settings;
  if (auth === 'external' && clientCertificate === undefined && !draft.has('clientCertificate')) {
    report(draft.keysOf('auth'), 'external needs a certificate to log in with, see "clientCertificate"');
  }
  if (tunnel === undefined) return;
  const other = proxy === undefined ? sourceAddress && 'sourceAddress' : 'proxy';
  if (other !== undefined)
    report(draft.keysOf('tunnel'), `a tunnel is the whole line; it cannot be used with "${other}"`);
}

/** Reports accounts that name one maildrop: only one session at a time may hold it (RFC 1939 §4), and one ledger entry. */
export function checkMaildrops(drafts: readonly AccountDraft[], portOf: PortOf, report: Report): void {
  const owners = new Map<string, string>();
  for (const draft of drafts) {
    const { host, user } = draft.settings;
    if (host === undefined || user === undefined) continue;
    const maildrop = JSON.stringify([host.toLowerCase().replace(/\.$/, ''), portOf(draft.settings), user]);
    const owner = owners.get(maildrop);
    owners.set(maildrop, owner ?? draft.name);
    if (owner === undefined) continue;
    report(
      ['accounts', draft.name],
      `this is the maildrop of account ${quoted(owner)} again (same host, port and user); ` +
        'write one account with a list of destinations instead',
    );
  }
}

/** The port of an account, also where none was written. */
export type PortOf = (settings: AccountSettings) => number;

/** The key that tells a destination from another of its type. */
const KEYS = {
  maildir: 'path',
  mbox: 'path',
  mda: 'command',
  lmtp: 'to',
  smtp: 'to',
  imap: 'mailbox',
} as const;

const OWN_MAILBOX =
  'this is the mailbox that the account fetches from, so that all mail would come again and again; name another "mailbox" or another server';

/** Here only the names of destinations are wanted. */
const unasked: PasswordSource = () => () => Promise.reject(new Error('nobody logs in here'));

/** Reports one path that is to be two things, or twice a destination of one account. */
export function checkDestinations(
  drafts: readonly AccountDraft[],
  folders: { readonly folder: string; readonly home: Home },
  report: Report,
): void {
  const absolute = (path: string): string => absolutePath(path, folders.folder, folders.home);
  const types = new Map<string, string>();
  for (const draft of drafts) {
    const own = new Set<string>();
    const destinations = draft.settings.deliver ?? [];
    for (const [index, destination] of destinations.entries()) {
      const { type } = destination;
      const isPath = type === 'maildir' || type === 'mbox';
      const complete = completeDestination(destination, { absolute, passwordOf: unasked });
      const written = isPath ? destination.path : destinationName(complete).slice(type.length + 1);
      const place = isPlace(complete) ? complete.path : destinationName(complete);
      const key = KEYS[type];
      const keys = [...draft.keysOf('deliver'), ...(destinations.length > 1 ? [index] : []), key];
      const known = types.get(place) ?? type;
      types.set(place, known);
      if (known !== type) {
        report(keys, `${quoted(written)} is of type ${type} here and ${known} elsewhere; use two paths`);
      } else if (own.has(place)) {
        report(keys, `${quoted(written)} is a destination of this account already`);
      } else if (complete.type === 'imap' && isOwnMailbox(draft.settings, complete)) {
        report(keys, OWN_MAILBOX);
      }
      own.add(place);
    }
  }
}
