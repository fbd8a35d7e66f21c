import type { Socket } from 'node:net';

/** All octets that a socket has received so far, and whether more can come. */
export class SocketOctets {
  #octets: Buffer = Buffer.alloc(0);
  #ended = false;
  #wake: () => void = () => undefined;

  constructor(socket: Socket) {
    const end = (): void => {
      this.#ended = true;
      this.#wake();
    };
    socket.on('data', (block: Buffer) => {
      this.#octets = Buffer.concat([this.#octets, block]);
      this.#wake();
    });
    socket.on('end', end).on('close', end).on('error', end);
  }

  get octets(): Buffer {
    return this.#octets;
  }

  /** Whether the other side has closed. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Resolves when more has come, or the other side has closed. */
  more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** Takes so many octets from the beginning away. */
  take(count: number): Buffer {
    const taken = this.#octets.subarray(0, count);
    this.#octets = this.#octets.subarray(count);
    return taken;
  }
}
