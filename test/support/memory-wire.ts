import { Duplex } from 'node:stream';

export interface MemoryWireOptions {
  /** How many octets may wait to be taken by the other side before `write` asks for patience. */
  readonly writeBufferOctets?: number;
}

/** The transport of a connection without a network: what arrives and when is up to the test. */
export class MemoryWire extends Duplex {
  readonly #written: Buffer[] = [];
  #held: (() => void) | undefined;
  #holding = false;

  constructor({ writeBufferOctets = 16_384 }: MemoryWireOptions = {}) {
    super({ writableHighWaterMark: writeBufferOctets });
  }

  /** Octets come from the other side. */
  arrive(octets: string | Buffer): void {
    this.push(typeof octets === 'string' ? Buffer.from(octets, 'latin1') : octets);
  }

  /** The other side says that nothing more will come. */
  finish(): void {
    this.push(null);
  }

  /** What the other side has got, as latin1. */
  get written(): string {
    return Buffer.concat(this.#written).toString('latin1');
  }

  /** The other side takes nothing until `release`. */
  hold(): void {
    this.#holding = true;
  }

  release(): void {
    this.#holding = false;
    this.#held?.();
    this.#held = undefined;
  }

  override _read(): void {
    // Octets come by `arrive`.
  }

  override _write(block: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#written.push(Buffer.from(block));
    if (this.#holding) this.#held = done;
    else done();
  }
}
