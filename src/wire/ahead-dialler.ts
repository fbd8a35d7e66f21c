import { type Dial, type DialOptions, dial, unlessAborted } from './dial.ts';

type Socket = Awaited<ReturnType<Dial>>;

type Place = Pick<DialOptions, 'host' | 'port' | 'sourceAddress'>;

interface Begun {
  /** Undefined where it failed. */
  readonly socket: Promise<Socket | undefined>;
  /** Monotonic, in milliseconds. */
  readonly at: number;
}

/** No server gives up somebody who has been silent for this long. */
const FRESH_MS = 5000;

/** Longer than this the address is not waited for before something else is done. */
const LOOKUP_MS = 10;

/**
 * Dials before anybody can use the line: while the rest of the program is loaded. Each connection is handed to the first who
 * dials for the same place; one that failed, ended, or waited for long is replaced by a new one.
 */
export class AheadDialler implements Disposable {
  readonly #begun = new Map<string, Begun>();
  readonly #calledOff = new AbortController();

  /** Begins to dial. Resolves when the first octet has surely left, or after a moment; never rejects. */
  async begin(place: Place): Promise<void> {
    const { signal } = this.#calledOff;
    await new Promise<void>((resolve) => {
      const patience = setTimeout(resolve, LOOKUP_MS);
      // Node itself connects in the next turn of the event loop.
      const onAttempt = (): void => void setImmediate(resolve);
      const socket = dial({ ...place, signal, onAttempt })
        .catch(() => undefined)
        .finally(() => {
          clearTimeout(patience);
          resolve();
        });
      this.#begun.set(keyOf(place), { socket, at: performance.now() });
    });
  }

  /** As the function `dial`. */
  readonly dial: Dial = async (options) => {
    const begun = this.#take(keyOf(options));
    if (begun === undefined) return dial(options);
    const socket = await unlessAborted(options.signal, begun.socket).catch((error: unknown) => {
      closeLater(begun);
      throw error;
    });
    if (socket !== undefined && isSound(socket) && performance.now() - begun.at < FRESH_MS) return socket;
    socket?.destroy();
    return dial(options);
  };

  [Symbol.dispose](): void {
    this.#calledOff.abort();
    for (const begun of this.#begun.values()) closeLater(begun);
    this.#begun.clear();
  }

  #take(key: string): Begun | undefined {
    const begun = this.#begun.get(key);
    this.#begun.delete(key);
    return begun;
  }
}

function keyOf({ host, port, sourceAddress = '' }: Place): string {
  return `${host} ${port} ${sourceAddress}`;
}

function isSound(socket: Socket): boolean {
  return !socket.destroyed && !socket.readableEnded;
}

function closeLater({ socket }: Begun): void {
  void socket.then((opened) => opened?.destroy());
}
