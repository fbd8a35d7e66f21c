import { Secret } from '../secret.ts';
import type { GetmailRc } from './getmail-rc.ts';
import {
  accountName,
  limitKeys,
  type PeerAccount,
  type PeerDeletion,
  type PeerPassword,
  remarksOn,
  timeoutKeys,
  words,
} from './peer.ts';
import { lineOf, type TranslatedLine } from './peer-line.ts';
import { mdaOfArguments, type PeerMda } from './peer-mda.ts';
import { caFileOf, isElsewhere, isThisMachine, type PeerSurroundings, peerPath } from './peer-paths.ts';
import { readPythonLiteral } from './python-literal.ts';

type Section = ReadonlyMap<string, string>;

const NONE: Section = new Map();

const TRANSLATED = words(
  'type server port username password password_command timeout ca_certs use_netrc netrc_file use_apop use_xoauth2 ssl_fingerprints ssl_cert_hostname keyfile certfile delete delete_after max_message_size ' +
    'max_messages_per_session max_bytes_per_session read_all',
);

const REMARKS: Readonly<Record<string, string>> = {
  ssl_version: '"ssl_version" is left out: TLS 1.2 or newer is used.',
  ssl_ciphers: '"ssl_ciphers" is left out.',
  envelope_recipient:
    '"envelope_recipient" is left out: mail is sorted by recipient only where a mail server takes it (MDA_lmtp with "fallback").',
  delete_dup_msgids: '"delete_dup_msgids" is left out: nothing is deleted that was not delivered.',
  delete_bigger_than: '"delete_bigger_than" is left out: one policy holds for messages of any size.',
  message_log: '"message_log" is left out: "mailferry history" tells what was carried.',
  message_log_syslog: '"message_log_syslog" is left out.',
  message_log_verbose: '"message_log_verbose" is left out.',
};

/** Keys that change nothing for Mailferry; `delivered_to` and `received` are told apart by their value. */
const NEEDLESS = words(
  'verbose to_oldmail_on_each_mail only_oldmail_file mark_read fingerprint logfile skip_imap_fetch_size',
);

/** What the netrc file says that a getmailrc asks for. */
export interface NetrcLogin {
  readonly path: string;
  readonly login: string;
}

/** The netrc file that getmail is told to take the login from, and for which machine; undefined when it is not. */
export function getmailNetrc(rc: GetmailRc): { readonly file: string; readonly machine: string } | undefined {
  const options = rc.get('options') ?? NONE;
  if (booleanOf(options.get('use_netrc') ?? 'false') !== true) return undefined;
  return {
    file: textOf(options.get('netrc_file')) ?? '~/.netrc',
    machine: textOf(rc.get('retriever')?.get('server')) ?? '',
  };
}

/** Whether getmail remembers what it fetched by unique-ids: `BrokenUIDL…` goes by message numbers. */
export function hasGetmailMemory(rc: GetmailRc): boolean {
  return textOf(rc.get('retriever')?.get('type'))?.startsWith('BrokenUIDL') !== true;
}

/** Translates one getmailrc, which is one account; a login in a netrc file wins over one in the getmailrc. Pure. */
export function translateGetmail(
  rc: GetmailRc,
  { name, around, netrc }: { name: string; around: PeerSurroundings; netrc?: NetrcLogin | undefined },
): PeerAccount {
  const retriever = rc.get('retriever') ?? NONE;
  const options = rc.get('options') ?? NONE;
  const type = textOf(retriever.get('type')) ?? '';
  const host = textOf(retriever.get('server')) ?? '';
  const user = netrc?.login ?? textOf(retriever.get('username')) ?? '';
  const port = numberOf(retriever.get('port'));
  const destination = destinationOf(rc, around);
  const isSorted = destination.deliver.some((one) => 'to' in one && typeof one.to !== 'string');
  const { tls, tlsRemark } = tlsOf(retriever, { type, host });
  const line = lineOfRetriever(retriever, { tls, around });
  const deletion = deletionOf(options);
  const deliver = destination.deliver.length === 1 ? destination.deliver[0] : destination.deliver;
  return {
    name: accountName(name),
    host,
    port,
    tls,
    user,
    password:
      netrc === undefined
        ? passwordOf(retriever, host)
        : { from: 'netrc', machines: [host], path: netrc.path },
    keys: {
      ...line.keys,
      ...authOf(retriever),
      ...(destination.deliver.length === 0 ? {} : { deliver }),
      ...limitsOf(options),
      ...timeoutKeys(numberOf(retriever.get('timeout')) ?? 0),
      ...caFileOf(textOf(retriever.get('ca_certs')), around),
    },
    deletion,
    remarks: [
      ...(deletion === undefined
        ? [
            'What getmail does with "delete" and "delete_after" cannot be told; say it yourself with "delete".',
          ]
        : []),
      ...tlsRemark,
      ...line.remarks,
      ...destination.remarks,
      ...(isSorted ? [BY_FIELD] : typeRemarks(type)),
      ...optionRemarks(isSorted ? withoutEnvelope(retriever) : retriever, options),
      ...[...rc.keys()]
        .filter((section) => section.startsWith('filter'))
        .map((section) => `[${section}] is left out: messages are not filtered.`),
    ],
    disabled: /POP3|SDPS/.test(type)
      ? undefined
      : `getmail uses ${type || 'no known protocol'} here; Mailferry speaks POP3 only.`,
  };
}

function lineOfRetriever(
  retriever: Section,
  how: { tls: PeerAccount['tls']; around: PeerSurroundings },
): TranslatedLine {
  const fingerprints = readPythonLiteral(retriever.get('ssl_fingerprints') ?? '()');
  return lineOf(
    {
      serverName: retriever.get('ssl_cert_hostname'),
      fingerprints: (Array.isArray(fingerprints) ? fingerprints : [fingerprints]).map(String),
      certFile: retriever.get('certfile'),
      keyFile: retriever.get('keyfile'),
    },
    how,
  );
}

function tlsOf(
  retriever: Section,
  { type, host }: { type: string; host: string },
): { tls: PeerAccount['tls']; tlsRemark: readonly string[] } {
  if (type.includes('SSL')) {
    const checked = textOf(retriever.get('ca_certs')) !== undefined;
    return { tls: 'implicit', tlsRemark: checked ? [] : [UNCHECKED] };
  }
  if (isThisMachine(host)) return { tls: 'none', tlsRemark: [] };
  return {
    tls: 'starttls',
    tlsRemark: [
      'getmail goes without TLS here, so that everybody on the way can read the password; here it is required. Where the server offers none: tls: none and allowCleartext: true.',
    ],
  };
}

const UNCHECKED =
  'getmail does not check the certificate here (no "ca_certs"); Mailferry always does. If it is the server\'s own, name it with "caFile".';

function passwordOf(retriever: Section, host: string): PeerPassword | undefined {
  const plain = retriever.get('password');
  if (plain !== undefined && plain !== '') return { from: 'text', value: new Secret(plain) };
  const command = readPythonLiteral(retriever.get('password_command') ?? '');
  if (Array.isArray(command) && command.length > 0) return { from: 'command', command: command.map(String) };
  if (typeof command === 'string') return { from: 'command', command: [command] };
  return { from: 'netrc', machines: [host] };
}

function authOf(retriever: Section): { readonly auth?: string } {
  const isOn = (key: string): boolean => booleanOf(retriever.get(key) ?? 'false') === true;
  if (isOn('use_xoauth2')) return { auth: 'xoauth2' };
  return isOn('use_apop') ? { auth: 'apop' } : {};
}

/** getmail counts days from when it saw a message first; without either option it deletes nothing. */
function deletionOf(options: Section): PeerDeletion | undefined {
  const remove = booleanOf(options.get('delete') ?? 'false');
  const days = numberOf(options.get('delete_after') ?? '0');
  if (remove === undefined || days === undefined) return undefined;
  if (remove) return 'after-delivery';
  return days > 0 ? { after: `${days}d` } : 'never';
}

function limitsOf(options: Section): Readonly<Record<string, unknown>> {
  return limitKeys({
    messageSize: numberOf(options.get('max_message_size')),
    messagesPerPoll: numberOf(options.get('max_messages_per_session')),
    bytesPerPoll: numberOf(options.get('max_bytes_per_session')),
  });
}

/** A mail server as our configuration writes it. */
type PeerServer = Readonly<Record<string, unknown>> & { readonly type: 'lmtp'; readonly to: unknown };

interface Destinations {
  readonly deliver: readonly (
    | PeerMda
    | PeerServer
    | { readonly type: 'maildir' | 'mbox'; readonly path: string }
  )[];
  readonly remarks: readonly string[];
}

function destinationOf(
  rc: GetmailRc,
  around: PeerSurroundings,
  section = 'destination',
  depth = 0,
): Destinations {
  const keys = rc.get(section) ?? NONE;
  const type = textOf(keys.get('type')) ?? '';
  const path = textOf(keys.get('path'));
  if (path !== undefined && (type === 'Maildir' || type === 'Mboxrd') && isElsewhere(path)) {
    return { deliver: [], remarks: [elsewhere(path)] };
  }
  if (type === 'Maildir' && path !== undefined) {
    return {
      deliver: [{ type: 'maildir', path: peerPath(path, around) }],
      remarks: unusedKeys(keys, section, ['user', 'filemode']),
    };
  }
  if (type === 'Mboxrd' && path !== undefined) {
    return {
      deliver: [{ type: 'mbox', path: peerPath(path, around) }],
      remarks: unusedKeys(keys, section, ['user', 'locktype']),
    };
  }
  const program = type === 'MDA_external' && path !== undefined ? externalOf(path, keys) : undefined;
  if (program !== undefined) {
    return {
      deliver: [program],
      remarks: unusedKeys(keys, section, MDA_KEYS),
    };
  }
  const server = type === 'MDA_lmtp' ? lmtpOf(keys, { rc, around }) : undefined;
  if (server !== undefined) return { deliver: [server], remarks: [] };
  if (type === 'MultiDestination' && depth < 8) {
    const named = readPythonLiteral(keys.get('destinations') ?? '');
    const parts = (Array.isArray(named) ? named : [named]).map((part) =>
      partOf(String(part), { rc, around, depth }),
    );
    const deliver = parts.flatMap((part) => part.deliver);
    const whole = parts.every((part) => part.deliver.length > 0);
    return { deliver: whole ? deliver : [], remarks: parts.flatMap((part) => part.remarks) };
  }
  return {
    deliver: [],
    remarks: [
      `getmail delivers with ${type || 'nothing known'} here${type === 'MDA_lmtp' ? ', to whom its envelope says' : ''}. That has no counterpart; say with "deliver" where it goes.`,
    ],
  };
}

const BY_FIELD =
  'getmail sorts this mailbox by recipient (multidrop), and so does this account: by "envelope_recipient". Only recipients in the domain of "otherwise" count as yours; name others with "domains".';

/** Who gets the mail, by a field that is named, where somebody in a domain gets what says nobody. */
function byField(rc: GetmailRc, otherwise: string): unknown {
  const retriever = rc.get('retriever') ?? NONE;
  const isMultidrop = textOf(retriever.get('type'))?.startsWith('MultidropPOP3') === true;
  const named = /^([!-9;-~]+)(?::([1-9]\d*))?$/.exec(retriever.get('envelope_recipient')?.trim() ?? '');
  const [, header = '', position = '1'] = named ?? [];
  if (!isMultidrop || header === '' || !otherwise.includes('@')) return undefined;
  return { header, ...(position === '1' ? {} : { position: Number(position) }), otherwise };
}

function withoutEnvelope(retriever: Section): Section {
  return new Map([...retriever].filter(([key]) => key !== 'envelope_recipient'));
}

/** Without an envelope, getmail gives all mail to `override`, or else to `fallback`. A host that is a path is a socket. */
function lmtpOf(
  keys: Section,
  { rc, around }: { readonly rc: GetmailRc; readonly around: PeerSurroundings },
): PeerServer | undefined {
  const override = textOf(keys.get('override'));
  const fallback = textOf(keys.get('fallback'));
  const to = override ?? (fallback === undefined ? undefined : (byField(rc, fallback) ?? fallback));
  if (to === undefined) return undefined;
  const host = textOf(keys.get('host')) ?? '127.0.0.1';
  const port = numberOf(keys.get('port'));
  if (host.startsWith('/')) return { type: 'lmtp', socket: peerPath(host, around), to };
  return { type: 'lmtp', host, ...(port === undefined ? {} : { port }), to };
}

/** What a program is run with by getmail alone. */
const MDA_KEYS = ['user', 'group', 'unixfrom', 'allow_root_commands', 'ignore_stderr', 'pipe_stdout'];

function externalOf(path: string, keys: Section): PeerMda | undefined {
  if (isElsewhere(path)) return undefined;
  const named = readPythonLiteral(keys.get('arguments') ?? '()');
  return named === undefined
    ? undefined
    : mdaOfArguments(path, (Array.isArray(named) ? named : [named]).map(String));
}

/** A destination in short: the name of a section in brackets, or a path that ends in a slash for a Maildir. */
function partOf(
  written: string,
  { rc, around, depth }: { rc: GetmailRc; around: PeerSurroundings; depth: number },
): Destinations {
  const [, section] = /^\[([^\]]+)\]$/.exec(written.trim()) ?? [];
  if (section !== undefined) return destinationOf(rc, around, section, depth + 1);
  if (isElsewhere(written)) return { deliver: [], remarks: [elsewhere(written)] };
  const type = written.endsWith('/') ? 'maildir' : 'mbox';
  return { deliver: [{ type, path: peerPath(written, around) }], remarks: [] };
}

function elsewhere(path: string): string {
  return `getmail stores mail in ${path}; which folder that is, only you can tell: write it out with "deliver".`;
}

function unusedKeys(keys: Section, section: string, names: readonly string[]): readonly string[] {
  return names.filter((name) => keys.has(name)).map((name) => `"${name}" of [${section}] is left out.`);
}

function typeRemarks(type: string): readonly string[] {
  if (type.startsWith('BrokenUIDL')) {
    return [
      'getmail does not go by unique-ids here, so that what it remembers cannot be taken over. "mailferry adopt ACCOUNT" counts all that is listed as carried.',
    ];
  }
  if (!type.startsWith('Multidrop')) return [];
  return [
    'getmail sorts this mailbox by recipient (multidrop); Mailferry does not guess recipients, all of it goes to one place.',
  ];
}

function optionRemarks(retriever: Section, options: Section): readonly string[] {
  const remarks: string[] = [];
  if (
    booleanOf(options.get('read_all') ?? 'true') === true &&
    booleanOf(options.get('delete') ?? 'false') === false
  ) {
    remarks.push(
      'getmail reads all mail again at each run ("read_all"); Mailferry carries each message once.',
    );
  }
  const headers = ['delivered_to', 'received'].filter(
    (name) => booleanOf(options.get(name) ?? 'true') === true,
  );
  if (headers.length > 0) remarks.push(`getmail adds headers (${headers.join(', ')}); Mailferry adds none.`);
  const others = [...retriever.keys(), ...options.keys()].filter(
    (key) => !TRANSLATED.has(key) && key !== 'delivered_to' && key !== 'received',
  );
  return [...remarks, ...remarksOn(others, { needless: NEEDLESS, remarks: REMARKS })];
}

/** getmail reads values of a retriever as Python, where `#` begins a comment. */
function withoutComment(value: string): string {
  return value.replace(/#.*$/, '').trim();
}

/** An empty value is none. */
function textOf(value: string | undefined): string | undefined {
  return value === undefined || value === '' ? undefined : value;
}

function numberOf(value: string | undefined): number | undefined {
  return value !== undefined && /^[-+]?\d+$/.test(withoutComment(value))
    ? Number(withoutComment(value))
    : undefined;
}

function booleanOf(value: string): boolean | undefined {
  if (/^(?:true|yes|on|1)$/i.test(value)) return true;
  return /^(?:false|no|off|0)$/i.test(value) ? false : undefined;
}
