import type { DropListing } from '../pop3/types.ts';
import { openSession } from '../pop3-client/open-session.ts';
import type { TlsMode } from '../pop3-client/options.ts';
import type { Secret } from '../secret.ts';

export interface LoginTrial {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsMode;
  readonly ca: readonly string[];
  readonly user: string;
  readonly password: Secret;
  readonly signal: AbortSignal;
}

/** Logs in, asks how much is there, and leaves; changes nothing. Raises what a poll would raise. */
export async function tryLogin({
  host,
  port,
  tls,
  ca,
  user,
  password,
  signal,
}: LoginTrial): Promise<DropListing> {
  await using session = await openSession({ host, port, tls, ca, user, password, signal });
  const drop = await session.stat();
  await session.quit();
  return drop;
}
