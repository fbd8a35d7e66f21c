import { type Converter, openConverter } from './crlf-to-lf.ts';

const CR = 0x0d;
const LF = 0x0a;
const CRLF = Buffer.from('\r\n');
const EMPTY = Buffer.alloc(0);

/** Turns each LF into CRLF, block by block: what `CrlfToLf` made of a message without bare LF is undone. */
export function lfToCrlf(block: Buffer): Buffer {
  return Buffer.from(block.toString('latin1').replaceAll('\n', '\r\n'), 'latin1');
}

/** A whole message with a CR before each LF, as the protocols of mail want it; the same buffer where nothing is missing. */
export function withCrlfs(message: Buffer): Buffer {
  const parts: Buffer[] = [];
  let done = 0;
  for (let lf = message.indexOf(LF); lf >= 0; lf = message.indexOf(LF, lf + 1)) {
    if (message[lf - 1] === CR) continue;
    parts.push(message.subarray(done, lf), CRLF);
    done = lf + 1;
  }
  return parts.length === 0 ? message : Buffer.concat([...parts, message.subarray(done)]);
}

let converter: Converter | undefined;
let isOpened = false;

function opened(): Converter | undefined {
  if (!isOpened) converter = openConverter();
  isOpened = true;
  return converter;
}

/** Of what a conversion returns: how many octets there are. */
const COUNT = 0x7fff_ffff;

/**
 * Turns CRLF into LF, block by block, whatever the boundaries. A bare CR and a bare LF stay what they are. The
 * blocks given are not changed.
 */
export class CrlfToLf {
  #heldCr = false;
  #hadBareLf = false;

  /** Whether `lfToCrlf` makes of all that it gave what it was given: that had no bare LF. */
  get isReversible(): boolean {
    return !this.#hadBareLf;
  }

  /** The octets that it gives are lent: the next call, of whichever instance, may write over them. */
  convert(block: Buffer): Buffer {
    return this.convertAll([block]);
  }

  /** As `convert`, of blocks that follow each other. */
  convertAll(blocks: readonly Buffer[]): Buffer {
    const octets = blocks.reduce((sum, { length }) => sum + length, 0);
    if (octets === 0) return EMPTY;
    const into = opened();
    const held = Number(this.#heldCr);
    if (into === undefined || held + octets >= into.given.length) {
      return this.#asString(Buffer.concat(blocks, octets));
    }
    const { given, result, crlfToLf } = into;
    given[0] = CR;
    let end = held;
    for (const block of blocks) {
      given.set(block, end);
      end += block.length;
    }
    this.#heldCr = given[end - 1] === CR;
    if (this.#heldCr) end -= 1;
    // What follows the last octet is looked at, and is no LF of these.
    given[end] = 0;
    const count = crlfToLf(end);
    this.#hadBareLf ||= count < 0;
    return result.subarray(0, count & COUNT);
  }

  /** What was held back for a decision that never came. */
  end(): Buffer {
    return this.#heldCr ? Buffer.from('\r') : EMPTY;
  }

  /** As a string, each octet a character, V8 replaces at a fraction of what any loop over the lines costs. */
  #asString(block: Buffer): Buffer {
    const all = (this.#heldCr ? '\r' : '') + block.toString('latin1');
    this.#heldCr = all.endsWith('\r');
    const text = this.#heldCr ? all.slice(0, -1) : all;
    this.#hadBareLf ||= /(?:^|[^\r])\n/.test(text);
    return Buffer.from(text.replaceAll('\r\n', '\n'), 'latin1');
  }
}
