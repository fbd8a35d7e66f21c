import type { TlsMode } from '../pop3-client/options.ts';

/** What is known of a mail provider. The live server has the last word; this only saves looking things up. */
export interface Provider {
  readonly name: string;
  /** The domains of its mail addresses. */
  readonly domains: readonly string[];
  /** Undefined where it has no POP3. */
  readonly host: string | undefined;
  /** Other names of its POP3 servers, or what all of them end with. */
  readonly alsoHosts?: readonly string[];
  readonly port: number;
  readonly tls: TlsMode;
  /** What has to be done before it lets a program in, and what else differs there. */
  readonly notes: readonly string[];
  /** More frequent polls are refused or frowned upon there; in minutes. */
  readonly minimumMinutes?: number;
  /** When and where this was read. */
  readonly asOf: string;
  readonly source: string;
}

const AUTOCONFIG = 'the autoconfiguration data of Thunderbird, and pages of the provider';
const MARCH = '2026-03';

function provider(row: Pick<Provider, 'name' | 'domains' | 'host' | 'notes'> & Partial<Provider>): Provider {
  return { port: 995, tls: 'implicit', asOf: MARCH, source: AUTOCONFIG, ...row };
}

/** The providers that most people have, newest facts that we could find. */
export const PROVIDERS: readonly Provider[] = [
  provider({
    name: 'Gmail',
    domains: ['gmail.com', 'googlemail.com'],
    host: 'pop.gmail.com',
    alsoHosts: ['pop.googlemail.com'],
    minimumMinutes: 15,
    notes: [
      'Switch POP on in the settings of Gmail, under "Forwarding and POP/IMAP".',
      'The password of your account is refused: make an app password (myaccount.google.com/apppasswords, needs 2-step verification), or log in by OAuth.',
      'A message counts as fetched there as soon as it was downloaded once; what happens to it then is set in Gmail, whatever "delete" says here.',
      'Gmail shows some 250 messages at a time; the next polls get the others.',
    ],
  }),
  provider({
    name: 'Outlook.com',
    domains: [
      'outlook.com',
      'hotmail.com',
      'live.com',
      'msn.com',
      'outlook.de',
      'hotmail.de',
      'outlook.fr',
      'hotmail.fr',
      'hotmail.co.uk',
    ],
    host: 'outlook.office365.com',
    notes: [
      'Switch POP on in the settings of Outlook.com, under "Forwarding and IMAP"; it is off by default.',
      'Passwords are refused since September 2024: log in by OAuth.',
    ],
  }),
  provider({
    name: 'Yahoo Mail',
    domains: [
      'yahoo.com',
      'yahoo.de',
      'yahoo.fr',
      'yahoo.it',
      'yahoo.es',
      'yahoo.co.uk',
      'ymail.com',
      'rocketmail.com',
    ],
    host: 'pop.mail.yahoo.com',
    notes: [
      'The password of your account is refused: make an app password in the security settings of the account.',
    ],
  }),
  provider({
    name: 'AOL Mail',
    domains: ['aol.com', 'aol.de', 'aim.com'],
    host: 'pop.aol.com',
    notes: [
      'The password of your account is refused: make an app password in the security settings of the account.',
    ],
  }),
  provider({
    name: 'GMX',
    domains: ['gmx.de', 'gmx.net', 'gmx.at', 'gmx.ch', 'gmx.li', 'gmx.org'],
    host: 'pop.gmx.net',
    minimumMinutes: 15,
    notes: [
      'Switch POP3 on in the settings of GMX, under "POP3/IMAP"; it is off by default.',
      'With two-factor login, make a password for this program in the security settings.',
    ],
  }),
  provider({
    name: 'GMX (international)',
    domains: ['gmx.com', 'gmx.us', 'gmx.co.uk', 'gmx.fr', 'gmx.es'],
    host: 'pop.gmx.com',
    minimumMinutes: 15,
    notes: ['Switch POP3 on in the settings of GMX, under "POP3 & IMAP"; it is off by default.'],
  }),
  provider({
    name: 'WEB.DE',
    domains: ['web.de', 'email.de'],
    host: 'pop3.web.de',
    minimumMinutes: 15,
    notes: ['Switch POP3 on in the settings of WEB.DE, under "POP3/IMAP"; it is off by default.'],
  }),
  provider({
    name: 'T-Online',
    domains: ['t-online.de', 'magenta.de'],
    host: 'securepop.t-online.de',
    notes: [
      'It may want the password for mail programs, which is set in the customer centre and is not that of the account.',
    ],
  }),
  provider({
    name: 'Zoho Mail',
    domains: ['zoho.com', 'zohomail.com', 'zohomail.eu'],
    host: 'pop.zoho.com',
    notes: [
      'Switch POP on in the settings of Zoho; plans without a fee have no POP. With a domain of your own the server is poppro.zoho.com, and there are regional ones.',
      'With two-factor login, make an app password.',
    ],
  }),
  provider({
    name: 'Fastmail',
    domains: ['fastmail.com', 'fastmail.fm', 'messagingengine.com'],
    host: 'pop.fastmail.com',
    notes: ['The password of your account is refused: make an app password that may use POP.'],
  }),
  provider({
    name: 'iCloud Mail',
    domains: ['icloud.com', 'me.com', 'mac.com'],
    host: undefined,
    notes: ['iCloud has no POP3, only IMAP. Let it forward your mail to a mailbox that has.'],
  }),
  provider({
    name: 'Posteo',
    domains: ['posteo.de', 'posteo.net', 'posteo.org'],
    host: 'posteo.de',
    notes: [],
  }),
  provider({
    name: 'OVH',
    domains: ['ovh.net'],
    host: 'ssl0.ovh.net',
    alsoHosts: ['ovh.net'],
    minimumMinutes: 1,
    notes: ['More than one login a minute is refused.'],
    source: 'the guides of OVH for mail programs',
  }),
  provider({
    name: 'LuxSci',
    domains: [],
    host: 'luxsci.com',
    minimumMinutes: 1,
    notes: ['More than one login a minute is refused.'],
    source: 'the help pages of LuxSci',
  }),
];

/** The provider of a mail address, or of a domain. */
export function providerOfAddress(address: string): Provider | undefined {
  const domain = address.slice(address.lastIndexOf('@') + 1).toLowerCase();
  return PROVIDERS.find(({ domains }) => domains.includes(domain));
}

/** The provider whose POP3 server this is. */
export function providerOfHost(host: string): Provider | undefined {
  const name = host.toLowerCase().replace(/\.$/, '');
  return PROVIDERS.find((it) =>
    [it.host, ...(it.alsoHosts ?? [])].some((end) => end !== undefined && `.${name}`.endsWith(`.${end}`)),
  );
}

/** The shortest time between two logins that the provider of a host is known to want, in milliseconds; 0: none known. */
export function providerMinimumMs(host: string): number {
  return (providerOfHost(host)?.minimumMinutes ?? 0) * 60_000;
}
