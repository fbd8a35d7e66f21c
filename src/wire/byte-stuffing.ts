const CR = 0x0d;
const LF = 0x0a;
const DOT = 0x2e;
const CRLF_DOT = Buffer.from('\r\n.');
const EMPTY = Buffer.alloc(0);

/**
 * Undoes the byte-stuffing of one multi-line response (RFC 1939 §3) and finds its end. Works on blocks of any
 * size: whatever the packet boundaries, the same octets come out. Only CRLF ends a line; every other octet,
 * bare CR, bare LF and NUL included, passes untouched.
 */
export class Unstuffer {
  #atLineStart = true;
  #carry: Buffer = EMPTY;
  #rest: Buffer | undefined;

  /** True once the termination octet has been seen. */
  get ended(): boolean {
    return this.#rest !== undefined;
  }

  /** The octets received after the end of the response; they belong to the next one. */
  get rest(): Buffer {
    return this.#rest ?? EMPTY;
  }

  /**
   * Takes the next received block, which is its own from then on; returns the message octets in it, possibly none. They
   * are moved together within the block, which costs nothing where nothing was stuffed.
   */
  push(block: Buffer): Buffer {
    const data = this.#carry.length > 0 ? Buffer.concat([this.#carry, block]) : block;
    this.#carry = EMPTY;
    let kept = 0;
    const keep = (from: number, until: number): void => {
      if (from !== kept) data.copyWithin(kept, from, until);
      kept += until - from;
    };
    let from = 0;
    let at = 0;
    for (;;) {
      if (this.#atLineStart && at < data.length) {
        if (data[at] === DOT) {
          keep(from, at);
          if (couldBecomeTerminator(data, at)) {
            this.#carry = data.subarray(at);
            return data.subarray(0, kept);
          }
          if (data[at + 1] === CR && data[at + 2] === LF) {
            this.#rest = data.subarray(at + 3);
            return data.subarray(0, kept);
          }
          from = at + 1; // a stuffed dot
        }
        this.#atLineStart = false;
      }
      const found = nextAtLineStart(data, at);
      if (found < 0) break;
      at = found;
      this.#atLineStart = true;
    }
    const last = data.length - 1;
    const isUndecided = last > at - 1 && data[last] === CR;
    const endsLine = last > 0 && data[last] === LF && data[last - 1] === CR;
    if (isUndecided) this.#carry = data.subarray(last);
    else if (data.length > 0) this.#atLineStart = endsLine;
    keep(from, isUndecided ? last : data.length);
    return data.subarray(0, kept);
  }
}

/** After this many dots inside lines, a line end and a dot are looked for together. */
const FEW_DOTS = 16;

/**
 * Where the next dot stands that begins a line: the place of the CRLF before it, from `from` on, or -1. Base64, the bulk of
 * large mail, has no dot at all, and looking for one octet is many times faster than stopping at each line.
 */
function nextAtLineStart(data: Buffer, from: number): number {
  let dot = data.indexOf(DOT, from + 2);
  for (let passed = 0; dot >= 0; passed += 1) {
    if (data[dot - 1] === LF && data[dot - 2] === CR) return dot;
    if (passed === FEW_DOTS) {
      const found = data.indexOf(CRLF_DOT, dot + 1);
      return found < 0 ? -1 : found + 2;
    }
    dot = data.indexOf(DOT, dot + 1);
  }
  return -1;
}

function couldBecomeTerminator(data: Buffer, at: number): boolean {
  const left = data.length - at;
  return left === 1 || (left === 2 && data[at + 1] === CR);
}

function emit(out: Buffer[], data: Buffer, from: number, until: number): void {
  if (until > from) out.push(data.subarray(from, until));
}

/**
 * Adds the byte-stuffing of a multi-line response (RFC 1939 §3): a dot before every line that begins with one.
 * `end` closes the response, and completes the last line where the message did not.
 */
export class Stuffer {
  #previous = 0;
  #beforePrevious = 0;
  #empty = true;

  push(block: Buffer): Buffer[] {
    const pieces = this.#split(block);
    return pieces.length > 1 ? [Buffer.concat(pieces)] : pieces;
  }

  #split(block: Buffer): Buffer[] {
    if (block.length === 0) return [];
    const out: Buffer[] = [];
    let from = 0;
    if (block[0] === DOT && this.#lineStart()) out.push(Buffer.from('.'));
    // The CRLF may have come at the end of the block before.
    if (block[0] === LF && this.#previous === CR && !this.#empty && block[1] === DOT) {
      out.push(block.subarray(0, 1), Buffer.from('.'));
      from = 1;
    }
    for (let found = block.indexOf(CRLF_DOT); found >= 0; found = block.indexOf(CRLF_DOT, found + 3)) {
      out.push(block.subarray(from, found + 2), Buffer.from('.'));
      from = found + 2;
    }
    emit(out, block, from, block.length);
    this.#beforePrevious = block.length > 1 ? (block[block.length - 2] ?? 0) : this.#previous;
    this.#previous = block[block.length - 1] ?? 0;
    this.#empty = false;
    return out;
  }

  /** The octets that end the response. */
  end(): Buffer {
    return Buffer.from(this.#lineStart() ? '.\r\n' : '\r\n.\r\n');
  }

  #lineStart(): boolean {
    return this.#empty || (this.#beforePrevious === CR && this.#previous === LF);
  }
}
