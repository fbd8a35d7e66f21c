import { type Converter, openConverter } from './crlf-to-lf.ts';

const CR = 0x0d;
const LF = 0x0a;
const EMPTY = Buffer.alloc(0);

/** Turns each LF into CRLF, block by block: what `CrlfToLf` made of a message without bare LF is undone. */
export function lfToCrlf(block: Buffer): Buffer {
  return Buffer.from(block.toString('latin1').replaceAll('\n', '\r\n'), 'latin1');
}

let converter: Converter | undefined;
let isOpened = false;

function opened(): Converter | undefined {
  if (!isOpened) converter = openConverter();
  isOpened = true;
  return converter;
}

/**
 * Turns CRLF into LF, block by block, whatever the boundaries. A bare CR and a bare LF stay what they are. The
 * blocks given are not changed.
 */
export class CrlfToLf {
  #heldCr = false;

  /** The octets that it gives are lent: the next call, of whichever instance, may write over them. */
  convert(block: Buffer): Buffer {
    if (block.length === 0) return EMPTY;
    const hadCr = this.#heldCr && block[0] !== LF;
    this.#heldCr = block[block.length - 1] === CR;
    const whole = this.#heldCr ? block.subarray(0, -1) : block;
    const held = hadCr ? 1 : 0;
    const into = opened();
    if (into === undefined || held + whole.length >= into.given.length) return asString(whole, hadCr);
    const { given, result, crlfToLf } = into;
    if (hadCr) given[0] = CR;
    given.set(whole, held);
    // What follows the last octet is looked at, and is no LF of these.
    given[held + whole.length] = 0;
    return result.subarray(0, crlfToLf(held + whole.length));
  }

  /** What was held back for a decision that never came. */
  end(): Buffer {
    return this.#heldCr ? Buffer.from('\r') : EMPTY;
  }
}

/** As a string, each octet a character, V8 replaces at a fraction of what any loop over the lines costs. */
function asString(block: Buffer, hadCr: boolean): Buffer {
  return Buffer.from(((hadCr ? '\r' : '') + block.toString('latin1')).replaceAll('\r\n', '\n'), 'latin1');
}
