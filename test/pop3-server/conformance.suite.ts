import { afterAll, afterEach, beforeEach, describe, expect, type TestContext, test } from 'vitest';
import { greetedClient, type RawClient, rawClient } from '../support/raw-client.ts';
import { describeExtensions, describeSasl, describeTls } from './conformance/extensions.ts';
import { describeLines, describeLogin, describeStates } from './conformance/lines-and-states.ts';
import { describeDeleting, describeListing, describeReading } from './conformance/maildrop.ts';
import { MESSAGES, OK, type Rule, type Visit } from './conformance/visit.ts';

/** A server with these users, whose password is "secret", and TLS by STLS. */
export interface ConformingServer extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
}

export interface ConformanceSetup {
  readonly name: string;
  readonly start: (users: ReadonlyMap<string, readonly Buffer[]>) => Promise<ConformingServer>;
  /** Trusts its certificate. */
  readonly ca: () => string;
  /** For `beforeEach`: skips where the server cannot be started. */
  readonly require?: (context: TestContext) => void;
  /** Which rules it is known to break, by the names of the tests, and how. */
  readonly deviations?: Readonly<Record<string, string>>;
}

const USERS = 80;

/** What the RFCs ask of a server, octet by octet over a raw socket; the same rules for any server. */
export function conformanceSuite(setup: ConformanceSetup): void {
  describe(`the rules of the RFCs (${setup.name})`, () => {
    const users = Array.from({ length: USERS }, (_, index) => `rule${index}`);
    let server: ConformingServer | undefined;
    const clients: RawClient[] = [];

    if (setup.require !== undefined) beforeEach(setup.require);
    const started = async (): Promise<ConformingServer> => {
      server ??= await setup.start(new Map(users.map((user) => [user, MESSAGES])));
      return server;
    };
    afterEach(async () => {
      for (const client of clients.splice(0)) await client[Symbol.asyncDispose]();
    });
    afterAll(async () => server?.[Symbol.asyncDispose]());

    const kept = async (client: Promise<RawClient>): Promise<RawClient> => {
      clients.push(await client);
      return client;
    };
    let next = 0;
    const rule: Rule = (name, check) => {
      const user = users[next] ?? '';
      next += 1;
      const visit: Visit = {
        user,
        connected: async () => kept(rawClient(await started())),
        greeted: async () => kept(greetedClient(await started())),
        entered: async () => {
          const client = await visit.greeted();
          expect(await client.logIn(user)).toMatch(OK);
          return client;
        },
      };
      const deviation = setup.deviations?.[name];
      if (deviation === undefined) test(name, () => check(visit));
      else test.fails(`${name} (not so here: ${deviation})`, () => check(visit));
    };

    describeLines(rule);
    describeStates(rule);
    describeListing(rule);
    describeReading(rule);
    describeDeleting(rule);
    describeLogin(rule);
    describeExtensions(rule);
    describeSasl(rule);
    describeTls(rule, setup.ca);
  });
}
