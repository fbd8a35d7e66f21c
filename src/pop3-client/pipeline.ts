import { parseResponse, type Response } from '../pop3/response.ts';
import type { Connection, OnRow } from '../wire/connection.ts';
import { protocolViolation } from '../wire/errors.ts';
import { MAX_CHALLENGE_OCTETS } from '../wire/limits.ts';
import { printableLine } from '../wire/text.ts';
import type { CommandLine } from '../wire/transcript.ts';
import { otherServer, PORT_OF_POP3 } from './other-servers.ts';

/** What a session does first. */
export const GREETING = 'waiting for the greeting';

/** A response whose words may be shown: secrets that it repeats are left out of them (I5). */
export interface Reply extends Response {
  /** The same words as they came, to read numbers and names out of them: these may happen to be a secret. */
  readonly said: string;
}

/**
 * The right to read the next reply, as the function that passes it on to the command sent next. No `Disposable`: the
 * symbols for that are missing in the contexts in which Jest 29 runs what it tests.
 */
export type PassTurn = () => void;

/**
 * The order of commands and replies on one connection: replies come in the order of the commands (RFC 2449
 * §6.6), so each command waits for its turn to read. Without `pipelining` it also waits for its turn to send.
 */
export class Pipeline {
  /** Whether commands may be sent before the replies to earlier ones have come (RFC 2449 §6.6). */
  pipelining = false;
  /** Whether the octets of a message have come, of which some could be taken for replies. */
  hasGivenMessages = false;
  readonly connection: Connection;
  #last: Promise<void> = Promise.resolve();
  /** Commands whose replies were not read to their end. */
  #underWay = 0;

  constructor(connection: Connection) {
    this.connection = connection;
  }

  /** Sends a command; resolves when its reply is the next thing to read. */
  async submit(line: CommandLine): Promise<PassTurn> {
    const before = this.#last;
    const { promise, resolve } = withResolver();
    this.#last = promise;
    this.#underWay += 1;
    let isOver = false;
    const over = (): void => {
      if (!isOver) this.#underWay -= 1;
      isOver = true;
      resolve();
    };
    try {
      if (!this.pipelining) await before;
      if (this.#underWay === 1 || !this.pipelining) this.#assertInStep(line);
      if (this.pipelining) this.connection.gather();
      this.connection.sendLine(line);
    } catch (error) {
      // Whoever comes next reads only after those who came before.
      void before.then(over);
      throw error;
    }
    await before;
    return over;
  }

  /** Sends a command whose whole reply is a status line. */
  async command(line: CommandLine, during: string): Promise<Reply> {
    const passTurn = await this.submit(line);
    try {
      return await this.readStatus(during);
    } finally {
      passTurn();
    }
  }

  /** Sends a command with a multi-line response and calls `onRow` for each line of it, if it is not refused. */
  async listing(
    line: CommandLine,
    { during, maxLines, onRow }: { during: string; maxLines: () => number; onRow: OnRow },
  ): Promise<Reply> {
    const passTurn = await this.submit(line);
    try {
      const response = await this.readStatus(during);
      if (response.ok) await this.connection.readRows(during, maxLines, onRow);
      return response;
    } finally {
      passTurn();
    }
  }

  /** Reads a status line; whatever is not one means that the session has lost step. */
  async readStatus(during: string): Promise<Reply> {
    return this.#statusOf(await this.connection.readLine(during), during);
  }

  /** Reads a status line, or what follows the `+` of a challenge (RFC 5034 §4). */
  async readChallenge(during: string): Promise<Reply | string> {
    const line = await this.connection.readLine(during, MAX_CHALLENGE_OCTETS);
    return line === '+' || line.startsWith('+ ') ? line.slice(2) : this.#statusOf(line, during);
  }

  #statusOf(line: string, during: string): Reply {
    let isAsSaid = true;
    const response = parseResponse(line, (words) => {
      const shown = this.connection.redacted(words);
      isAsSaid = shown === words;
      return shown;
    });
    if (response !== undefined) {
      const said = isAsSaid ? response.text : (parseResponse(line)?.text ?? '');
      return { ...response, said };
    }
    throw this.connection.break(
      protocolViolation(
        `Neither +OK nor -ERR but "${printableLine(this.connection.redacted(line), 80)}" came while ${during}.`,
        { hint: this.#hintOf(line, during) },
      ),
    );
  }

  /** Where nothing was asked for, nothing may have come: it would be taken for the reply. */
  #assertInStep(line: CommandLine): void {
    const { connection } = this;
    if (connection.broken !== undefined || connection.heldOctets === 0) return;
    const [command] = line.shown.split(' ', 1);
    const words = connection.redacted(connection.peekLine() ?? '');
    // Its reason for ending the session, more often than not; all else may be part of a message.
    const isReason = words.startsWith('-ERR');
    const said = isReason ? `: "${printableLine(words, 80)}"` : '';
    throw connection.break(
      protocolViolation(`The server sent something unasked before ${command}${said}.`, {
        hint: this.#unaskedHint(isReason),
      }),
    );
  }

  /** What another line than a status line means. */
  #hintOf(line: string, during: string): string {
    if (this.hasGivenMessages) return 'It may not byte-stuff its messages; the last one was not accepted.';
    const what = during === GREETING ? otherServer(line) : undefined;
    if (what !== undefined) return `This is ${what}. ${PORT_OF_POP3}`;
    return 'This may not be a POP3 server; check "host" and "port".';
  }

  #unaskedHint(isReason: boolean): string {
    if (this.hasGivenMessages) return 'It may not byte-stuff its messages; the last one was not accepted.';
    return isReason
      ? 'These may be its reasons for ending the session; if it goes on, show the provider these words.'
      : 'It gives more replies than there are commands; check "host" and "port", and tell the provider.';
  }
}

function withResolver(): { promise: Promise<void>; resolve: () => void } {
  let resolve!: () => void;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
