/** What may still become a quoted `From `. */
const BEGINNING = /^>+(?:F|Fr|Fro|From)?$/;

/**
 * Takes one `>` from each line that begins with any number of them and then `From `, block by block, whatever the
 * boundaries: the way back from `MboxrdQuoting`. Octets are characters (latin1); lines end with LF.
 */
export class MboxrdUnquoting {
  #carry = '';
  #atLineStart = true;

  push(block: string): string {
    const text = this.#carry + block;
    const last = text.lastIndexOf('\n') + 1;
    const startsLine = last > 0 || this.#atLineStart;
    const held = startsLine && BEGINNING.test(text.slice(last)) ? text.length - last : 0;
    const done = text.slice(0, text.length - held);
    const out = unquoted(done, this.#atLineStart);
    this.#carry = text.slice(text.length - held);
    if (done !== '') this.#atLineStart = done.endsWith('\n');
    return out;
  }

  end(): string {
    return this.#carry;
  }
}

function unquoted(text: string, atLineStart: boolean): string {
  const lines = text.replaceAll(/\n>(>*From )/g, '\n$1');
  return atLineStart ? lines.replace(/^>(>*From )/, '$1') : lines;
}
