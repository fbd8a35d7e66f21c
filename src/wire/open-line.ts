import type { Duplex } from 'node:stream';
import { asciiName } from './ascii-name.ts';
import { type Dial, type DialOptions, dial as dialHere } from './dial.ts';
import type { Proxy } from './proxy.ts';
import { dialThrough } from './through-proxy.ts';
import { openTunnel, type Tunnel } from './tunnel.ts';

/** How to get to the server, where not straight. */
export interface Route {
  readonly proxy?: Proxy | undefined;
  readonly tunnel?: Tunnel | undefined;
}

/** Opens the line to the server: straight, where `dial` may be of the caller's, by a proxy, or as the ends of a command. */
export function openLine({
  proxy,
  tunnel,
  dial = dialHere,
  ...options
}: DialOptions & Route & { readonly dial?: Dial | undefined }): Promise<Duplex> {
  const host = asciiName(options.host);
  if (tunnel !== undefined) return openTunnel(tunnel, host, options.port);
  return proxy === undefined ? dial(options) : dialThrough(proxy, { ...options, host });
}
