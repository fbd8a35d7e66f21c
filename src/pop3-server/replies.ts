import { formatResponse, type Response } from '../pop3/response.ts';
import { Stuffer } from '../wire/byte-stuffing.ts';
import { BLOCK_OCTETS } from './limits.ts';

/** Sends octets to the client; resolves when more may be sent. Raises `WireError` when the line has failed. */
export type Send = (octets: Buffer) => Promise<void>;

/** Sees a status line that is about to be sent, without its line end. */
export type OnStatus = (line: string) => void;

export interface RepliesOptions {
  readonly send: Send;
  /** False for an extended response code that this server must not use. */
  readonly mayUse: (code: string) => boolean;
  readonly onStatus: OnStatus;
}

/** The three kinds of reply: a status line, a multi-line response, and the challenge of a SASL exchange. */
export class Replies {
  readonly #options: RepliesOptions;

  constructor(options: RepliesOptions) {
    this.#options = options;
  }

  /** `+OK text` (RFC 1939 §3). */
  ok(text: string): Promise<void> {
    return this.#options.send(this.#status({ ok: true, code: undefined, text }));
  }

  /** `-ERR [code] text` (RFC 1939 §3, RFC 2449 §8). */
  error(text: string, code?: string): Promise<void> {
    const usable = code !== undefined && this.#options.mayUse(code) ? code : undefined;
    return this.#options.send(this.#status({ ok: false, code: usable, text }));
  }

  /** A server challenge (RFC 5034 §4); an empty one is `+ `. */
  challenge(octets: Buffer): Promise<void> {
    return this.#options.send(Buffer.from(`+ ${octets.toString('base64')}\r\n`));
  }

  /**
   * A multi-line response (RFC 1939 §3), byte-stuffed and ended here. Small ones leave in one write; of large
   * ones never much more than one block is held.
   */
  async multiline(text: string, blocks: AsyncIterable<Buffer> | Iterable<Buffer>): Promise<void> {
    const stuffer = new Stuffer();
    let pending = [this.#status({ ok: true, code: undefined, text })];
    let octets = 0;
    for await (const block of blocks) {
      pending.push(...stuffer.push(block));
      octets += block.length;
      if (octets < BLOCK_OCTETS) continue;
      await this.#options.send(Buffer.concat(pending));
      pending = [];
      octets = 0;
    }
    await this.#options.send(Buffer.concat([...pending, stuffer.end()]));
  }

  #status(response: Response): Buffer {
    const line = formatResponse(response);
    this.#options.onStatus(line);
    return Buffer.from(`${line}\r\n`, 'latin1');
  }
}

/** Lines as blocks for `multiline`, however many they are. */
export function* linesAsBlocks(lines: Iterable<string>): Generator<Buffer, void, undefined> {
  let text = '';
  for (const line of lines) {
    text += `${line}\r\n`;
    if (text.length < BLOCK_OCTETS) continue;
    yield Buffer.from(text, 'latin1');
    text = '';
  }
  if (text !== '') yield Buffer.from(text, 'latin1');
}
