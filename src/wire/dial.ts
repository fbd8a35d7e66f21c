import { type LookupAddress, lookup as systemLookup } from 'node:dns';
import { connect as connectTcp, isIP, type LookupFunction, type Socket } from 'node:net';
import { unreachable } from './errors.ts';
import { CONNECT_ATTEMPT_MS } from './limits.ts';

/** Where to connect to, and how. */
export interface DialOptions {
  /** A name or an address. */
  readonly host: string;
  readonly port: number;
  /** Ends the attempt; its reason is what `dial` then rejects with. */
  readonly signal: AbortSignal;
  /** The address of this machine to connect from; it also decides between IPv4 and IPv6. Default: any. */
  readonly sourceAddress?: string | undefined;
  /** Finds the addresses of a name. Default: that of the system. */
  readonly lookup?: LookupFunction | undefined;
  /** Is told that the address is known, and the first attempt on its way. */
  readonly onAttempt?: (() => void) | undefined;
}

/** Makes a TCP connection, as `dial` does. */
export type Dial = (options: DialOptions) => Promise<Socket>;

/**
 * A TCP connection, over IPv6 or IPv4, whichever answers first (RFC 8305): the addresses of the host are tried shortly
 * one after the other, and none is given up while the others are tried. Raises `unreachable`, or the signal's reason.
 */
export async function dial(options: DialOptions): Promise<Socket> {
  const { host, port, signal, sourceAddress } = options;
  try {
    const addresses = await unlessAborted(signal, addressesOf(options));
    options.onAttempt?.();
    const connectTo = (address: string): Socket =>
      connectTcp({
        host: address,
        port,
        noDelay: true,
        ...(sourceAddress === undefined ? {} : { localAddress: sourceAddress }),
      });
    return await firstConnected(alternating(addresses), connectTo, signal);
  } catch (cause) {
    signal.throwIfAborted();
    throw unreachable(host, port, cause);
  }
}

function addressesOf({
  host,
  sourceAddress = '',
  lookup = systemLookup,
}: DialOptions): Promise<readonly LookupAddress[]> {
  if (isIP(host) !== 0) return Promise.resolve([{ address: host, family: isIP(host) }]);
  return new Promise((resolve, reject) => {
    lookup(host, { all: true, family: isIP(sourceAddress) }, (error, found, family) => {
      if (error !== null) reject(error);
      else resolve(typeof found === 'string' ? [{ address: found, family: family ?? isIP(found) }] : found);
    });
  });
}

/** The addresses of both families in turn, in the order in which they were found (RFC 8305 §4). */
function alternating(addresses: readonly LookupAddress[]): readonly string[] {
  const ofFamily = (isFirst: boolean): string[] =>
    addresses
      .filter(({ family }) => (family === addresses[0]?.family) === isFirst)
      .map(({ address }) => address);
  const [first, second] = [ofFamily(true), ofFamily(false)];
  return Array.from({ length: Math.max(first.length, second.length) }, (_, index) => [
    ...first.slice(index, index + 1),
    ...second.slice(index, index + 1),
  ]).flat();
}

/** Rejects with the first error when none of the addresses can be connected to. */
function firstConnected(
  addresses: readonly string[],
  connectTo: (address: string) => Socket,
  signal: AbortSignal,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const left = [...addresses];
    const trying = new Set<Socket>();
    let timer: NodeJS.Timeout | undefined;
    let firstError: Error | undefined;
    const settle = (act: () => void): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      for (const socket of trying) socket.destroy();
      trying.clear();
      act();
    };
    const onAbort = (): void => settle(() => reject(signal.reason as Error));
    const tryNext = (): void => {
      clearTimeout(timer);
      const address = left.shift();
      if (address === undefined) {
        if (trying.size === 0) settle(() => reject(firstError ?? new Error('it has no address')));
        return;
      }
      const socket = connectTo(address);
      trying.add(socket);
      // Stays for as long as the socket lives: a late error has nobody left to tell.
      socket.on('error', (error) => {
        if (!trying.delete(socket)) return;
        firstError ??= error;
        tryNext();
      });
      socket.once('connect', () => {
        if (trying.delete(socket)) settle(() => resolve(socket));
      });
      if (left.length > 0) timer = setTimeout(tryNext, CONNECT_ATTEMPT_MS);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    tryNext();
  });
}

/** For work that cannot be called off: with the signal, nobody waits for it any more. */
export function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
    if (signal.aborted) onAbort();
  });
}
