import { formatCapabilities } from '../pop3/capabilities.ts';
import { type Credentials, parsePlainResponse } from './authentication.ts';
import type { Command } from './command.ts';
import type { LockedMaildrop } from './locked-maildrop.ts';
import type { Maildrop } from './maildrop.ts';
import { capabilities } from './offer.ts';
import { type CommandRules, performByRules } from './perform-command.ts';
import { linesAsBlocks } from './replies.ts';
import type { CommandRule, SessionContext, State } from './state.ts';
import { Transaction } from './transaction.ts';

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
    ['USER', { perform: ({ argument }) => this.#nameUser(argument) }],
    ['PASS', { perform: ({ argument }) => this.#givePassword(argument) }],
    ['AUTH', { takes: [0, 2], perform: (_, args) => this.#authenticate(args) }],
    ['QUIT', { takes: [0, 0], perform: () => this.#quit() }],
  ]);

  /** True while a login would show the password to whoever listens, and the server must not allow that. */
  get #mustStartTls(): boolean {
    return this.#context.requireTls && !this.#context.secure;
  }

  /** RFC 2449 §5. */
  async #listCapabilities(): Promise<State> {
    const { replies, hidden, canStartTls } = this.#context;
    const offered = capabilities({ hidden, stls: canStartTls, login: !this.#mustStartTls });
    await replies.multiline('Capabilities follow.', linesAsBlocks(formatCapabilities(offered)));
    return this;
  }

  /** RFC 2595 §4. What was said before counts no more. */
  async #startTls(): Promise<State | undefined> {
    if (!this.#context.canStartTls) return this.#refuse('TLS cannot be started here.');
    await this.#context.replies.ok('Begin TLS now.');
    await this.#context.startTls();
    return new Authorization(this.#context);
  }

  /** RFC 1939 §7; always accepted, so as not to tell who exists. */
  async #nameUser(argument: string | undefined): Promise<State | undefined> {
    if (this.#mustStartTls) return this.#refuse('Start TLS first, with STLS.');
    if (argument === undefined || argument === '') return this.#refuse('USER needs a name.');
    this.#user = argument;
    await this.#context.replies.ok('Send the password.');
    return this;
  }

  /** RFC 1939 §7; the password is all that follows, spaces included. */
  #givePassword(argument: string | undefined): Promise<State | undefined> {
    const user = this.#named;
    if (this.#mustStartTls) return this.#refuse('Start TLS first, with STLS.');
    if (user === undefined) return this.#refuse('Send USER first.');
    if (argument === undefined) return this.#refuse('PASS needs a password.');
    return this.#logIn({ user: Buffer.from(user, 'latin1'), password: Buffer.from(argument, 'latin1') });
  }

  /** RFC 5034 §4. */
  async #authenticate([mechanism, initialResponse]: readonly string[]): Promise<State | undefined> {
    if (this.#mustStartTls) return this.#refuse('Start TLS first, with STLS.');
    if (mechanism === undefined) {
      await this.#context.replies.multiline('Mechanisms follow.', linesAsBlocks(['PLAIN']));
      return this;
    }
    if (mechanism.toUpperCase() !== 'PLAIN') return this.#refuse('Unknown mechanism.');
    if (initialResponse === undefined) await this.#context.replies.prompt();
    const response = initialResponse ?? (await this.#context.readResponse());
    if (response === undefined) return this.#refuse('The response is too long.');
    if (response === '*') return this.#refuse('Authentication was called off.');
    const credentials = parsePlainResponse(response);
    if (credentials === undefined) return this.#refuse('That is no PLAIN response in base64.');
    return this.#logIn(credentials);
  }

  async #logIn(credentials: Credentials): Promise<State | undefined> {
    const { replies, users, failedLogins, wait } = this.#context;
    const maildrop = users.verify(credentials);
    if (maildrop !== undefined) return this.#enter(maildrop);
    this.#failures += 1;
    if (failedLogins.delayMs > 0) await wait(failedLogins.delayMs);
    await replies.error('Wrong user name or password.', 'AUTH');
    return this.#failures < failedLogins.most ? this : undefined;
  }

  /** The lock is taken with the login, and the login fails without it (RFC 1939 §4). */
  async #enter(maildrop: Maildrop): Promise<State> {
    const { replies, openMaildrop, onTrouble } = this.#context;
    let opened: LockedMaildrop | undefined;
    try {
      opened = await openMaildrop(maildrop);
    } catch (error) {
      onTrouble(error);
      return this.#keepOut('The maildrop cannot be read.', 'SYS/TEMP');
    }
    if (opened === undefined) return this.#keepOut('Another session has this maildrop.', 'IN-USE');
    const { messages, octets } = opened.dropListing();
    await replies.ok(`The maildrop has ${messages} messages (${octets} octets).`);
    return new Transaction(this.#context, opened);
  }

  async #quit(): Promise<undefined> {
    await this.#context.replies.ok('Goodbye.');
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
