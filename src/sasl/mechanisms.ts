import { cramMd5Client, cramMd5Server } from './cram-md5.ts';
import type { ClientExchange, ClientMeans, ServerExchange, ServerMeans } from './exchange.ts';
import { externalClient, externalServer } from './external.ts';
import { loginClient, loginServer } from './login.ts';
import { oauthbearerClient, oauthbearerServer } from './oauthbearer.ts';
import { plainClient, plainServer } from './plain.ts';
import { scramClient } from './scram-client.ts';
import { scramServer } from './scram-server.ts';
import { xoauth2Client, xoauth2Server } from './xoauth2.ts';

/** A SASL mechanism by the name it has on the line (RFC 4422 §3.1). */
export type MechanismName =
  | 'SCRAM-SHA-256'
  | 'SCRAM-SHA-1'
  | 'CRAM-MD5'
  | 'PLAIN'
  | 'LOGIN'
  | 'OAUTHBEARER'
  | 'XOAUTH2'
  | 'EXTERNAL';

/** A mechanism as both sides have it. */
interface Mechanism {
  /** Whether who listens on the line learns the password or the token. */
  readonly showsSecret: boolean;
  readonly client: (means: ClientMeans) => ClientExchange | Promise<ClientExchange>;
  readonly server: (means: ServerMeans) => ServerExchange;
}

/** Every mechanism there is here, the strongest first. */
export const MECHANISMS: Readonly<Record<MechanismName, Mechanism>> = {
  'SCRAM-SHA-256': {
    showsSecret: false,
    client: (means) => scramClient('sha256', means),
    server: (means) => scramServer('sha256', means),
  },
  'SCRAM-SHA-1': {
    showsSecret: false,
    client: (means) => scramClient('sha1', means),
    server: (means) => scramServer('sha1', means),
  },
  'CRAM-MD5': { showsSecret: false, client: cramMd5Client, server: cramMd5Server },
  PLAIN: { showsSecret: true, client: plainClient, server: plainServer },
  LOGIN: { showsSecret: true, client: loginClient, server: loginServer },
  OAUTHBEARER: { showsSecret: true, client: oauthbearerClient, server: oauthbearerServer },
  XOAUTH2: { showsSecret: true, client: xoauth2Client, server: xoauth2Server },
  EXTERNAL: { showsSecret: false, client: externalClient, server: externalServer },
};

/** The name of a mechanism in whatever case (RFC 4422 §3.1), or undefined where there is no such mechanism here. */
export function mechanismNamed(text: string): MechanismName | undefined {
  const name = text.toUpperCase();
  return Object.hasOwn(MECHANISMS, name) ? (name as MechanismName) : undefined;
}
