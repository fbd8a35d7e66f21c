const LF = 0x0a;
const QUOTE = 0x3e;
const EMPTY = Buffer.alloc(0);
const FROM = Buffer.from('From ');

/**
 * mboxrd quoting: a line that begins with `From `, or with any number of `>` and then `From `, gets one more `>`,
 * so that taking one away gives exactly the line it was. Works block by block, whatever the boundaries; lines end
 * with LF.
 */
export class MboxrdQuoting {
  #carry: Buffer = EMPTY;
  /** Whether the line so far, up to the carry, is nothing but quotes. */
  #onlyQuotes = true;

  push(block: Buffer): Buffer[] {
    const data = this.#carry.length === 0 ? block : Buffer.concat([this.#carry, block]);
    const out: Buffer[] = [];
    let from = 0;
    for (let at = data.indexOf(FROM); at >= 0; at = data.indexOf(FROM, at + FROM.length)) {
      if (!this.#quotesBefore(data, at)) continue;
      // One more quote may stand anywhere in the run of quotes; here nothing before must be held back.
      out.push(data.subarray(from, at), Buffer.from('>'));
      from = at;
    }
    const until = Math.max(from, data.length - this.#heldBack(data));
    if (until > from) out.push(data.subarray(from, until));
    this.#onlyQuotes = this.#quotesBefore(data, until);
    this.#carry = data.subarray(until);
    return out;
  }

  /** What was held back for a `From ` that did not come. */
  end(): Buffer {
    return this.#carry;
  }

  /** Whether the line up to `at` is nothing but quotes. */
  #quotesBefore(data: Buffer, at: number): boolean {
    let start = at;
    while (start > 0 && data[start - 1] === QUOTE) start -= 1;
    return start === 0 ? this.#onlyQuotes : data[start - 1] === LF;
  }

  /** How many octets at the end may be the beginning of a `From ` to quote. */
  #heldBack(data: Buffer): number {
    for (let octets = Math.min(FROM.length - 1, data.length); octets > 0; octets -= 1) {
      const at = data.length - octets;
      if (data.subarray(at).equals(FROM.subarray(0, octets)) && this.#quotesBefore(data, at)) return octets;
    }
    return 0;
  }
}

/** The From_ line of a message: the envelope sender and the time in milliseconds, as asctime writes it in UTC. */
export function fromLine(sender: string | undefined, milliseconds: number): string {
  const [day = '', date = '', month = '', year = '', time = ''] = new Date(milliseconds)
    .toUTCString()
    .split(/,? /);
  return `From ${sender ?? 'MAILER-DAEMON'} ${day} ${month} ${date.replace(/^0/, ' ')} ${time} ${year}\n`;
}
