const CR = 0x0d;
const LF = 0x0a;
const CRLF = Buffer.from('\r\n');
const EMPTY = Buffer.alloc(0);

/** Turns each LF into CRLF, block by block: what `CrlfToLf` made of a message without bare LF is undone. */
export function lfToCrlf(block: Buffer): Buffer {
  const pieces: Buffer[] = [];
  let from = 0;
  for (let at = block.indexOf(LF); at >= 0; at = block.indexOf(LF, from)) {
    pieces.push(block.subarray(from, at), CRLF);
    from = at + 1;
  }
  return Buffer.concat([...pieces, block.subarray(from)]);
}

/**
 * Turns CRLF into LF, block by block, whatever the boundaries. A bare CR and a bare LF stay what they are. The
 * blocks given are not changed.
 */
export class CrlfToLf {
  #heldCr = false;

  push(block: Buffer): Buffer {
    if (block.length === 0) return EMPTY;
    const held = this.#heldCr && block[0] !== LF ? 1 : 0;
    this.#heldCr = block[block.length - 1] === CR;
    const end = this.#heldCr ? block.length - 1 : block.length;
    const out = Buffer.allocUnsafe(held + block.length);
    out[0] = CR;
    out.set(block, held);
    // Within one buffer a line is moved at less than half of what it costs to copy it from another.
    let to = held;
    let from = 0;
    for (let at = block.indexOf(CR); at >= 0 && at < end; at = block.indexOf(CR, at + 1)) {
      if (block[at + 1] !== LF) continue;
      out.copyWithin(to, held + from, held + at);
      to += at - from;
      from = at + 1;
    }
    out.copyWithin(to, held + from, held + end);
    to += end - from;
    return out.subarray(0, to);
  }

  /** What was held back for a decision that never came. */
  end(): Buffer {
    return this.#heldCr ? Buffer.from('\r') : EMPTY;
  }
}
