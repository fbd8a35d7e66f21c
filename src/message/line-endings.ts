const CR = 0x0d;
const LF = 0x0a;
const EMPTY = Buffer.alloc(0);

/** Turns each LF into CRLF, block by block: what `CrlfToLf` made of a message without bare LF is undone. */
export function lfToCrlf(block: Buffer): Buffer {
  return Buffer.from(block.toString('latin1').replaceAll('\n', '\r\n'), 'latin1');
}

/**
 * Turns CRLF into LF, block by block, whatever the boundaries. A bare CR and a bare LF stay what they are. The
 * blocks given are not changed.
 */
export class CrlfToLf {
  #heldCr = false;

  push(block: Buffer): Buffer {
    if (block.length === 0) return EMPTY;
    const held = this.#heldCr && block[0] !== LF ? '\r' : '';
    this.#heldCr = block[block.length - 1] === CR;
    const end = this.#heldCr ? block.length - 1 : block.length;
    // As a string, each octet a character, since V8 replaces at a fraction of what any loop over the lines costs.
    return Buffer.from((held + block.toString('latin1', 0, end)).replaceAll('\r\n', '\n'), 'latin1');
  }

  /** What was held back for a decision that never came. */
  end(): Buffer {
    return this.#heldCr ? Buffer.from('\r') : EMPTY;
  }
}
