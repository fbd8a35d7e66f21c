import type { FetchmailOptions, FetchmailUser } from './fetchmail-rc.ts';
import { words } from './peer.ts';
import { mdaOfLine } from './peer-mda.ts';
import { isThisMachine, type PeerSurroundings, peerPath } from './peer-paths.ts';

/** What says in a fetchmailrc where mail goes. */
export const DELIVERY_OPTIONS: ReadonlySet<string> = words(
  'mda bsmtp lmtp smtphost smtpaddress smtpname fetchdomains antispam esmtpname esmtppassword envelope localdomains aka qvirtual',
);

/** Options of a delivery over SMTP that there is not here. */
const OF_SMTP = 'fetchdomains antispam esmtpname esmtppassword'.split(' ');

/** What the mail of several people is sorted by. */
const OF_MULTIDROP = 'envelope localdomains aka qvirtual'.split(' ');

const PORTS = { lmtp: 24, smtp: 25 } as const;

/** Ports that have a name; lmtp is not among those of IANA, but is what others say. */
const PORT_NAMES: Readonly<Record<string, number>> = { smtp: 25, lmtp: 24, submission: 587 };

/** What is done with the mail of one user. */
interface FetchmailDelivery {
  /** `deliver`, where there is a counterpart; else that is its owner's to say. */
  readonly keys: Readonly<Record<string, unknown>>;
  readonly remarks: readonly string[];
}

/** What fetchmail does with the mail: a program or a mail server takes it here, too. */
export function fetchmailDelivery(
  user: FetchmailUser,
  { options, around }: { readonly options: FetchmailOptions; readonly around: PeerSurroundings },
): FetchmailDelivery {
  const mda = textOf(options, 'mda');
  const bsmtp = textOf(options, 'bsmtp');
  if (isMultidrop(user, options))
    return multidropOf(user, { options, around }) ?? withoutCounterpart(user, options);
  const [person = ''] = peopleOf(user, around);
  if (mda !== undefined) {
    const deliver = mdaOfLine(mda, person);
    if (deliver === undefined) return withoutCounterpart(user, options);
    return {
      keys: { deliver },
      remarks: [`fetchmail gives the mail to the program: ${mda}`],
    };
  }
  const needsLogin = ['esmtpname', 'esmtppassword'].some((name) => isOn(options, name));
  if (bsmtp !== undefined || person === '' || needsLogin) return withoutCounterpart(user, options);
  return toServer(person, { options, around });
}

/**
 * The mail of several people, where a field names the recipient, and a mail server takes it under that name. There is no counterpart
 * to names that become others on the way.
 */
function multidropOf(
  user: FetchmailUser,
  { options, around }: { readonly options: FetchmailOptions; readonly around: PeerSurroundings },
): FetchmailDelivery | undefined {
  const [field, count] = envelopeOf(options);
  const domains = listOf(options, 'localdomains');
  const isShared = user.locals.length > 1 || user.locals.includes('*');
  const renames = user.locals.some((name) => name.includes('='));
  const isElsewhere = ['mda', 'bsmtp', 'esmtpname', 'esmtppassword', 'smtpname'].some((name) =>
    isOn(options, name),
  );
  if (field === undefined || domains.length === 0 || !isShared || renames || isElsewhere) return undefined;
  const { keys, remarks } = toServer('postmaster', { options, around });
  const { to, ...server } = keys['deliver'] as { readonly to: string };
  const prefix = textOf(options, 'qvirtual');
  const by = {
    header: field,
    // Those that are counted are left out there.
    ...(count === 0 ? {} : { position: count + 1 }),
    ...(prefix === undefined ? {} : { prefix }),
    domains,
    otherwise: to,
  };
  return {
    keys: { deliver: { ...server, to: by } },
    remarks: [
      `fetchmail sorts this mailbox by recipient (multidrop), and so does this account: by ${field} alone, never by To or Cc. The mail server gets the whole address, so see to it that it takes mail for ${domains.join(', ')} as its own, and who "otherwise" is.`,
      ...(isOn(options, 'aka') ? ['"aka" is left out: only "domains" are yours.'] : []),
      ...(user.locals.length > 0 && !user.locals.includes('*')
        ? [`fetchmail serves only ${user.locals.join(', ')}; here the mail server says whom it knows.`]
        : []),
      ...remarks.slice(1),
    ],
  };
}

/** The field of "envelope" and how many above it are left out; none for Received, which is no address. */
function envelopeOf(options: FetchmailOptions): readonly [string | undefined, number] {
  const [, count = '0', name = ''] =
    /^(?:(\d+) +)?([!-9;-~]+?):?$/.exec(String(options.get('envelope') ?? '')) ?? [];
  return [name === '' || /^(?:received|to|cc|false|true)$/i.test(name) ? undefined : name, Number(count)];
}

/** Who gets the mail here: without "is", whoever runs fetchmail. */
export function peopleOf({ locals }: FetchmailUser, { localUser }: PeerSurroundings): readonly string[] {
  return locals.length === 0 ? [localUser ?? ''] : locals.map((name) => name.replace(/^.*=/, ''));
}

/** Without `smtphost`, fetchmail hands mail to the mail server of this machine. */
function toServer(
  person: string,
  { options, around }: { readonly options: FetchmailOptions; readonly around: PeerSurroundings },
): FetchmailDelivery {
  const [written = 'localhost', ...others] = listOf(options, 'smtphost').flatMap((hosts) => hosts.split(','));
  // Whatever else is said, it speaks LMTP to a socket.
  const type = options.get('lmtp') === true || written.startsWith('/') ? 'lmtp' : 'smtp';
  const [host = 'localhost', portName] = written.startsWith('/') ? [] : written.split('/');
  const port = portName === undefined ? undefined : (PORT_NAMES[portName] ?? Number(portName));
  const domain = textOf(options, 'smtpaddress') ?? host;
  const to = textOf(options, 'smtpname') ?? (person.includes('@') ? person : `${person}@${domain}`);
  const at = written.startsWith('/')
    ? { socket: peerPath(written, around) }
    : {
        ...(host === 'localhost' ? {} : { host }),
        ...(port === undefined || Number.isNaN(port) || port === PORTS[type] ? {} : { port }),
      };
  const unmatched = OF_SMTP.filter((name) => isOn(options, name));
  return {
    keys: { deliver: { type, ...at, to } },
    remarks: [
      `fetchmail gives the mail to ${to} over ${type.toUpperCase()}, and so does this account; --deliver stores it instead.`,
      ...(others.length === 0
        ? []
        : [`Of several "smtphost" the first is taken; left out: ${others.join(', ')}.`]),
      ...(Number.isNaN(port)
        ? [`The port that is called ${portName ?? ''} is not known here; write its number as "port".`]
        : []),
      ...(isThisMachine(host) || written.startsWith('/')
        ? []
        : [
            'To another machine it goes with TLS; where there is none, add tls: none and allowCleartext: true there.',
          ]),
      ...(unmatched.length === 0 ? [] : [`These have no counterpart: ${unmatched.join(', ')}.`]),
    ],
  };
}

function withoutCounterpart(user: FetchmailUser, options: FetchmailOptions): FetchmailDelivery {
  const { locals } = user;
  const whom = locals.length > 0 ? ` to ${locals.join(', ')}` : '';
  const mda = textOf(options, 'mda');
  const bsmtp = textOf(options, 'bsmtp');
  const how =
    mda !== undefined
      ? `to the program: ${mda}`
      : bsmtp !== undefined
        ? `as BSMTP into the file ${bsmtp}`
        : `over ${options.get('lmtp') === true ? 'LMTP' : 'SMTP'}${whom}`;
  const ofSmtp = ['smtphost', 'smtpaddress', 'smtpname', ...OF_SMTP].filter((name) => isOn(options, name));
  return {
    keys: {},
    remarks: [
      `fetchmail gives the mail ${how}. That has no counterpart; say with "deliver" where it goes.`,
      ...(ofSmtp.length === 0 ? [] : [`These have none either: ${ofSmtp.join(', ')}.`]),
      ...(isMultidrop(user, options)
        ? [
            'fetchmail sorts this mailbox by recipient (multidrop); Mailferry does not guess recipients, all of it goes to one place.',
          ]
        : []),
    ],
  };
}

function isMultidrop({ locals }: FetchmailUser, options: FetchmailOptions): boolean {
  if (locals.length > 1 || locals.some((name) => name === '*' || name.includes('='))) return true;
  return OF_MULTIDROP.some((name) => isOn(options, name));
}

function isOn(options: FetchmailOptions, name: string): boolean {
  return (options.get(name) ?? false) !== false;
}

function listOf(options: FetchmailOptions, name: string): readonly string[] {
  const value = options.get(name);
  return typeof value === 'string' ? [value] : Array.isArray(value) ? value.map(String) : [];
}

function textOf(options: FetchmailOptions, name: string): string | undefined {
  const value = options.get(name);
  return typeof value === 'string' ? value : undefined;
}
