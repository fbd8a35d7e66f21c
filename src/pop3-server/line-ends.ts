const CR = 0x0d;
const LF = 0x0a;

/** Makes CRLF of each bare LF, across blocks; every other octet, bare CR included, stays as it is. */
export class LineEndWriter {
  #previous = 0;

  /** The next block as it goes out; the block itself where nothing had to be changed. */
  push(block: Buffer): Buffer {
    const bare = this.#bareLineFeeds(block);
    this.#previous = block[block.length - 1] ?? this.#previous;
    if (bare.length === 0) return block;
    const out = Buffer.allocUnsafe(block.length + bare.length);
    let from = 0;
    let at = 0;
    for (const lf of bare) {
      at += block.copy(out, at, from, lf);
      out[at] = CR;
      at += 1;
      from = lf;
    }
    block.copy(out, at, from);
    return out;
  }

  #bareLineFeeds(block: Buffer): readonly number[] {
    const found: number[] = [];
    for (let lf = block.indexOf(LF); lf >= 0; lf = block.indexOf(LF, lf + 1)) {
      const before = lf > 0 ? block[lf - 1] : this.#previous;
      if (before !== CR) found.push(lf);
    }
    return found;
  }
}
