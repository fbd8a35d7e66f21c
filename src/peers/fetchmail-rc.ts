import { type FetchmailToken, fetchmailTokens } from './fetchmail-tokens.ts';
import { PeerSyntaxError } from './peer.ts';

export type FetchmailValue = boolean | number | string | readonly string[];
export type FetchmailOptions = ReadonlyMap<string, FetchmailValue>;

/** One user of a server. */
export interface FetchmailUser {
  /** The name to log in with; undefined where none is given. */
  readonly remote: string | undefined;
  /** Who gets the mail here: names, `remote=local` pairs, or `*`. */
  readonly locals: readonly string[];
  readonly options: FetchmailOptions;
}

/** One `poll` or `skip` entry, with the values of `defaults` filled in. */
export interface FetchmailServer {
  readonly name: string;
  /** Whether it is a `skip` entry, which is polled only by name. */
  readonly skip: boolean;
  readonly options: FetchmailOptions;
  readonly users: readonly FetchmailUser[];
  readonly line: number;
}

/** A whole fetchmailrc. */
export interface FetchmailRc {
  /** What `set` statements say. */
  readonly globals: FetchmailOptions;
  readonly servers: readonly FetchmailServer[];
}

type Kind = 'flag' | 'text' | 'number' | 'list' | 'envelope';

const SERVER_OPTIONS = table({
  flag: 'dns uidl checkalias tracepolls',
  text: 'via protocol service auth qvirtual plugin plugout interface monitor principal bad-header retrieve-error',
  number: 'interval timeout',
  list: 'localdomains aka',
  envelope: 'envelope',
});

const USER_OPTIONS = table({
  flag:
    'keep flush limitflush fetchall rewrite forcecr stripcr pass8bits mimedecode dropstatus dropdelivered idle ' +
    'forceidle ssl sslcertck lmtp',
  text:
    'password mda bsmtp smtpaddress smtpname sslproto sslcertpath sslcertfile sslcert sslkey sslfingerprint ' +
    'sslcommonname preconnect postconnect properties esmtpname esmtppassword passwordfile passwordfd',
  number: 'limit warnings fetchlimit fetchsizelimit batchlimit expunge fastuidl',
  list: 'smtphost fetchdomains antispam folders',
});

const SYNONYMS: Readonly<Record<string, string>> = {
  server: 'poll',
  proto: 'protocol',
  port: 'service',
  authenticate: 'auth',
  local: 'localdomains',
  'bad-header': 'bad-header',
  badheader: 'bad-header',
  username: 'user',
  pass: 'password',
  smtp: 'smtphost',
  pre: 'preconnect',
  post: 'postconnect',
  folder: 'folders',
};

const ENTRY_STARTS: ReadonlySet<string> = new Set(['poll', 'skip', 'defaults', 'set']);
const USER_STARTS: ReadonlySet<string> = new Set(['user', 'is', 'to']);
const GLOBAL_FLAGS: ReadonlySet<string> = new Set([
  'syslog',
  'bouncemail',
  'spambounce',
  'softbounce',
  'invisible',
  'showdots',
]);

function table(names: Readonly<Partial<Record<Kind, string>>>): ReadonlyMap<string, Kind> {
  return new Map(
    Object.entries(names).flatMap(([kind, list]) => list.split(' ').map((name) => [name, kind as Kind])),
  );
}

/** Reads a fetchmailrc by the grammar of fetchmail 6. Raises `PeerSyntaxError`. */
export function parseFetchmailRc(text: string): FetchmailRc {
  return new Parser(fetchmailTokens(text)).file();
}

interface UserDraft {
  remote: string | undefined;
  locals: string[];
  options: Map<string, FetchmailValue>;
}

const NOBODY: FetchmailUser = { remote: undefined, locals: [], options: new Map() };

class Parser {
  readonly #tokens: readonly FetchmailToken[];
  #at = 0;
  #serverDefaults: FetchmailOptions = new Map();
  #userDefaults: FetchmailUser = NOBODY;

  constructor(tokens: readonly FetchmailToken[]) {
    this.#tokens = tokens;
  }

  file(): FetchmailRc {
    const globals = new Map<string, FetchmailValue>();
    const servers: FetchmailServer[] = [];
    for (let token = this.#next(); token !== undefined; token = this.#next()) {
      const word = keywordOf(token);
      if (word === 'set') this.#global(globals);
      else if (word === 'defaults') this.#defaults();
      else if (word === 'poll' || word === 'skip') servers.push(this.#server(word === 'skip', token.line));
      else
        throw new PeerSyntaxError(
          token.line,
          `"${token.text}" cannot begin an entry; poll, skip, defaults or set is expected`,
        );
    }
    return { globals, servers };
  }

  #global(globals: Map<string, FetchmailValue>): void {
    const { no, name, line } = this.#option();
    if (GLOBAL_FLAGS.has(name)) {
      globals.set(name, !no);
      return;
    }
    if (this.#peek()?.text === '=' && this.#peek()?.quoted === false) this.#next();
    globals.set(name, this.#text(line));
  }

  #defaults(): void {
    const { options, users } = this.#body(new Map(), NOBODY);
    this.#serverDefaults = options;
    this.#userDefaults = users[0] ?? this.#userDefaults;
  }

  #server(skip: boolean, line: number): FetchmailServer {
    const name = this.#text(line);
    const { options, users } = this.#body(this.#serverDefaults, this.#userDefaults);
    return { name, skip, options, users: users.length > 0 ? users : [this.#userDefaults], line };
  }

  /** What follows the name of an entry: options of the server, then its users. */
  #body(
    serverDefaults: FetchmailOptions,
    userDefaults: FetchmailUser,
  ): Pick<FetchmailServer, 'options' | 'users'> {
    const options = new Map(serverDefaults);
    const users: UserDraft[] = [];
    const begin = (): UserDraft => {
      const user = {
        remote: userDefaults.remote,
        locals: [...userDefaults.locals],
        options: new Map(userDefaults.options),
      };
      users.push(user);
      return user;
    };
    for (let token = this.#peek(); token !== undefined; token = this.#peek()) {
      const word = keywordOf(token);
      if (word !== undefined && ENTRY_STARTS.has(word)) break;
      const { no, name, line } = this.#option();
      const ofServer = SERVER_OPTIONS.get(name);
      if (ofServer !== undefined) {
        if (users.length > 0)
          throw new PeerSyntaxError(line, `the server option "${name}" stands behind a user`);
        options.set(name, this.#value(ofServer, no, line));
      } else if (USER_STARTS.has(name)) {
        this.#who(name, { begin, current: () => users.at(-1) ?? begin(), line });
      } else {
        const kind = USER_OPTIONS.get(name);
        if (kind === undefined) throw new PeerSyntaxError(line, `unknown option "${token.text}"`);
        const user = users.at(-1) ?? begin();
        user.options.set(name, this.#value(kind, no, line));
      }
    }
    return { options, users };
  }

  /** `user REMOTE [there]`, `user LOCAL… here`, `is LOCAL… [here]`, `is REMOTE there`, `to …`. */
  #who(
    word: string,
    { begin, current, line }: { begin: () => UserDraft; current: () => UserDraft; line: number },
  ): void {
    const second = this.#at + 1;
    const names = this.#map(line);
    const more = this.#tokens.slice(second, this.#at)[0];
    const side = this.#side();
    if (word === 'user' && more !== undefined && side !== 'here')
      throw new PeerSyntaxError(
        more.line,
        `unknown option "${more.text}"; names of people here need "here" behind them`,
      );
    if (word !== 'user') {
      if (side === 'there') current().remote = names[0];
      else current().locals = names;
      return;
    }
    const user = begin();
    if (side === 'here') user.locals = names;
    else user.remote = names[0];
  }

  #side(): 'here' | 'there' | undefined {
    const token = this.#peek();
    if (token === undefined || token.quoted || (token.text !== 'here' && token.text !== 'there'))
      return undefined;
    this.#next();
    return token.text;
  }

  /** Names, pairs `remote = local`, and `*`. The first is a text whatever it looks like. */
  #map(line: number): string[] {
    const names = [this.#text(line)];
    for (;;) {
      const token = this.#peek();
      if (token === undefined) return names;
      if (!token.quoted && token.text === '=') {
        this.#next();
        names.push(`${names.pop() ?? ''}=${this.#text(line)}`);
      } else if (token.quoted || isFree(token.text)) {
        names.push(this.#text(line));
      } else {
        return names;
      }
    }
  }

  #value(kind: Kind, no: boolean, line: number): FetchmailValue {
    if (kind === 'flag') return !no;
    if (no) return false;
    switch (kind) {
      case 'number': {
        const text = this.#text(line);
        if (!/^-?\d+$/.test(text)) throw new PeerSyntaxError(line, `"${text}" is not a number`);
        return Number(text);
      }
      case 'list': {
        const list = [this.#text(line)];
        for (let token = this.#peek(); token !== undefined; token = this.#peek()) {
          if (!token.quoted && !isFree(token.text)) break;
          list.push(this.#text(line));
        }
        return list;
      }
      case 'envelope': {
        const first = this.#text(line);
        const more = this.#peek();
        return /^\d+$/.test(first) && more !== undefined && (more.quoted || isFree(more.text))
          ? `${first} ${this.#text(line)}`
          : first;
      }
      case 'text':
        return this.#text(line);
    }
    return false;
  }

  /** The name of an option, by its main name, and whether `no` stands before it or is glued to it. */
  #option(): { no: boolean; name: string; line: number } {
    const token = this.#next();
    if (token === undefined)
      throw new PeerSyntaxError(this.#tokens.at(-1)?.line ?? 1, 'the file ends too early');
    if (token.text === 'no' && !token.quoted) {
      const { name, line } = this.#option();
      return { no: true, name, line };
    }
    if (token.quoted)
      throw new PeerSyntaxError(token.line, `an option is expected, not the text "${token.text}"`);
    const name = SYNONYMS[token.text] ?? token.text;
    const rest = SYNONYMS[name.slice(2)] ?? name.slice(2);
    const glued =
      name.startsWith('no') && (SERVER_OPTIONS.has(rest) || USER_OPTIONS.has(rest) || GLOBAL_FLAGS.has(rest));
    return glued ? { no: true, name: rest, line: token.line } : { no: false, name, line: token.line };
  }

  #text(line: number): string {
    const token = this.#next();
    if (token === undefined) throw new PeerSyntaxError(line, 'the file ends where a value is expected');
    return token.text;
  }

  #peek(): FetchmailToken | undefined {
    return this.#tokens[this.#at];
  }

  #next(): FetchmailToken | undefined {
    const token = this.#tokens[this.#at];
    this.#at += 1;
    return token;
  }
}

function keywordOf({ text, quoted }: FetchmailToken): string | undefined {
  return quoted ? undefined : (SYNONYMS[text] ?? text);
}

/** Whether an unquoted word is a text, and no keyword. */
function isFree(word: string): boolean {
  const name = SYNONYMS[word] ?? word;
  const rest = name.slice(2);
  const known = (it: string): boolean => SERVER_OPTIONS.has(it) || USER_OPTIONS.has(it);
  return !(
    known(name) ||
    (name.startsWith('no') && known(SYNONYMS[rest] ?? rest)) ||
    ENTRY_STARTS.has(name) ||
    USER_STARTS.has(name) ||
    ['no', 'here', 'there', '='].includes(name)
  );
}
