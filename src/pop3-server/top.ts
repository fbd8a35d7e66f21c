const CR = 0x0d;
const LF = 0x0a;

/**
 * The reply to TOP (RFC 1939 §7): the header, the blank line and `bodyLines` lines of the body, of which each
 * may be of any length. Lines end with CRLF only; a message without a blank line is all header.
 */
export async function* headerAndLines(
  blocks: AsyncIterable<Buffer>,
  bodyLines: number,
): AsyncGenerator<Buffer, void, undefined> {
  const lines = new LineCounter(bodyLines);
  for await (const block of blocks) {
    const end = lines.endIn(block);
    if (end === undefined) {
      yield block;
      continue;
    }
    if (end > 0) yield block.subarray(0, end);
    return;
  }
}

/** Counts down the lines across blocks. */
class LineCounter {
  #bodyLines: number;
  #inBody = false;
  #lineOctets = 0;
  #previous = 0;

  constructor(bodyLines: number) {
    this.#bodyLines = bodyLines;
  }

  /** The offset in `block` where the wanted part ends, or undefined when it does not end here. */
  endIn(block: Buffer): number | undefined {
    let from = 0;
    for (let lf = block.indexOf(LF); lf >= 0; lf = block.indexOf(LF, lf + 1)) {
      const before = lf > 0 ? block[lf - 1] : this.#previous;
      if (before !== CR) continue;
      const octets = this.#lineOctets + lf + 1 - from;
      this.#lineOctets = 0;
      from = lf + 1;
      if (this.#inBody) this.#bodyLines -= 1;
      else if (octets === 2) this.#inBody = true;
      if (this.#inBody && this.#bodyLines <= 0) return from;
    }
    this.#lineOctets += block.length - from;
    this.#previous = block[block.length - 1] ?? this.#previous;
    return undefined;
  }
}
