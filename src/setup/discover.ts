import { Resolver } from 'node:dns/promises';
import { wrongHost } from '../config/host.ts';
import { type Provider, providerOfAddress, providerOfHost } from '../config/providers.ts';
import { asMailError, MailError } from '../errors.ts';
import { connect } from '../pop3-client/open-session.ts';
import { defaultPort, isLoopback, type TlsMode } from '../pop3-client/options.ts';
import { hostAndPort } from '../wire/address.ts';

/** A server that may have the maildrop of an address. */
export interface Candidate {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsMode;
  /** How we came to think so. */
  readonly from: 'table' | 'dns' | 'guess' | 'said';
}

/** A server that somebody named; what they left open is tried. */
export interface NamedServer {
  readonly host: string;
  readonly port?: number | undefined;
  readonly tls?: TlsMode | undefined;
}

/** `HOST` or `HOST:PORT` as somebody types it; undefined when it is neither. */
export function parseServer(text: string): NamedServer | undefined {
  const [, host = text, port] = /^([^:]+):(\d{1,5})$/.exec(text) ?? [];
  if (wrongHost(host) !== undefined || Number(port ?? 1) < 1 || Number(port ?? 1) > 65_535) return undefined;
  return { host, port: port === undefined ? undefined : Number(port) };
}

/** Where mail for an address can be fetched. */
export interface Discovery {
  readonly server: Candidate | undefined;
  readonly provider: Provider | undefined;
  /** What was tried without success, and why not. */
  readonly failed: readonly { readonly candidate: Candidate; readonly error: MailError }[];
}

/** What discovery asks of the network. */
export interface Network {
  /** The servers that DNS names for a service (RFC 6186 §3.3), best first; none where there are no such records. */
  srv(name: string): Promise<readonly { readonly host: string; readonly port: number }[]>;
  /** Resolves when a POP3 server greets there, its certificate being good. Raises what is wrong otherwise. */
  greet(candidate: Candidate): Promise<void>;
}

/** A guess is not worth waiting for as long as a server that somebody named. */
const GREETING_MS = 8000;

/** Most addresses have no SRV records, and a name server that keeps silent about them must not hold up the rest. */
const NAME_SERVER_MS = 2000;

/** The real network; asks `nameServers` in place of those of the system. No name and no password is sent. */
export function realNetwork(
  how: { readonly ca: readonly string[]; readonly signal: AbortSignal },
  nameServers?: readonly string[],
): Network {
  const resolver = new Resolver({ timeout: NAME_SERVER_MS, tries: 2 });
  if (nameServers !== undefined) resolver.setServers(nameServers);
  return {
    srv: async (name) => {
      try {
        const records = await resolver.resolveSrv(name);
        return records
          .filter((record) => record.name !== '' && record.name !== '.')
          .sort((one, other) => one.priority - other.priority || other.weight - one.weight)
          .map((record) => ({ host: record.name, port: record.port }));
      } catch {
        // No such record, or no DNS: there are other ways to find out.
        return [];
      }
    },
    greet: async ({ host, port, tls }) => {
      const timeouts = { connectMs: GREETING_MS };
      const session = await connect({ host, port, tls, ...how, timeouts });
      if (tls === 'starttls') await session.stls({ serverName: host, ...how });
      await session.quit();
    },
  };
}

/** The servers to try for an address, the most likely first. */
export async function candidatesFor(
  address: string,
  network: Pick<Network, 'srv'>,
): Promise<readonly Candidate[]> {
  const domain = address.slice(address.lastIndexOf('@') + 1).toLowerCase();
  const provider = providerOfAddress(address);
  if (provider !== undefined) {
    const { host, port, tls } = provider;
    return host === undefined ? [] : [{ host, port, tls, from: 'table' }];
  }
  const implicit = await network.srv(`_pop3s._tcp.${domain}`);
  const plain = await network.srv(`_pop3._tcp.${domain}`);
  const named: Candidate[] = [
    ...implicit.map((record) => ({ ...record, tls: 'implicit', from: 'dns' }) as const),
    ...plain.map((record) => ({ ...record, tls: 'starttls', from: 'dns' }) as const),
  ];
  const guesses = (['implicit', 'starttls'] as const).flatMap((tls) =>
    [`pop.${domain}`, `mail.${domain}`, `pop3.${domain}`, domain].map((host): Candidate => {
      return { host, port: defaultPort(tls), tls, from: 'guess' };
    }),
  );
  return [...named, ...guesses];
}

/** The ways to reach a server that somebody named; without TLS only on this machine, or when that was said. */
export function candidatesAt({ host, port, tls }: NamedServer): readonly Candidate[] {
  const usual: readonly TlsMode[] = isLoopback(host)
    ? ['implicit', 'starttls', 'none']
    : ['implicit', 'starttls'];
  return (tls === undefined ? usual : [tls]).map((mode) => {
    return { host, port: port ?? defaultPort(mode), tls: mode, from: 'said' };
  });
}

/** Finds the server of an address by trying each that is likely; one that somebody named is the only one. */
export async function discover(
  address: string,
  { network, said }: { readonly network: Network; readonly said?: NamedServer | undefined },
): Promise<Discovery> {
  const provider = (said && providerOfHost(said.host)) ?? providerOfAddress(address);
  const failed: { candidate: Candidate; error: MailError }[] = [];
  for (const candidate of said === undefined ? await candidatesFor(address, network) : candidatesAt(said)) {
    try {
      await network.greet(candidate);
      return { server: candidate, provider: providerOfHost(candidate.host) ?? provider, failed };
    } catch (thrown) {
      failed.push({ candidate, error: asMailError(thrown) });
    }
  }
  return { server: undefined, provider, failed };
}

/** Why no server was found, and what to do. */
export function noServer(address: string, { provider, failed }: Discovery): MailError {
  const [first] = failed;
  if (provider?.host === undefined && provider !== undefined) {
    return new MailError('unreachable', `${provider.name} has no POP3.`, { hint: provider.notes.join(' ') });
  }
  if (first !== undefined && first.candidate.from !== 'guess') {
    // One that answered tells more than one that did not.
    const { error } = failed.find((it) => it.error.code !== 'unreachable') ?? first;
    // There is no configuration yet.
    const hint = error.hint?.replace('"caFile"', '--ca-file');
    return new MailError(error.code, error.message, { hint, cause: error });
  }
  const tried = failed.map(({ candidate: { host, port } }) => hostAndPort(host, port)).join(', ');
  return new MailError('unreachable', `No POP3 server was found for ${address}.`, {
    hint: `Tried: ${tried}. Look up its name at the provider, and say it (--host NAME).`,
  });
}
