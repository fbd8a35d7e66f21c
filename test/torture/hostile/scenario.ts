import type { ErrorCode } from '../../../src/errors.ts';
import { createServer, type Faults } from '../../../src/pop3-server/index.ts';
import { certificate, type KeyPair } from '../../support/certificates.ts';
import { type PeerLine, rawPeer } from '../../support/raw-peer.ts';
import { type ScriptedMaildrop, serve } from './scripted-maildrop.ts';

/** One thing that a server may do, and the documented outcome. */
export interface Scenario {
  /** Completes "The server …". */
  readonly title: string;
  /** How the included server is told to do it. */
  readonly faults?: Faults;
  /** What faults cannot express, done by a server of its own. */
  readonly peer?: (line: PeerLine, maildrop: ScriptedMaildrop) => Promise<void>;
  /** Listings that the included server would not give. */
  readonly listings?: Pick<ScriptedMaildrop, 'scanRows' | 'uniqueIdRows' | 'drop'>;
  readonly tls?: () => KeyPair;
  /** What it does not have. */
  readonly without?: readonly string[];
  /** Default: three messages. */
  readonly messages?: readonly string[];
  /** Their unique-ids, where they matter. */
  readonly uids?: readonly string[];
  /** What else the account says. */
  readonly account?: Readonly<Record<string, unknown>>;
  /** How many times the bad server is polled; the outcome is that of the last. Default: 1. */
  readonly insist?: number;
  /** The most memory that it may cost, in MiB, where that is more than usual. */
  readonly memory?: number;
  /** Takes its time, so that it has a place in the whole matrix only. */
  readonly slow?: boolean;
  /** Everything was carried and kept the day before, when the server was good. */
  readonly yesterday?: boolean;
  readonly outcome: Outcome;
  /** What the password must not have been sent to. */
  readonly noPassword?: boolean;
}

export interface Outcome {
  /** The exit status. */
  readonly status: number | null;
  readonly code: ErrorCode | null;
  /** What is said, with `HOST` and `PORT` for the server's; null: nothing is wrong. */
  readonly says: string | null;
  /** Messages at the destination afterwards, and on the server. */
  readonly stored: number;
  readonly left: number;
  /** When the server is good again, after so many polls everything is carried exactly once and nothing left. Default: 1. */
  readonly polls?: number;
}

export const MAIL: readonly string[] = [
  'Message-ID: <1@mail.example>\r\nSubject: one\r\n\r\nfirst\r\n',
  'Message-ID: <2@mail.example>\r\nSubject: two\r\n\r\n.dot\r\nsecond\r\n',
  'Message-ID: <3@mail.example>\r\nSubject: three\r\n\r\nFrom here\r\nthird\r\n',
];

export const PASSWORD = 'Pass-of-alice';

/** A server that does what the scenario says, until it is healed. */
export interface Hosted extends AsyncDisposable {
  /** Where it listens, and where, after `heal`, the good one does. */
  readonly port: number;
  readonly messages: readonly string[];
  misbehave(): void;
  heal(): void;
  /** Messages in the maildrop. */
  left(): number;
  /** Whether the password has arrived, in any form. */
  hasPassword(): boolean;
}

export function host(scenario: Scenario): Promise<Hosted> {
  return scenario.peer === undefined && scenario.listings === undefined
    ? hostByServer(scenario)
    : hostByPeer(scenario);
}

async function hostByServer(scenario: Scenario): Promise<Hosted> {
  const { faults = [], messages = MAIL, uids, tls, without = [], account = {} } = scenario;
  let logins = 0;
  const server = await createServer({
    users: { alice: { password: PASSWORD, messages: [] } },
    without,
    ...(tls === undefined ? {} : { tls: tls(), tlsPort: 0 }),
    observe: (event) => {
      if (event.kind === 'command' && /^(PASS|AUTH)\b/i.test(event.line)) logins += 1;
    },
  });
  const maildrop = server.maildrop('alice');
  messages.forEach((message, index) => maildrop.add(message, { uid: uids?.[index] }));
  // The one with another certificate has the same mail.
  const good = await createServer({
    users: { alice: { password: PASSWORD, maildrop } },
    tls: certificate(),
    tlsPort: 0,
  });
  const implicit = account['tls'] === 'implicit';
  const portOf = ({ address, tlsAddress }: typeof server): number =>
    (implicit ? (tlsAddress ?? address) : address).port;
  let healed = false;
  return {
    get port() {
      return portOf(healed ? good : server);
    },
    messages,
    misbehave: () => server.setFaults(faults),
    heal: () => {
      healed = true;
    },
    left: () => maildrop.messages.length,
    hasPassword: () => logins > 0,
    [Symbol.asyncDispose]: async () => {
      await server.close();
      await good.close();
    },
  };
}

async function hostByPeer({ peer, listings = {}, messages = MAIL }: Scenario): Promise<Hosted> {
  const truth = { messages: new Map(messages.map((text, index) => [index + 1, text])) };
  let hostile = false;
  const server = await rawPeer(async (line) => {
    if (!hostile) await serve(line, truth);
    else if (peer === undefined) await serve(line, { ...listings, ...truth });
    else await peer(line, { ...listings, ...truth });
  });
  const basic = Buffer.from(`\0alice\0${PASSWORD}`).toString('base64');
  return {
    port: server.port,
    messages,
    misbehave: () => {
      hostile = true;
    },
    heal: () => {
      hostile = false;
    },
    left: () => truth.messages.size,
    hasPassword: () =>
      server.lines.some(({ received }) => received.includes(PASSWORD) || received.includes(basic)),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
