import type { EndlessFault } from './faults.ts';
import { BLOCK_OCTETS } from './limits.ts';

/** How such a reply begins, as far as one line of it can be shown. */
export function endlessStatus(what: EndlessFault['what']): string {
  return what === 'line' ? `+OK ${'x'.repeat(1000)}` : '+OK Endless.';
}

/** A reply that never ends, in blocks; the consumer stops when the line has failed. */
export function* endlessReply(what: EndlessFault['what']): Generator<Buffer, never, undefined> {
  yield Buffer.from(what === 'line' ? '+OK ' : `${endlessStatus(what)}\r\n`);
  const filling = what === 'line' ? 'x' : `${'x'.repeat(70)}\r\n`;
  const block = Buffer.from(filling.repeat(BLOCK_OCTETS / filling.length));
  for (let number = 1; ; number += 1000) yield what === 'rows' ? rows(number) : block;
}

/** A thousand rows that are good for LIST as well as for UIDL. */
function rows(from: number): Buffer {
  return Buffer.from(Array.from({ length: 1000 }, (_, index) => `${from + index} 100\r\n`).join(''));
}
