import { textOf } from '../sasl/exchange.ts';
import { MECHANISMS, type MechanismName, mechanismNamed } from '../sasl/mechanisms.ts';
import type { Command } from './command.ts';
import { changeLanguage } from './language.ts';
import type { LockedMaildrop } from './locked-maildrop.ts';
import { type CommandRules, performByRules } from './perform-command.ts';
import { linesAsBlocks } from './replies.ts';
import { type SaslOutcome, saslLogin } from './sasl-login.ts';
import type { CommandRule, SessionContext, State } from './state.ts';
import { Transaction } from './transaction.ts';
import { UnfitListing } from './trusted-maildrop.ts';

/** The AUTHORIZATION state (RFC 1939 §4), from the greeting to a login that succeeds. */
export class Authorization implements State {
  readonly #context: SessionContext;
  #user: string | undefined;
  /** The name that the command before this one gave. */
  #named: string | undefined;
  #failures = 0;

  constructor(context: SessionContext) {
    this.#context = context;
  }

  perform(command: Command): Promise<State | undefined> {
    // PASS counts only right after USER (RFC 1939 §7).
    this.#named = this.#user;
    this.#user = undefined;
    return performByRules(this.#rules, command, { context: this.#context, state: this });
  }

  readonly #rules: CommandRules = new Map<string, CommandRule>([
    ['CAPA', { takes: [0, 0], perform: () => this.#listCapabilities() }],
    ['STLS', { takes: [0, 0], perform: () => this.#startTls() }],
    ['UTF8', { takes: [0, 0], perform: () => this.#useUtf8() }],
    ['LANG', { takes: [0, 1], perform: (_, [tag]) => changeLanguage(tag, this.#context, this) }],
    ['USER', { perform: ({ argument }) => this.#nameUser(argument) }],
    ['PASS', { perform: ({ argument }) => this.#givePassword(argument) }],
    ['APOP', { takes: [2, 2], perform: (_, [user, digest]) => this.#giveDigest(user, digest) }],
    ['AUTH', { takes: [0, 2], perform: (_, args) => this.#authenticate(args) }],
    ['QUIT', { takes: [0, 0], perform: () => this.#quit() }],
  ]);

  /** RFC 2449 §5. */
  async #listCapabilities(): Promise<State> {
    await this.#context.replies.multiline(
      'Capabilities follow.',
      linesAsBlocks(this.#context.capabilities('before')),
    );
    return this;
  }

  /** RFC 2595 §4. What was said before counts no more. After UTF8 it is too late (RFC 6856 §2.1). */
  async #startTls(): Promise<State | undefined> {
    if (!this.#context.canStartTls()) return this.#refuse('TLS cannot be started here.');
    if (this.#context.utf8.enabled) return this.#refuse('STLS cannot follow UTF8.');
    await this.#context.replies.ok('Begin TLS now.');
    await this.#context.startTls();
    return new Authorization(this.#context);
  }

  /** RFC 6856 §2.1. */
  async #useUtf8(): Promise<State> {
    this.#context.utf8.enabled = true;
    await this.#context.replies.ok('UTF-8 it is.');
    return this;
  }

  /** RFC 1939 §7; always accepted, so as not to tell who exists. */
  async #nameUser(argument: string | undefined): Promise<State | undefined> {
    if (this.#context.mustStartTls()) return this.#refuse('Start TLS first, with STLS.');
    if (argument === undefined || argument === '') return this.#refuse('USER needs a name.');
    this.#user = argument;
    await this.#context.replies.ok(this.#context.profile.texts.named);
    return this;
  }

  /** RFC 1939 §7; the password is all that follows, spaces included. */
  async #givePassword(argument: string | undefined): Promise<State | undefined> {
    if (this.#context.mustStartTls()) return this.#refuse('Start TLS first, with STLS.');
    if (this.#named === undefined) return this.#refuse('Send USER first.');
    if (argument === undefined) return this.#refuse('PASS needs a password.');
    const user = textFrom(this.#named);
    const password = textFrom(argument);
    const right =
      user !== undefined &&
      password !== undefined &&
      (await this.#context.users.verifyPassword(user, password));
    return right ? this.#enter(user, 'USER') : this.#failLogin();
  }

  /** RFC 1939 §7. */
  async #giveDigest(name: string | undefined, digest: string | undefined): Promise<State | undefined> {
    const { timestamp, users, mustStartTls } = this.#context;
    if (mustStartTls()) return this.#refuse('Start TLS first, with STLS.');
    if (timestamp === undefined) return this.#refuse('The greeting had no timestamp.');
    const user = textFrom(name ?? '');
    const right = user !== undefined && (await users.verifyApop(timestamp, user, digest ?? ''));
    return right ? this.#enter(user, 'APOP') : this.#failLogin();
  }

  /** RFC 5034 §4. */
  async #authenticate([name, initialResponse]: readonly string[]): Promise<State | undefined> {
    const { mustStartTls, mechanisms, saslMeans, replies, readResponse, profile } = this.#context;
    if (mustStartTls()) return this.#refuse('Start TLS first, with STLS.');
    if (name === undefined) {
      await replies.multiline('Mechanisms follow.', linesAsBlocks(mechanisms()));
      return this;
    }
    const mechanism = mechanismNamed(name);
    if (mechanism === undefined || !mechanisms().includes(mechanism))
      return this.#refuse('Unknown mechanism.');
    if (initialResponse !== undefined && profile.onTwoLines.includes(mechanism))
      return this.#refuse('Command is not valid in this state.');
    const outcome = await saslLogin(MECHANISMS[mechanism].server(saslMeans()), initialResponse, {
      challenge: (octets) => replies.challenge(octets),
      readResponse,
    });
    return this.#conclude(outcome, mechanism);
  }

  #conclude(outcome: SaslOutcome, mechanism: MechanismName): Promise<State | undefined> {
    if (outcome.kind === 'success') return this.#enter(outcome.user, mechanism);
    return outcome.kind === 'wrong' ? this.#failLogin() : this.#refuse(outcome.why);
  }

  async #failLogin(): Promise<State | undefined> {
    const { replies, failedLogins, wait, profile } = this.#context;
    this.#failures += 1;
    if (failedLogins.delayMs > 0) await wait(failedLogins.delayMs);
    await replies.error(profile.texts.wrongLogin, 'AUTH');
    return this.#failures < failedLogins.most && !profile.hangsUp ? this : undefined;
  }

  /** The lock is taken with the login, and the login fails without it (RFC 1939 §4). */
  async #enter(user: string, by: string): Promise<State | undefined> {
    const { replies, users, openMaildrop, onTrouble, onEntered, loginDelays, profile } = this.#context;
    const account = await users.accountOf(user);
    if (account === undefined) return this.#failLogin();
    if (loginDelays.isTooSoon(account.name))
      return this.#keepOut('It is too soon after your last login.', 'LOGIN-DELAY');
    let opened: LockedMaildrop | undefined;
    try {
      opened = await openMaildrop(account.maildrop);
    } catch (error) {
      onTrouble(error);
      // RFC 3206 §4
      return this.#keepOut(
        'The maildrop cannot be read.',
        error instanceof UnfitListing ? 'SYS/PERM' : 'SYS/TEMP',
      );
    }
    if (opened === undefined) return this.#keepOut(profile.texts.inUse, 'IN-USE');
    loginDelays.note(account.name);
    onEntered(user, by);
    const { messages, octets } = opened.dropListing();
    await replies.ok(profile.texts.entered.replace('%m', String(messages)).replace('%o', String(octets)));
    return new Transaction(this.#context, opened);
  }

  async #quit(): Promise<undefined> {
    await this.#context.replies.ok(this.#context.profile.texts.goodbye);
  }

  /** Refuses a login for a reason that is not the client's. */
  async #keepOut(text: string, code: string): Promise<State> {
    await this.#context.replies.error(text, code);
    return this;
  }

  #refuse(text: string): Promise<State | undefined> {
    return this.#context.patience.refuse(text, this);
  }
}

/** What came as octets, as the text that it is in UTF-8 (RFC 6856 §2.2); undefined where it is not. */
function textFrom(latin1: string): string | undefined {
  return textOf(Buffer.from(latin1, 'latin1'));
}
