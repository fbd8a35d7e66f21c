import { createReadStream } from 'node:fs';
import { lfToCrlf } from '../../message/line-endings.ts';
import { MboxrdUnquoting } from './mboxrd-unquoting.ts';

const FROM = Buffer.from('From ');
const NEXT = Buffer.from('\nFrom ');

/** A From_ line that is longer is none. */
const FROM_LINE_OCTETS = 64 * 1024;

/**
 * The message of an mbox whose From_ line begins at this offset, block by block, as it was received as far as that can be told:
 * without quotes, and with CRLF. Nothing where no From_ line begins there.
 */
export async function* receivedAt(path: string, start: number): AsyncGenerator<Buffer, void, undefined> {
  const unquoting = new MboxrdUnquoting();
  for await (const block of storedAt(path, start))
    yield lfToCrlf(Buffer.from(unquoting.push(block.toString('latin1')), 'latin1'));
  yield lfToCrlf(Buffer.from(unquoting.end(), 'latin1'));
}

/** The same as it stands there, up to the empty line behind it. */
async function* storedAt(path: string, start: number): AsyncGenerator<Buffer, void, undefined> {
  let held: Buffer = Buffer.alloc(0);
  /** Where in `held` the message begins: behind the line end of the From_ line, once that has come. */
  let from: number | undefined;
  for await (const block of createReadStream(path, { start }) as AsyncIterable<Buffer>) {
    held = Buffer.concat([held, block]);
    if (from === undefined) {
      const line = held.indexOf('\n');
      if (held.length >= FROM.length && !held.subarray(0, FROM.length).equals(FROM)) return;
      if (line < 0 && held.length > FROM_LINE_OCTETS) return;
      if (line < 0) continue;
      held = held.subarray(line);
      from = 1;
    }
    const next = held.indexOf(NEXT);
    if (next >= 0) {
      yield held.subarray(from, next);
      return;
    }
    const until = held.length - NEXT.length;
    if (until <= from) continue;
    yield held.subarray(from, until);
    held = held.subarray(until);
    from = 0;
  }
  if (from !== undefined) yield held.subarray(from, -1);
}
