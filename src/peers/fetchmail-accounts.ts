import { MailError } from '../errors.ts';
import { Secret } from '../secret.ts';
import { DELIVERY_OPTIONS, fetchmailDelivery, peopleOf } from './fetchmail-delivery.ts';
import type { FetchmailOptions, FetchmailRc, FetchmailServer, FetchmailUser } from './fetchmail-rc.ts';
import {
  accountName,
  limitKeys,
  type PeerAccount,
  type PeerPassword,
  remarksOn,
  timeoutKeys,
  withUniqueNames,
  words,
} from './peer.ts';
import { lineOf } from './peer-line.ts';
import { caFileOf, isThisMachine, type PeerSurroundings } from './peer-paths.ts';

/** Options that have no counterpart because nothing needs them here. */
const NEEDLESS = words(
  'uidl fastuidl expunge batchlimit fetchsizelimit dns checkalias forcecr stripcr pass8bits idle forceidle ' +
    'warnings properties tracepolls bad-header retrieve-error folders',
);

const TRANSLATED = words(
  'via protocol service interval timeout auth keep ssl sslproto sslcertfile limit fetchlimit password ' +
    'sslcommonname sslfingerprint sslcert sslkey plugin preconnect postconnect',
);

const REMARKS: Readonly<Record<string, string>> = {
  limitflush:
    '"limitflush" deletes mail larger than "limit" on the server unread; Mailferry leaves it there: it deletes nothing that was not delivered.',
  flush:
    '"flush" deletes on the server what was fetched before, or never; Mailferry deletes only what it has recorded as delivered.',
  fetchall: '"fetchall" is left out: each message is carried once, however often it is listed.',
  rewrite: '"rewrite" is left out: no header is changed.',
  mimedecode: '"mimedecode" is left out: a message is stored as it was received.',
  dropstatus: '"dropstatus" is left out: no header is removed.',
  dropdelivered: '"dropdelivered" is left out: no header is removed.',
  sslcertpath:
    '"sslcertpath" is left out: for a server with a certificate of its own, name one file with "caFile".',
  plugout: '"plugout" is left out.',
  interface: '"interface" is left out.',
  monitor: '"monitor" is left out.',
  principal: '"principal" (Kerberos) is left out.',
  passwordfile: '"passwordfile" is left out; name it with password: { file: … }.',
  passwordfd: '"passwordfd" is left out; use password: { command: … }.',
};

/** Why a protocol of fetchmail cannot be imported. */
const POP3_PROTOCOLS = words('pop3 apop auto sdps');

const PORTS: Readonly<Record<string, number>> = { pop3: 110, 'pop-3': 110, pop3s: 995 };

/** Translates what a fetchmailrc says about accounts. Pure; passwords in netrc files are looked up by others. */
export function translateFetchmail(rc: FetchmailRc, around: PeerSurroundings): readonly PeerAccount[] {
  return withUniqueNames(
    rc.servers.flatMap((server) => server.users.map((user) => translate(server, user, { rc, around }))),
  );
}

/** The settings of fetchmail itself that have no counterpart. */
export function fetchmailGlobals({ globals }: FetchmailRc): readonly string[] {
  const others = [...globals.keys()].filter((name) => name !== 'daemon' && name !== 'idfile');
  return others.length === 0
    ? []
    : [`These settings of fetchmail itself have no counterpart: ${others.join(', ')}.`];
}

function nameless({ name }: FetchmailServer): MailError {
  return new MailError(
    'config',
    `No user is named for ${name}, so that it is whoever runs this, and the system does not know that user.`,
    { hint: 'Name it there: user NAME.' },
  );
}

function translate(
  server: FetchmailServer,
  user: FetchmailUser,
  { rc, around }: { rc: FetchmailRc; around: PeerSurroundings },
): PeerAccount {
  const options = new Map([...server.options, ...user.options]);
  const host = text(options, 'via') ?? server.name;
  const remote = user.remote ?? around.localUser;
  if (remote === undefined) throw nameless(server);
  const protocol = (text(options, 'protocol') ?? 'auto').toLowerCase();
  const { tls, tlsRemark } = tlsOf(options, host);
  const { port, portRemark } = portOf(options);
  const line = lineOf(
    {
      serverName: text(options, 'sslcommonname'),
      fingerprints: [text(options, 'sslfingerprint')].filter((it) => it !== undefined),
      certFile: text(options, 'sslcert'),
      keyFile: text(options, 'sslkey'),
      tunnel: text(options, 'plugin'),
    },
    { tls, around },
  );
  const keys = {
    ...line.keys,
    ...limitKeys({
      messageSize: numberOf(options, 'limit'),
      messagesPerPoll: numberOf(options, 'fetchlimit'),
    }),
    ...authOf(options, protocol),
    ...scheduleOf(options, rc),
    ...timeoutKeys(numberOf(options, 'timeout')),
    ...caFileOf(text(options, 'sslcertfile'), around),
  };
  const commands = commandsOf(options, { host, tls });
  const delivery = fetchmailDelivery(user, { options, around });
  const name = server.users.length > 1 ? `${remote}@${server.name}` : server.name;
  return {
    name: accountName(name),
    host,
    port,
    tls,
    user: remote,
    password: passwordOf(options, [server.name, host]),
    keys: { ...keys, ...commands.keys, ...delivery.keys },
    deletion: options.get('keep') === true ? 'never' : 'after-delivery',
    remarks: [
      ...(options.get('keep') === true ? [] : [DELETING]),
      ...tlsRemark,
      ...portRemark,
      ...line.remarks,
      ...commands.remarks,
      ...delivery.remarks,
      ...authRemarks(options, protocol),
      ...otherRemarks(options),
    ],
    people: peopleOf(user, around),
    disabled: disabledWhy(server, protocol),
  };
}

function disabledWhy({ skip }: FetchmailServer, protocol: string): string | undefined {
  if (!POP3_PROTOCOLS.has(protocol))
    return `fetchmail uses ${protocol.toUpperCase()} here; Mailferry speaks POP3 only.`;
  return skip
    ? 'fetchmail polls this one only when it is named ("skip"). To have it polled, take the marks of a comment away.'
    : undefined;
}

/** Without `ssl`, fetchmail begins TLS by command where the server offers it, and goes without where it does not. */
function tlsOf(
  options: FetchmailOptions,
  host: string,
): { tls: PeerAccount['tls']; tlsRemark: readonly string[] } {
  if (options.get('ssl') === true) return { tls: 'implicit', tlsRemark: certificateRemark(options) };
  const proto = text(options, 'sslproto') ?? '';
  if (proto !== '') return { tls: 'starttls', tlsRemark: certificateRemark(options) };
  if (isThisMachine(host)) return { tls: 'none', tlsRemark: [] };
  if (text(options, 'sslproto') === '') {
    const remark =
      "fetchmail goes without TLS here (sslproto ''), so that everybody on the way can read the password. To accept that, add allowCleartext: true.";
    return { tls: 'none', tlsRemark: [remark] };
  }
  const remark =
    'fetchmail takes TLS where the server offers it; here it is required. Where it offers none: tls: none and allowCleartext: true.';
  return { tls: 'starttls', tlsRemark: [remark, ...certificateRemark(options)] };
}

function certificateRemark(options: FetchmailOptions): readonly string[] {
  if (options.get('sslcertck') !== false) return [];
  return [
    'fetchmail does not check the certificate here ("no sslcertck"); Mailferry always does. If it is the server\'s own, name it with "caFile".',
  ];
}

/** Both go through the shell there, too. */
function commandsOf(
  options: FetchmailOptions,
  { host, tls }: Pick<PeerAccount, 'host' | 'tls'>,
): Pick<PeerAccount, 'remarks'> & { readonly keys: Readonly<Record<string, unknown>> } {
  const preconnect = text(options, 'preconnect') ?? '';
  const postconnect = text(options, 'postconnect') ?? '';
  // What one opens, the other most likely closes; it must not wait for mail to come.
  const closes = preconnect !== '' && postconnect !== '';
  const isTunnelled = preconnect !== '' && tls === 'none' && isThisMachine(host);
  return {
    keys: {
      ...(preconnect === '' ? {} : { preconnect }),
      ...(postconnect === '' || closes ? {} : { afterMail: postconnect }),
    },
    remarks: [
      ...(isTunnelled ? [TUNNELLED] : []),
      ...(closes ? [CLOSING] : postconnect === '' ? [] : [AFTER_MAIL]),
    ],
  };
}

const DELETING =
  'fetchmail deletes on the server what it has fetched, unless told "keep"; so does this account.';
const TUNNELLED =
  '"preconnect" may lead from this machine to another one, and there is no TLS on the way. To accept that, add allowCleartext: true.';
const CLOSING =
  '"postconnect" is left out, as it may close what "preconnect" opens: nothing runs after each connection here. Have the way close by itself (ssh -f … sleep 20), or use "tunnel"; a command for when mail has come is "afterMail".';
const AFTER_MAIL =
  'fetchmail runs "postconnect" after each connection; "afterMail" runs only when mail has come, once for all accounts that name it.';

function portOf(options: FetchmailOptions): { port: number | undefined; portRemark: readonly string[] } {
  const service = options.get('service');
  if (service === undefined || service === false) return { port: undefined, portRemark: [] };
  const port = PORTS[String(service)] ?? Number(service);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return { port, portRemark: [] };
  return {
    port: undefined,
    portRemark: [`The service "${String(service)}" is not known here; write its number as "port".`],
  };
}

function passwordOf(options: FetchmailOptions, machines: readonly string[]): PeerPassword {
  const written = text(options, 'password');
  if (written === undefined) return { from: 'netrc', machines: [...new Set(machines)] };
  return { from: 'text', value: new Secret(written) };
}

function scheduleOf(options: FetchmailOptions, { globals }: FetchmailRc): Readonly<Record<string, unknown>> {
  const daemon = Number(globals.get('daemon') ?? 0);
  const interval = Math.max(1, numberOf(options, 'interval'));
  return daemon > 0 ? { schedule: `every ${seconds(daemon * interval)}` } : {};
}

/** `300` as `5m`. */
function seconds(count: number): string {
  if (count % 3600 === 0) return `${count / 3600}h`;
  return count % 60 === 0 ? `${count / 60}m` : `${count}s`;
}

/** Mechanisms that are called the same here. */
const AUTH: ReadonlySet<string> = words('cram-md5 external xoauth2 oauthbearer');

function authOf(options: FetchmailOptions, protocol: string): { readonly auth?: string } {
  const auth = text(options, 'auth')?.toLowerCase();
  if (protocol === 'apop') return { auth: 'apop' };
  return auth !== undefined && AUTH.has(auth) ? { auth } : {};
}

function authRemarks(options: FetchmailOptions, protocol: string): readonly string[] {
  const auth = text(options, 'auth')?.toLowerCase();
  const remarks: string[] = [];
  if (protocol === 'auto') remarks.push('fetchmail tries several protocols here; this account uses POP3.');
  if (auth !== undefined && auth !== 'any' && auth !== 'password' && !AUTH.has(auth))
    remarks.push(`"auth ${auth}" is left out: the best way that the server offers is taken.`);
  return remarks;
}

function otherRemarks(options: FetchmailOptions): readonly string[] {
  const others = [...options.keys()].filter(
    (name) => !TRANSLATED.has(name) && !DELIVERY_OPTIONS.has(name) && name !== 'sslcertck',
  );
  // What is switched off needs no word, unless nobody needs it.
  const told = others.filter((name) => NEEDLESS.has(name) || options.get(name) !== false);
  return remarksOn(told, { needless: NEEDLESS, remarks: REMARKS });
}

function text(options: FetchmailOptions, name: string): string | undefined {
  const value = options.get(name);
  return typeof value === 'string' ? value : undefined;
}

function numberOf(options: FetchmailOptions, name: string): number {
  return Number(options.get(name) ?? 0);
}
