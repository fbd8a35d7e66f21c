import { connect as connectTcp, isIP, type LookupFunction, type Socket } from 'node:net';
import { unreachable } from './errors.ts';
import { CONNECT_ATTEMPT_MS } from './limits.ts';

export interface DialOptions {
  readonly host: string;
  readonly port: number;
  readonly signal: AbortSignal;
  /** The address of this machine to connect from; it also decides between IPv4 and IPv6. Default: any. */
  readonly sourceAddress?: string | undefined;
  /** Finds the addresses of a name. Default: that of the system. */
  readonly lookup?: LookupFunction | undefined;
}

/**
 * A TCP connection, over IPv6 or IPv4, whichever answers (RFC 8305, as far as Node has it: one address after the
 * other). Raises `unreachable`, or the signal's reason.
 */
export function dial({ host, port, signal, sourceAddress, lookup }: DialOptions): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp({
      host,
      port,
      autoSelectFamily: true,
      autoSelectFamilyAttemptTimeout: CONNECT_ATTEMPT_MS,
      noDelay: true,
      ...(sourceAddress === undefined ? {} : { localAddress: sourceAddress, family: isIP(sourceAddress) }),
      ...(lookup === undefined ? {} : { lookup }),
    });
    const settle = (act: () => void): void => {
      signal.removeEventListener('abort', onAbort);
      socket.off('error', onError);
      socket.on('error', () => undefined);
      act();
    };
    const onAbort = (): void => {
      socket.destroy();
      settle(() => reject(signal.reason as Error));
    };
    const onError = (cause: Error): void => settle(() => reject(unreachable(host, port, cause)));
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('error', onError);
    socket.once('connect', () => settle(() => resolve(socket)));
  });
}
