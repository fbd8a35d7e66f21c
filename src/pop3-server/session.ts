import { asMailError, MailError } from '../errors.ts';
import { newApopTimestamp } from '../pop3/apop.ts';
import type { Runtime } from '../runtime.ts';
import type { ServerMeans } from '../sasl/exchange.ts';
import type { MechanismName } from '../sasl/mechanisms.ts';
import type { WireError } from '../wire/errors.ts';
import { endOfTurn } from '../wire/event-loop.ts';
import { printable, printableLine } from '../wire/text.ts';
import { Authorization } from './authorization.ts';
import type { ClientLine } from './client-line.ts';
import { type Command, parseCommand, shownCommand } from './command.ts';
import { delay } from './delay.ts';
import type { ServerEvent } from './events.ts';
import type { LockedMaildrop, MaildropLocks } from './locked-maildrop.ts';
import type { LoginDelays } from './login-delays.ts';
import type { Maildrop } from './maildrop.ts';
import { type Misbehaviour, SessionCut } from './misbehaviour.ts';
import type { Observer } from './observer.ts';
import { capabilityLines, isCodeOffered, isOffered } from './offer.ts';
import { Patience } from './patience.ts';
import type { Profile } from './profile.ts';
import { Replies } from './replies.ts';
import type { FailedLogins, SessionContext, State } from './state.ts';
import { maildropTrouble } from './trusted-maildrop.ts';
import type { Users } from './users.ts';
import type { WrapTls } from './wrap-tls.ts';

/** What all sessions of a server share. */
export interface SessionSettings {
  readonly users: Users;
  readonly locks: MaildropLocks;
  readonly profile: Profile;
  readonly loginDelays: LoginDelays;
  readonly runtime: Runtime;
  readonly requireTls: boolean;
  readonly maxBadCommands: number;
  readonly failedLogins: FailedLogins;
  /** Undefined where nobody wants to know, so that nothing is made for it. */
  readonly observer: Observer | undefined;
  /** Undefined where there is no certificate. */
  readonly wrapTls: WrapTls | undefined;
}

export interface SessionStart {
  readonly line: ClientLine;
  /** 1 for the first session of the server. */
  readonly number: number;
  readonly misbehaviour: Misbehaviour | undefined;
}

/** Commands of one session answered before all others have their turn. */
const COMMANDS_PER_TURN = 4;

const GREETING: Command = { keyword: 'GREETING', argument: undefined };

/**
 * One session with one client (RFC 1939 §3): greets, reads commands, has the current state answer them, and gives
 * the maildrop back however the session ends.
 */
export class Session {
  readonly #settings: SessionSettings;
  readonly #line: ClientLine;
  readonly #number: number;
  readonly #misbehaviour: Misbehaviour | undefined;
  readonly #hidden: ReadonlySet<string>;
  readonly #replies: Replies;
  readonly #patience: Patience;
  readonly #utf8 = { enabled: false };
  #timestamp: string | undefined;
  #isLeaving = false;
  #maildrop: LockedMaildrop | undefined;

  constructor(settings: SessionSettings, { line, number, misbehaviour }: SessionStart) {
    this.#settings = settings;
    this.#line = line;
    this.#number = number;
    this.#misbehaviour = misbehaviour;
    this.#hidden = new Set([...settings.profile.hidden, ...(misbehaviour?.hidden ?? [])]);
    this.#replies = new Replies({
      send: (octets) => (misbehaviour ?? line).send(octets),
      mayUse: (code) => isCodeOffered(code, this.#hidden),
      onStatus: this.#onStatus,
    });
    this.#patience = new Patience(this.#replies, settings.maxBadCommands);
  }

  /** Resolves when the session is over; never rejects. */
  async run(): Promise<void> {
    const error = await this.#converse().catch((thrown: unknown) => this.#afterEnd(thrown));
    // Only QUIT and a fault that says so get as far as UPDATE (RFC 1939 §6).
    this.#maildrop?.release();
    this.#settings.observer?.tell({ kind: 'closed', session: this.#number, error });
    await this.#line.close();
  }

  /** True once the client has said QUIT: all that is left is UPDATE and its answer. */
  get isLeaving(): boolean {
    return this.#isLeaving;
  }

  /** True once a login has got its maildrop. */
  get isLoggedIn(): boolean {
    return this.#maildrop !== undefined;
  }

  /** Ends the session at once, without UPDATE. */
  end(reason: WireError): void {
    this.#line.end(reason);
  }

  /** Tells of a session that has been ended, but still waits for its maildrop, that nobody waits for it any more. */
  abandon(): void {
    this.#tellOfTrouble(
      new MailError('timeout', 'The maildrop of a session has not answered before the server was closed.', {
        hint: 'Have each of its methods settle, and the iterator of "read" too.',
      }),
    );
  }

  async #converse(): Promise<undefined> {
    this.#tell({ kind: 'opened', session: this.#number, secure: this.#line.tls !== undefined });
    this.#noteTls();
    const { users, runtime, profile } = this.#settings;
    const apop = isOffered('APOP', this.#hidden) && users.haveAny('password') && !this.#mustStartTls;
    this.#timestamp = apop ? newApopTimestamp(runtime) : undefined;
    const greeting = [profile.greeting, this.#timestamp].filter((part) => part !== undefined).join(' ');
    await this.#around(GREETING, () => this.#replies.ok(greeting.trim()));
    let state: State | undefined = new Authorization(this.#context());
    for (let commands = 1; state !== undefined; commands += 1) {
      state = await this.#step(state);
      // Commands that came together must not keep the other sessions waiting.
      if (commands % COMMANDS_PER_TURN === 0) await endOfTurn();
    }
  }

  async #step(state: State): Promise<State | undefined> {
    const line = await this.#line.readLine('waiting for a command');
    if (line === undefined) return this.#patience.refuse('The line is too long.', state);
    if (this.#settings.observer !== undefined)
      this.#tell({ kind: 'command', session: this.#number, line: shownCommand(line) });
    const command = parseCommand(line);
    // A fault may keep the command from being performed; QUIT ends the session even so.
    let next = command.keyword === 'QUIT' ? undefined : state;
    this.#isLeaving = next === undefined;
    await this.#around(command, async () => {
      next = await state.perform(command);
    });
    this.#isLeaving = next === undefined;
    return next;
  }

  #around(command: Command, perform: () => Promise<void>): Promise<void> {
    return this.#misbehaviour === undefined
      ? perform()
      : this.#misbehaviour.around(command, perform, this.#onStatus);
  }

  readonly #onStatus = (line: string): void => {
    if (this.#settings.observer !== undefined)
      this.#tell({ kind: 'reply', session: this.#number, line: printableLine(line, 500) });
  };

  /** What ended the session before its time, as the event tells it. */
  async #afterEnd(thrown: unknown): Promise<MailError | undefined> {
    // What was interrupted when this side ended the session only echoes that.
    if (this.#line.signal.aborted) return asMailError(this.#line.signal.reason);
    if (!(thrown instanceof SessionCut)) return asMailError(thrown);
    if (thrown.commit) await this.#maildrop?.update().catch((error: unknown) => this.#tellOfTrouble(error));
    return undefined;
  }

  /** Raises, and so ends the session, where the observer does. */
  #tell(event: ServerEvent): void {
    const failed = this.#settings.observer?.tell(event);
    if (failed !== undefined) throw failed;
  }

  /** Never raises: the session is over. */
  #tellOfTrouble(error: unknown): void {
    this.#settings.observer?.tell({ kind: 'trouble', session: this.#number, error: maildropTrouble(error) });
  }

  readonly #onTrouble = (error: unknown): void =>
    this.#tell({ kind: 'trouble', session: this.#number, error: maildropTrouble(error) });

  readonly #readResponse = async (): Promise<string | undefined> => {
    const response = await this.#line.readLine('waiting for a SASL response');
    this.#tell({ kind: 'response', session: this.#number });
    return response;
  };

  /** True while a login would show something to whoever listens, and the server must not allow that. */
  get #mustStartTls(): boolean {
    return this.#settings.requireTls && this.#line.tls === undefined;
  }

  get #canStartTls(): boolean {
    return this.#settings.wrapTls !== undefined && this.#line.tls === undefined;
  }

  /** What AUTH takes on this line, for at least one of the users. */
  readonly #mechanisms = (): readonly MechanismName[] => {
    const { users, profile } = this.#settings;
    if (this.#mustStartTls || !isOffered('AUTH', this.#hidden)) return [];
    const means = this.#saslMeans();
    return profile.mechanisms.filter((name) => {
      if (this.#hidden.has(name)) return false;
      if (name === 'EXTERNAL') return means.certifiedUser !== undefined;
      return users.haveAny(name === 'XOAUTH2' || name === 'OAUTHBEARER' ? 'token' : 'password');
    });
  };

  readonly #saslMeans = (): ServerMeans => {
    const { users, runtime } = this.#settings;
    const { verifyPassword, passwordOf, scramKeysOf, verifyToken } = users;
    const certifiedUser = users.certified(this.#line.tls?.names ?? []);
    return { verifyPassword, passwordOf, scramKeysOf, verifyToken, certifiedUser, runtime };
  };

  readonly #capabilities = (when: 'before' | 'after'): readonly string[] =>
    capabilityLines({
      lines: this.#settings.profile.capabilities?.[when] ?? [],
      hidden: this.#hidden,
      stls: when === 'before' && this.#canStartTls,
      login: !this.#mustStartTls,
      mechanisms: this.#mechanisms(),
    });

  #noteTls(): void {
    const { tls } = this.#line;
    if (tls === undefined) return;
    const { protocol, cipher } = tls;
    this.#tell({ kind: 'secured', session: this.#number, protocol, cipher });
  }

  readonly #startTls = async (): Promise<void> => {
    const { wrapTls } = this.#settings;
    if (wrapTls !== undefined) await this.#line.startTls(wrapTls);
    this.#noteTls();
  };

  readonly #openMaildrop = async (maildrop: Maildrop): Promise<LockedMaildrop | undefined> => {
    const listedAs = this.#misbehaviour?.listedAs.bind(this.#misbehaviour);
    this.#maildrop = await this.#settings.locks.open(maildrop, { report: this.#onTrouble, listedAs });
    return this.#maildrop;
  };

  /** What changes in the course of a session is asked for anew each time. */
  #context(): SessionContext {
    const { users, profile, loginDelays, failedLogins } = this.#settings;
    const line = this.#line;
    return {
      replies: this.#replies,
      patience: this.#patience,
      users,
      profile,
      loginDelays,
      hidden: this.#hidden,
      mustStartTls: () => this.#mustStartTls,
      canStartTls: () => this.#canStartTls,
      startTls: this.#startTls,
      capabilities: this.#capabilities,
      mechanisms: this.#mechanisms,
      saslMeans: this.#saslMeans,
      timestamp: this.#timestamp,
      utf8: this.#utf8,
      readResponse: this.#readResponse,
      failedLogins,
      wait: (milliseconds) => delay(milliseconds, line.signal),
      openMaildrop: this.#openMaildrop,
      onTrouble: this.#onTrouble,
      onEntered: (user, by) =>
        this.#tell({ kind: 'entered', session: this.#number, user: printable(user), by }),
    };
  }
}
