import type { Duplex } from 'node:stream';
import { asWireError } from './deadline.ts';
import { connectionLost, protocolViolation, sessionIsOver, WireError } from './errors.ts';
import { Inbound } from './inbound.ts';
import { IDLE_TIMEOUT_MS, MAX_LINE_OCTETS, RECEIVE_BUFFER_OCTETS } from './limits.ts';
import { Multiline } from './multiline.ts';
import { Outbound } from './outbound.ts';
import { SentSecrets } from './sent-secrets.ts';
import type { CommandLine, Transcript } from './transcript.ts';

export interface ConnectionOptions {
  /** No octet for this long, in milliseconds, ends the session. */
  readonly idleMs?: number | undefined;
  readonly transcript?: Transcript | undefined;
  /** What a peer is told when its line is too long, before the connection ends; without it, nothing. */
  readonly lastWords?: Uint8Array | undefined;
  /** Received octets held for a slow consumer before the peer has to wait. */
  readonly receiveBufferOctets?: number | undefined;
}

/** Pieces of a line held before they are made one. */
const MAX_PARTS = 64;

const LF = 0x0a;
const CR = 0x0d;

/** What to do about a server that speaks without end. */
const NO_SERVER = 'This may not be a POP3 server; check "host" and "port". If it is, tell the provider.';

/** Takes a line, which stands in a block from `start` to `end`, without its end. */
export type OnRow = (block: Buffer, start: number, end: number) => void;

/**
 * One line to the other side: lines and multi-line responses in, lines and octets out. Once it has lost step
 * it is broken for good, and every later call fails with the one reason for it.
 */
export class Connection {
  #socket: Duplex;
  #inbound: Inbound;
  #outbound: Outbound;
  #broken: WireError | undefined;
  readonly #onBroken: (() => void)[] = [];
  readonly #secrets = new SentSecrets();
  #idleMs: number;
  readonly #transcript: Transcript | undefined;
  readonly #lastWords: Uint8Array | undefined;
  readonly #receiveBufferOctets: number;

  constructor(socket: Duplex, options: ConnectionOptions = {}) {
    this.#socket = socket;
    this.#idleMs = options.idleMs ?? IDLE_TIMEOUT_MS;
    this.#transcript = options.transcript;
    this.#lastWords = options.lastWords;
    this.#receiveBufferOctets = options.receiveBufferOctets ?? RECEIVE_BUFFER_OCTETS;
    this.#inbound = this.#listen(socket);
    this.#outbound = new Outbound(socket);
  }

  /** Why nothing more can be said here, once that is so. */
  get broken(): WireError | undefined {
    return this.#broken;
  }

  /** Octets that have arrived and were not read. */
  get heldOctets(): number {
    return this.#inbound.held;
  }

  /** Octets that were read since the line is what it is now. */
  get takenOctets(): number {
    return this.#inbound.taken;
  }

  /** Whether somebody waits for octets, for which the idle deadline holds. */
  get isAwaited(): boolean {
    return this.#inbound.isAwaited;
  }

  /** Calls `listener` once nothing more can be said here, for whatever reason. */
  onBroken(listener: () => void): void {
    this.#onBroken.push(listener);
  }

  /** How long silence is borne, in milliseconds; a change counts from now on. */
  get idleMs(): number {
    return this.#idleMs;
  }

  set idleMs(milliseconds: number) {
    this.#idleMs = milliseconds;
    this.#inbound.idleMs = milliseconds;
  }

  /** Ends the connection at once, for this reason; the first reason counts. */
  break(reason: WireError): WireError {
    if (this.#broken !== undefined) return this.#broken;
    this.#end(reason);
    this.#inbound.fail(reason);
    this.#socket.destroy();
    return reason;
  }

  /**
   * The next line without its line end, each octet as one character (latin1). `during` completes "… while".
   * Breaks the connection on a line over `maxOctets`, on the end of the stream, and on the idle deadline.
   */
  readLine(during: string, maxOctets: number = MAX_LINE_OCTETS): Promise<string> {
    const line = this.#lineAtHand(maxOctets);
    if (line !== undefined) return Promise.resolve(line);
    // With both limits equal nothing is skipped.
    return this.readLineOrSkip(during, maxOctets, maxOctets).then((whole) => whole ?? '');
  }

  /** The line that `readLine` would give next, as far as it lies here in one block; it stays there. */
  peekLine(): string | undefined {
    const block = this.#inbound.take();
    if (block === undefined) return undefined;
    this.#inbound.putBack(block);
    const end = block.indexOf(LF);
    return withoutCarriageReturn(end < 0 ? block : block.subarray(0, end)).toString(
      'latin1',
      0,
      MAX_LINE_OCTETS,
    );
  }

  /**
   * As `readLine`; but a line over `keepOctets` is read to its end, thrown away, and undefined. Only one over
   * `maxOctets` breaks the connection.
   */
  async readLineOrSkip(during: string, keepOctets: number, maxOctets: number): Promise<string | undefined> {
    const parts: Buffer[] = [];
    let octets = 0;
    for (;;) {
      const block = await this.#next(during);
      const end = block.indexOf(LF);
      const part = end < 0 ? block : block.subarray(0, end);
      octets += part.length;
      if (octets > maxOctets) {
        throw this.#breakAfterLastWords(this.#tooLong(maxOctets, during));
      }
      if (octets <= keepOctets) parts.push(part);
      else parts.length = 0;
      // A line that comes octet by octet must not cost an object for each (I7).
      if (parts.length === MAX_PARTS) parts.splice(0, MAX_PARTS, Buffer.concat(parts));
      if (end < 0) continue;
      this.#inbound.putBack(block.subarray(end + 1));
      return octets > keepOctets ? undefined : this.#received(Buffer.concat(parts));
    }
  }

  /**
   * The content of a multi-line response (RFC 1939 §3), unstuffed, in blocks as they arrive. It must be read to
   * its end: a consumer that stops early breaks the connection, since what follows would be taken for replies. `onEnd` is
   * called whichever way it ends.
   */
  multiline(during: string, onEnd?: () => void): AsyncIterableIterator<Buffer, undefined, undefined> {
    return new Multiline({
      next: () => this.#next(during),
      onEnd: (rest) => {
        if (rest !== undefined) this.#inbound.putBack(rest);
        else this.break(leftUnread(during));
        onEnd?.();
      },
    });
  }

  /**
   * Calls `onRow` for each line of a multi-line response, without a text for it: with the block in which it stands, and
   * where it begins and ends. Lines and their number are capped.
   */
  async readRows(during: string, maxLines: () => number, onRow: OnRow): Promise<void> {
    let partial: Buffer = Buffer.alloc(0);
    let lines = 0;
    for await (const arrived of this.multiline(during)) {
      const block = partial.length === 0 ? arrived : Buffer.concat([partial, arrived]);
      let start = 0;
      for (let end = block.indexOf(LF, partial.length); end >= 0; end = block.indexOf(LF, start)) {
        lines += 1;
        if (lines > maxLines()) {
          throw this.break(
            protocolViolation(`More than ${maxLines()} lines came while ${during}.`, { hint: NO_SERVER }),
          );
        }
        this.#assertShort(end - start, during);
        onRow(block, start, end > start && block[end - 1] === CR ? end - 1 : end);
        start = end + 1;
      }
      partial = block.subarray(start);
      this.#assertShort(partial.length, during);
    }
  }

  /** Sends one command line. A line end inside it would be a second command, so that is refused. */
  sendLine(line: CommandLine): void {
    if (/[\r\n]/.test(line.wire)) {
      throw new WireError('config', 'A command must not contain a line end.', {
        hint: 'Check user name and password for line ends.',
      });
    }
    this.#secrets.note(line.secrets);
    this.#transcript?.('sent', line.shown);
    this.#inbound.countAnew();
    if (this.#broken !== undefined) throw this.#broken;
    this.#outbound.sendLine(`${line.wire}\r\n`);
  }

  /** Lets the lines that are sent in this turn of the event loop go out in one call and few packets. */
  gather(): void {
    if (this.#broken === undefined) this.#outbound.gather();
  }

  /** A reply as it may be shown: without the secrets that were sent, should it repeat them (I5). */
  redacted(reply: string): string {
    return this.#secrets.hide(reply);
  }

  /** Sends octets as they are; resolves when more may be sent. */
  async send(octets: Uint8Array): Promise<void> {
    if (this.#broken !== undefined) throw this.#broken;
    if (!(await this.#outbound.send(octets))) throw this.break(connectionLost('sending'));
  }

  /**
   * Puts TLS under the connection. Whatever arrived in clear text after the reply that allowed it was put there
   * by somebody else (RFC 2595 §4), so it ends the connection, as does whatever `wrap` raises.
   */
  async upgrade(wrap: (socket: Duplex) => Promise<Duplex>): Promise<void> {
    if (this.#broken !== undefined) throw this.#broken;
    this.#outbound.flush();
    if (this.#inbound.held > 0) {
      throw this.break(
        protocolViolation('Clear text came where TLS had to begin; somebody may be interfering.', {
          hint: 'Use "tls: implicit" (port 995) if the server offers it, and tell the provider.',
        }),
      );
    }
    this.#inbound.detach();
    try {
      this.#socket = await wrap(this.#socket);
    } catch (error) {
      this.break(asWireError(error));
      throw error;
    }
    this.#inbound = this.#listen(this.#socket);
    this.#outbound = new Outbound(this.#socket);
  }

  /** Calls `listener` once when the transport has closed, for whatever reason. */
  onClose(listener: () => void): void {
    this.#socket.once('close', listener);
  }

  /** Says goodbye to the transport: flushes what was sent, then closes. */
  async close(): Promise<void> {
    this.#outbound.flush();
    if (this.#broken === undefined) this.#end(sessionIsOver());
    const socket = this.#socket;
    if (socket.destroyed) return;
    await new Promise<void>((resolve) => {
      const patience = setTimeout(() => socket.destroy(), 1000);
      socket.once('close', () => {
        clearTimeout(patience);
        resolve();
      });
      socket.resume();
      socket.end(() => socket.destroy());
    });
  }

  #listen(socket: Duplex): Inbound {
    // A socket's late error has nobody left to tell; without a listener it would end the process.
    socket.on('error', () => undefined);
    return new Inbound(socket, this.#idleMs, this.#receiveBufferOctets);
  }

  #breakAfterLastWords(reason: WireError): WireError {
    if (this.#lastWords === undefined || this.#broken !== undefined) return this.break(reason);
    this.#end(reason);
    this.#inbound.fail(reason);
    this.#inbound.detach();
    linger(this.#socket, this.#lastWords);
    return reason;
  }

  #end(reason: WireError): void {
    this.#broken = reason;
    this.#outbound.drop();
    for (const listener of this.#onBroken.splice(0)) listener();
  }

  #assertShort(octets: number, during: string): void {
    if (octets > MAX_LINE_OCTETS) throw this.break(this.#tooLong(MAX_LINE_OCTETS, during));
  }

  #tooLong(octets: number, during: string): WireError {
    const hint = this.#lastWords === undefined ? NO_SERVER : 'This may not be a POP3 client.';
    return protocolViolation(`A line of more than ${octets} octets came while ${during}.`, { hint });
  }

  /** The next block, at once where one lies here. */
  #next(during: string): Buffer | Promise<Buffer> {
    if (this.#broken !== undefined) throw this.#broken;
    return this.#inbound.take() ?? this.#arrival(during);
  }

  async #arrival(during: string): Promise<Buffer> {
    try {
      const block = await this.#inbound.next(during);
      if (block !== undefined) return block;
    } catch (error) {
      throw this.break(error as WireError);
    }
    throw this.break(connectionLost(during));
  }

  /** The next line, if all of it lies in one block here. */
  #lineAtHand(maxOctets: number): string | undefined {
    const block = this.#broken === undefined ? this.#inbound.take() : undefined;
    if (block === undefined) return undefined;
    const end = block.indexOf(LF);
    const isWhole = end >= 0 && end <= maxOctets;
    this.#inbound.putBack(isWhole ? block.subarray(end + 1) : block);
    return isWhole ? this.#received(block.subarray(0, end)) : undefined;
  }

  #received(line: Buffer): string {
    const text = withoutCarriageReturn(line).toString('latin1');
    // What a challenge of SASL holds is base64, and may repeat what was sent (RFC 7628 §3.2.2).
    this.#transcript?.('received', text.startsWith('+ ') ? '+ ***' : this.redacted(text));
    return text;
  }
}

function leftUnread(during: string): WireError {
  return protocolViolation(`A response was not read to its end while ${during}.`, {
    hint: 'What was left would be taken for the next reply; read each response to its end, or open another session.',
  });
}

/**
 * Says the last words, then throws away what still comes for a moment: to close on unread octets would reset the
 * connection, and the words could be lost.
 */
function linger(socket: Duplex, lastWords: Uint8Array): void {
  const patience = setTimeout(() => socket.destroy(), 1000);
  socket.once('close', () => clearTimeout(patience));
  socket.once('end', () => socket.destroy());
  socket.resume();
  socket.end(lastWords);
}

function withoutCarriageReturn(line: Buffer): Buffer {
  return line[line.length - 1] === CR ? line.subarray(0, -1) : line;
}
