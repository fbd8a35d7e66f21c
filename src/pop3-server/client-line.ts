import type { Duplex } from 'node:stream';
import { Connection } from '../wire/connection.ts';
import { timedOut, type WireError } from '../wire/errors.ts';
import { MAX_COMMAND_OCTETS, MAX_SKIPPED_OCTETS } from '../wire/limits.ts';
import { NO_IDLE_DEADLINE_MS, RECEIVED_OCTETS } from './limits.ts';
import { type TlsState, tlsStateOf, type WrapTls } from './wrap-tls.ts';

export interface ClientLineOptions {
  /** RFC 1939 §3: no complete line from the client, and no progress in sending, for this long ends the session. */
  readonly autologoutMs: number;
}

/** The server's end of the line to one client, under the autologout timer. */
export class ClientLine {
  readonly #connection: Connection;
  readonly #autologout: NodeJS.Timeout;
  readonly #ended = new AbortController();
  #tls: TlsState | undefined;

  constructor(socket: Duplex, { autologoutMs }: ClientLineOptions) {
    this.#connection = new Connection(socket, {
      idleMs: NO_IDLE_DEADLINE_MS,
      receiveBufferOctets: RECEIVED_OCTETS,
      lastWords: Buffer.from('-ERR The line is too long.\r\n'),
    });
    this.#tls = tlsStateOf(socket);
    this.#autologout = setTimeout(
      () => this.end(timedOut('waiting for the client', autologoutMs)),
      autologoutMs,
    );
  }

  /** TLS as it is under the line; undefined in clear text. */
  get tls(): TlsState | undefined {
    return this.#tls;
  }

  /** Aborted when this side has ended the session. */
  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  /** Sends octets; resolves when more may be sent. Raises `WireError` when the line has failed. */
  readonly send = async (octets: Buffer): Promise<void> => {
    await this.#connection.send(octets);
    this.#autologout.refresh();
  };

  /**
   * The client's next line; undefined for one that is too long, which has been thrown away. Raises `WireError` when
   * there is none, or when it never ends.
   */
  async readLine(during: string): Promise<string | undefined> {
    const line = await this.#connection.readLineOrSkip(during, MAX_COMMAND_OCTETS, MAX_SKIPPED_OCTETS);
    this.#autologout.refresh();
    return line;
  }

  /** Reads and ignores what the client says; rejects when the connection has ended. */
  readonly holdUntilClosed = async (): Promise<never> => {
    for (;;) await this.#connection.readLineOrSkip('keeping silent on purpose', 0, Infinity);
  };

  /** Puts TLS under the line. Clear text that came after STLS ends the connection (RFC 2595 §4). */
  async startTls(wrap: WrapTls): Promise<void> {
    await this.#connection.upgrade(async (socket) => {
      const secured = await wrap(socket);
      this.#tls = tlsStateOf(secured);
      return secured;
    });
  }

  /** Ends the connection at once, for this reason. */
  end(reason: WireError): void {
    this.#ended.abort(reason);
    this.#connection.break(reason);
  }

  /** Sends what is still to be sent, then closes. Call it in any case, once. */
  async close(): Promise<void> {
    clearTimeout(this.#autologout);
    this.#ended.abort();
    // A broken connection closes by itself.
    if (this.#connection.broken === undefined) await this.#connection.close();
  }
}
