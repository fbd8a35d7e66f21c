import { Secret } from '../secret.ts';
import type { MpopAccount, MpopRc } from './mpop-rc.ts';
import {
  accountName,
  limitKeys,
  type PeerAccount,
  type PeerDeletion,
  type PeerPassword,
  remarksOn,
  timeoutKeys,
  withUniqueNames,
  words,
} from './peer.ts';
import { lineOf } from './peer-line.ts';
import { mdaOfLine } from './peer-mda.ts';
import { caFileOf, isThisMachine, type PeerSurroundings, peerPath } from './peer-paths.ts';
import { uidlsName } from './seen-files.ts';

type Commands = MpopAccount['commands'];

const TRANSLATED = words(
  'host port timeout user password passwordeval tls tls_starttls tls_trust_file keep killsize skipsize delivery ' +
    'uidls_file auth only_new received_header tls_certcheck tls_fingerprint tls_key_file tls_cert_file ' +
    'tls_host_override proxy_host proxy_port source_ip',
);

const NEEDLESS = words('pipelining tls_min_dh_prime_bits tls_priorities');

const REMARKS: Readonly<Record<string, string>> = {
  tls_crl_file: '"tls_crl_file" is left out.',
  filter: '"filter" is left out: messages are not filtered.',
  socket: '"socket" is left out: Mailferry connects by itself.',
};

/** Translates an mpoprc. Pure; passwords in netrc files are looked up by others. */
export function translateMpop({ accounts, evals }: MpopRc, around: PeerSurroundings): readonly PeerAccount[] {
  const remarks =
    evals.length === 0 ? [] : ['The line that "eval" makes is not known: its command was not run.'];
  return withUniqueNames(accounts.map((account) => translate(account, { around, remarks })));
}

/** The file in which mpop remembers the unique-ids of an account. */
export function mpopStateFile({ commands }: MpopAccount): string {
  const pattern = commands.get('uidls_file') ?? `~/.mpop_uidls/${uidlsName({ user: '%U', host: '%H' })}`;
  return pattern.replaceAll('%U', commands.get('user') ?? '').replaceAll('%H', commands.get('host') ?? '');
}

function translate(
  { name, commands }: MpopAccount,
  { around, remarks }: { around: PeerSurroundings; remarks: readonly string[] },
): PeerAccount {
  const host = commands.get('host') ?? '';
  const { tls, tlsRemark } = tlsOf(commands, host);
  const port = Number(commands.get('port') ?? '');
  const { deliver, deliverRemark } = deliverOf(commands, around);
  const proxyHost = commands.get('proxy_host') ?? '';
  const line = lineOf(
    {
      serverName: commands.get('tls_host_override'),
      fingerprints: [commands.get('tls_fingerprint') ?? ''].filter((it) => it !== ''),
      certFile: commands.get('tls_cert_file'),
      keyFile: commands.get('tls_key_file'),
      proxy: proxyHost === '' ? '' : `socks5://${proxyHost}:${commands.get('proxy_port') ?? '1080'}`,
      sourceAddress: commands.get('source_ip'),
    },
    { tls, around },
  );
  const deletion = deletionOf(commands.get('keep'));
  return {
    name: accountName(name),
    host,
    port: Number.isInteger(port) && port > 0 ? port : undefined,
    tls,
    user: commands.get('user') ?? '',
    password: passwordOf(commands, host),
    keys: {
      ...line.keys,
      ...authOf(commands.get('auth')),
      ...deliver,
      ...limitKeys({ messageSize: sizeOf(commands.get('skipsize')) }),
      ...timeoutKeys(Number(commands.get('timeout') ?? '')),
      ...caFileOf(commands.get('tls_trust_file'), around),
    },
    deletion,
    remarks: [
      ...deletionRemarks(commands, deletion),
      ...tlsRemark,
      ...line.remarks,
      ...deliverRemark,
      ...otherRemarks(commands),
      ...remarks,
    ],
    disabled: undefined,
  };
}

/** Without `keep`, mpop deletes; since 1.4.23 `keep` may be a length of time. */
function deletionOf(keep: string | undefined): PeerDeletion | undefined {
  if (keep === undefined || keep === 'off') return 'after-delivery';
  if (keep === 'on' || keep === '') return 'never';
  const [, count = '', unit = ''] = /^(\d+)\s*([smhdw])$/.exec(keep) ?? [];
  if (count === '' || Number(count) === 0) return undefined;
  return { after: unit === 'w' ? `${Number(count) * 7}d` : `${count}${unit}` };
}

function deletionRemarks(commands: Commands, deletion: PeerDeletion | undefined): readonly string[] {
  const remarks: string[] = [];
  if (deletion === undefined)
    remarks.push(
      `What mpop means by "keep ${commands.get('keep') ?? ''}" is not known here; say it yourself with "delete".`,
    );
  if (deletion === 'after-delivery')
    remarks.push('mpop deletes on the server what it has fetched, unless told "keep"; so does this account.');
  if (commands.has('killsize'))
    remarks.push('"killsize" deletes large mail unread; Mailferry deletes nothing that was not delivered.');
  return remarks;
}

function tlsOf(commands: Commands, host: string): { tls: PeerAccount['tls']; tlsRemark: readonly string[] } {
  const unchecked = isOn(commands.get('tls_certcheck') ?? 'on')
    ? []
    : [
        'mpop does not check the certificate here ("tls_certcheck off"); Mailferry always does. If it is the server\'s own, name it with "caFile".',
      ];
  if (isOn(commands.get('tls') ?? 'off')) {
    return {
      tls: isOn(commands.get('tls_starttls') ?? 'on') ? 'starttls' : 'implicit',
      tlsRemark: unchecked,
    };
  }
  // `tls_starttls on` alone begins no TLS, but it says what was meant.
  if (isThisMachine(host)) return { tls: 'none', tlsRemark: [] };
  return {
    tls: 'starttls',
    tlsRemark: [
      'mpop goes without TLS here; here it is required. Where the server offers none: tls: none, and allowCleartext: true if everybody on the way may read the password.',
    ],
  };
}

/** A password wins over a command, also an inherited one. */
function passwordOf(commands: Commands, host: string): PeerPassword {
  const plain = commands.get('password');
  if (plain !== undefined && plain !== '') return { from: 'text', value: new Secret(plain) };
  const command = commands.get('passwordeval');
  return command === undefined || command === ''
    ? { from: 'netrc', machines: [host] }
    : { from: 'command', command };
}

/** Mechanisms by the names that mpop has for them. */
const AUTH: ReadonlyMap<string, string> = new Map([
  ['user', 'user-pass'],
  ...[
    'apop',
    'plain',
    'login',
    'cram-md5',
    'scram-sha-1',
    'scram-sha-256',
    'external',
    'xoauth2',
    'oauthbearer',
  ].map((name) => [name, name] as const),
]);

function authOf(written: string | undefined): { readonly auth?: string } {
  const auth = AUTH.get(written ?? '');
  return auth === undefined ? {} : { auth };
}

function deliverOf(
  commands: Commands,
  around: PeerSurroundings,
): { deliver: Readonly<Record<string, unknown>>; deliverRemark: readonly string[] } {
  const [, method = '', argument = ''] = /^(\S+)\s*([^]*)$/.exec(commands.get('delivery') ?? '') ?? [];
  const path = argument.trim().replace(/^"([^]*)"$/, '$1');
  if ((method === 'maildir' || method === 'mbox') && path !== '') {
    return { deliver: { deliver: { type: method, path: peerPath(path, around) } }, deliverRemark: [] };
  }
  const program = method === 'mda' && path !== '' ? mdaOfLine(path, undefined) : undefined;
  if (program !== undefined) return { deliver: { deliver: program }, deliverRemark: [] };
  const how = method === '' ? 'nowhere' : method === 'mda' ? `to the program: ${path}` : `as ${method}`;
  return {
    deliver: {},
    deliverRemark: [`mpop gives the mail ${how}. That has no counterpart; say with "deliver" where it goes.`],
  };
}

/** `20m` and `500k` are MiB and KiB. */
function sizeOf(written: string | undefined): number | string | undefined {
  const [, digits = '', unit = ''] = /^(\d+)\s*([kKmM]?)$/.exec(written ?? '') ?? [];
  if (digits === '' || Number(digits) === 0) return undefined;
  return unit === '' ? Number(digits) : `${digits}${unit.toLowerCase() === 'k' ? 'KiB' : 'MiB'}`;
}

function otherRemarks(commands: Commands): readonly string[] {
  const remarks: string[] = [];
  const auth = commands.get('auth') ?? 'on';
  if (auth !== 'on' && auth !== '' && !AUTH.has(auth))
    remarks.push(`"auth ${auth}" is left out: the best way that the server offers is taken.`);
  if (commands.has('password') && commands.has('passwordeval'))
    remarks.push('There is a "password" besides "passwordeval"; as with mpop, the password is taken.');
  if (!isOn(commands.get('only_new') ?? 'on'))
    remarks.push('"only_new off" is left out: each message is carried once.');
  if (isOn(commands.get('received_header') ?? 'on'))
    remarks.push('mpop adds a Received header; Mailferry adds none.');
  const others = [...commands.keys()].filter((name) => !TRANSLATED.has(name));
  return [...remarks, ...remarksOn(others, { needless: NEEDLESS, remarks: REMARKS })];
}

/** A switch without an argument is on. */
function isOn(value: string): boolean {
  return value === 'on' || value === '';
}
