import { Connection } from '../../src/wire/connection.ts';
import { MemoryWire } from '../support/memory-wire.ts';

/** A connection whose other side is in memory. */
export function connected(options: ConstructorParameters<typeof Connection>[1] = {}): {
  wire: MemoryWire;
  connection: Connection;
} {
  const wire = new MemoryWire();
  return { wire, connection: new Connection(wire, options) };
}

/** All blocks as text, each octet a character. */
export async function collect(blocks: AsyncIterable<Buffer>): Promise<string> {
  const all: Buffer[] = [];
  for await (const block of blocks) all.push(block);
  return Buffer.concat(all).toString('latin1');
}

/** Lets everything that is ready happen. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
