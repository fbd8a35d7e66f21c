import { MECHANISMS, type MechanismName } from '../sasl/mechanisms.ts';

/** A fact about a real server: where it comes from, and when it was seen there. */
export interface Sourced {
  readonly fact: string;
  readonly source: string;
  /** `2026-11`, the month. */
  readonly seen: string;
}

/** What a server says where the RFCs leave the words to it; an empty text is a bare `+OK` or `-ERR`. */
export interface Texts {
  /** To USER. */
  readonly named: string;
  /** To a login; `%m` stands for the number of messages, `%o` for their octets. */
  readonly entered: string;
  /** To a login with a wrong name or password. */
  readonly wrongLogin: string;
  /** To a login while another session has the maildrop. */
  readonly inUse: string;
  /** To what is no command. */
  readonly unknown: string;
  /** To a command in the wrong state; `%c` stands for the command. */
  readonly notNow: string;
  /** To a number that no message has, or one that is marked as deleted. */
  readonly noSuchMessage: string;
  /** To DELE. */
  readonly marked: string;
  /** To NOOP. */
  readonly nothingDone: string;
  /** To QUIT. */
  readonly goodbye: string;
}

/** Of a server that says no more than it must. */
export const WORDLESS: Texts = {
  named: '',
  entered: '',
  wrongLogin: '',
  inUse: '',
  unknown: '',
  notNow: '',
  noSuchMessage: '',
  marked: '',
  nothingDone: '',
  goodbye: '',
};

/**
 * How a server of some kind behaves, as data. The words of the RFCs are kept, except for what a fact of `sources` says
 * that this server does otherwise.
 */
export interface Personality {
  /** Which server it is, for people. */
  readonly description: string;
  /** Where each fact comes from. */
  readonly sources: readonly Sourced[];
  /** Without `+OK`, and without the timestamp of APOP, which is put behind it. */
  readonly greeting: string;
  /** True: the greeting has a timestamp, and APOP is there. */
  readonly apop: boolean;
  /** In the order in which they are announced. Each is there only where the line and the users allow it. */
  readonly mechanisms: readonly MechanismName[];
  /** Mechanisms that it has on two lines only: AUTH with an initial response is refused. */
  readonly onTwoLines: readonly MechanismName[];
  /** The lines of CAPA before and after the login; none: the server has no CAPA. `SASL` is filled in. */
  readonly capabilities:
    | { readonly before: readonly string[]; readonly after: readonly string[] }
    | undefined;
  /** Commands that it does not have. */
  readonly without: readonly string[];
  readonly texts: Texts;
  /** True: it closes the connection after one failed login. */
  readonly hangsUp: boolean;
  /** False: two sessions may have one maildrop at the same time. */
  readonly locks: boolean;
  /** `content`: equal messages have the same unique-id. */
  readonly uniqueIds: 'own' | 'content';
  /** What was fetched whole is not listed again, though it stays; and so is what was deleted. */
  readonly popped: Popped | undefined;
}

/** What of a maildrop is listed to whom. */
export interface Popped {
  /** A session lists so many of the oldest messages. */
  readonly listed: number;
  /** A user who logs in under `recent:NAME` is listed everything of so many days. */
  readonly recentDays: number;
}

const CAPABILITIES = [
  'TOP',
  'UIDL',
  'USER',
  'SASL',
  'RESP-CODES',
  'AUTH-RESP-CODE',
  'PIPELINING',
  'STLS',
  'UTF8 USER',
  'LANG',
  'IMPLEMENTATION Mailferry',
];

/** This server as itself. */
export const MAILFERRY: Personality = {
  description: 'Mailferry as itself: the RFCs to the letter',
  sources: [],
  greeting: 'Mailferry POP3 server ready.',
  apop: true,
  mechanisms: Object.keys(MECHANISMS) as MechanismName[],
  onTwoLines: [],
  capabilities: { before: CAPABILITIES, after: CAPABILITIES },
  without: [],
  texts: {
    named: 'Send the password.',
    entered: 'The maildrop has %m messages (%o octets).',
    wrongLogin: 'Wrong user name or password.',
    inUse: 'Another session has this maildrop.',
    unknown: 'Unknown command.',
    notNow: '%c cannot be used now.',
    noSuchMessage: 'There is no such message.',
    marked: 'The message is marked.',
    nothingDone: 'Nothing done.',
    goodbye: 'Goodbye.',
  },
  hangsUp: false,
  locks: true,
  uniqueIds: 'own',
  popped: undefined,
};
