import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { sampleMail } from '../../src/cli/demo/sample-mail.ts';
import { cuttingProxy } from '../support/cutting-proxy.ts';
import { runProgram, writeConfiguration } from '../support/program.ts';
import { type TortureMessage, tortureMail } from '../support/torture-mail.ts';
import { makesFolder } from './folder.ts';
import {
  type Delivery,
  delivered,
  fetchJson,
  type Kind,
  named,
  report,
  retrieveRaw,
  sha256,
  stored,
  type TlsMode,
} from './judge.ts';
import { PASSWORD, type RunningServer, type ServerKind } from './servers/kind.ts';

/** Larger ones are tried with Dovecot; here they would only cost time. */
const LARGEST = 2_000_000;

const TWIN = Buffer.from('Subject: ordinary twin\r\nFrom: a@mail.example\r\n\r\nthe same octets\r\n');

/** A server that is started by the first test that needs it, with a maildrop of its own for each test. */
export interface Served {
  /** A user whom no other test has; undefined: nobody is left, so name more of them. */
  readonly user: (maildrop: 'odd' | 'few') => Promise<string>;
  readonly running: () => Promise<RunningServer>;
  /** The folder of the test: configuration, state, what is delivered. */
  readonly folder: () => string;
  /** Writes a configuration for this user. */
  readonly configure: (user: string, account?: Readonly<Record<string, unknown>>) => Promise<Delivery>;
  /** What a raw socket gets of the maildrop. */
  readonly retrieve: (user: string) => Promise<Buffer[]>;
  /** What is in the maildrop of `odd` users and of `few` users. */
  readonly odd: readonly TortureMessage[];
  readonly few: readonly Buffer[];
}

const ODD_USERS = 5;
const FEW_USERS = 12;

/** Sets a server up for the tests of a file; call it once, outside of tests. */
export function served(kind: ServerKind): Served {
  const all: readonly TortureMessage[] = [
    ...tortureMail().filter(({ octets }) => octets.length < LARGEST),
    ...sampleMail(5).map((octets, index) => ({ name: `sample ${index}`, octets })),
  ];
  const only = kind.servesOnly?.messages;
  const odd =
    only?.map((octets, index) => ({ name: `plain ${index}`, octets })) ??
    all.filter(({ octets }) => kind.holds?.fits(octets) ?? true);
  const few = only ?? [...sampleMail(4), TWIN, TWIN];
  const users = {
    odd: Array.from({ length: ODD_USERS }, (_, index) => `odd${index}`),
    few: Array.from({ length: FEW_USERS }, (_, index) => `few${index}`),
  };
  const oddOctets = odd.map(({ octets }) => octets);
  const maildrops = new Map<string, readonly Buffer[]>([
    ...users.odd.map((user) => [user, oddOctets] as const),
    ...users.few.map((user) => [user, few] as const),
  ]);
  let started: Promise<RunningServer> | undefined;
  let folder = '';

  beforeEach(kind.require);
  beforeEach(makesFolder((path) => (folder = path)));
  afterAll(async () => (await started)?.[Symbol.asyncDispose]());

  const running = (): Promise<RunningServer> => {
    started ??= kind.start(maildrops);
    return started;
  };
  return {
    odd,
    few,
    running,
    folder: () => folder,
    user: async (maildrop) => {
      await running();
      const user = users[maildrop].shift();
      if (user === undefined) throw new Error(`More tests than users with ${maildrop} messages.`);
      return user;
    },
    configure: async (user, account = {}) => {
      const { host, ports } = await running();
      const { kind: type = 'maildir', tls = 'none', ...more } = account;
      const deliver: Delivery = { type: type as Kind, path: join(folder, 'Mail') };
      const port = tls === 'implicit' ? ports.tls : ports.plain;
      const whole = { host, port, tls, caFile: './ca.pem', user, password: PASSWORD, deliver, ...more };
      await writeConfiguration(folder, whole);
      return deliver;
    },
    retrieve: async (user) => {
      const { host, ports } = await running();
      const { first = [] } = kind;
      return retrieveRaw({ host, port: ports.plain, user, password: PASSWORD, first, folder });
    },
  };
}

/** What a poll of the built program does with any server. */
export function serverSuite(kind: ServerKind, server: Served): void {
  describe(`the built program polls ${kind.title}`, () => {
    /** Without what the server writes anew in every session. */
    const constant = (message: Buffer): Buffer =>
      Buffer.from(message.toString('latin1').replaceAll(kind.volatile ?? /(?!)/g, ''), 'latin1');
    const onWire = async (user: string): Promise<Buffer[]> =>
      (await server.retrieve(user)).map(stored).map(constant);

    async function carryAll(tls: TlsMode, type: Kind, maildrop: 'odd' | 'few'): Promise<void> {
      const user = await server.user(maildrop);
      const wire = await onWire(user);
      const deliver = await server.configure(user, { tls, kind: type });
      const messages =
        maildrop === 'odd' ? server.odd : server.few.map((octets, index) => ({ name: `${index}`, octets }));
      const { length } = messages;
      expect(wire).toHaveLength(length);
      expect(await fetchJson(server.folder())).toMatchObject({
        outcome: 'ok',
        listed: length,
        fetched: length,
        deleted: length,
      });
      const names = named(messages, wire);
      const here = (await delivered(deliver)).map(constant);
      expect(names(here.map(sha256))).toEqual(names(wire.map(sha256)));
      expect(await server.retrieve(user)).toEqual([]);

      expect(await fetchJson(server.folder())).toEqual(report({}));
      expect(await delivered(deliver)).toHaveLength(length);
    }

    test.each(kind.tls)(
      'into a Maildir: every message as a raw socket gets it, then off the server; a second poll has nothing to do (TLS: %s)',
      (tls) => carryAll(tls, 'maildir', 'odd'),
    );

    test('into an mbox: every message as a raw socket gets it, then off the server', () =>
      carryAll(kind.tls.at(-1) ?? 'none', 'mbox', 'odd'));

    test.each(kind.mechanisms)('logs in with %s', async (auth) => {
      const user = await server.user('few');
      const deliver = await server.configure(user, { auth, tls: kind.tls.at(-1) });
      expect(await fetchJson(server.folder())).toMatchObject({ outcome: 'ok', fetched: server.few.length });
      expect(await delivered(deliver)).toHaveLength(server.few.length);
    });

    test('refused with a wrong password: status 77, and nothing is lost', async () => {
      const user = await server.user('few');
      await server.configure(user, { password: 'battery staple' });
      const { status, stdout } = await runProgram(['fetch', '--json'], { cwd: server.folder() });
      expect(JSON.parse(stdout)).toMatchObject({ outcome: 'failed', error: { code: 'login-refused' } });
      expect(status).toBe(77);
      expect(await server.retrieve(user)).toHaveLength(server.few.length);
    });

    test('cut off in the middle: the next poll completes it, each message once', async () => {
      const user = await server.user('few');
      const wire = await onWire(user);
      const { host, ports } = await server.running();
      const half = Math.floor(wire.reduce((sum, { length }) => sum + length, 0) / 2);
      await using proxy = await cuttingProxy({ host, port: ports.plain, afterOctets: half });
      await server.configure(user, { port: proxy.port });
      const { status } = await runProgram(['fetch', '--json'], { cwd: server.folder() });
      expect(status).toBe(69);

      const deliver = await server.configure(user);
      expect(await fetchJson(server.folder())).toMatchObject({
        outcome: 'ok',
        deleted: server.few.length,
      });
      const here = (await delivered(deliver)).map(constant);
      expect(here.map(sha256).sort()).toEqual(wire.map(sha256).sort());
      expect(await server.retrieve(user)).toEqual([]);
    });

    test('told to delete nothing: everything is stored once, equal messages each, and no second time', async () => {
      const user = await server.user('few');
      const { length } = server.few;
      const deliver = await server.configure(user, { delete: 'never' });
      const counts = { outcome: 'ok', listed: length, kept: length, deleted: 0 };
      expect(await fetchJson(server.folder())).toMatchObject({ ...counts, fetched: length });
      expect(await fetchJson(server.folder())).toMatchObject({ ...counts, fetched: 0 });
      expect(await delivered(deliver)).toHaveLength(length);
      expect(await server.retrieve(user)).toHaveLength(length);
    });
  });
}
