import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { sampleMail } from '../../src/cli/demo/sample-mail.ts';
import { type CertificateOptions, certificate } from '../support/certificates.ts';
import { type Dovecot, freePort, readMaildir, startDovecot } from '../support/dovecot.ts';
import { type Ended, runProgram, writeConfiguration } from '../support/program.ts';
import { requirePrograms } from '../support/programs.ts';
import { greetedClient } from '../support/raw-client.ts';
import { makesFolder } from './folder.ts';
import { NO_COUNTS } from './judge.ts';

/** What people see when a real server refuses, and that it costs no mail. */

interface Fault {
  readonly name: string;
  /** The certificate of the server; null where it has no TLS. */
  readonly certificate?: CertificateOptions | null;
  /** What is configured other than it should be. */
  readonly account: (
    dovecot: Dovecot,
  ) => Readonly<Record<string, unknown>> | Promise<Readonly<Record<string, unknown>>>;
  readonly status: number;
  readonly code: string;
  readonly message: RegExp;
  readonly hint: RegExp;
}

const PASSWORD = 'correct horse';
const WRONG_PASSWORD = 'battery staple';
const MAIL = sampleMail(3);

const FAULTS: readonly Fault[] = [
  {
    name: 'a wrong password',
    account: () => ({ password: WRONG_PASSWORD }),
    status: 77,
    code: 'login-refused',
    message: /refused the login of "alice", saying "\[AUTH\] Authentication failed\."/,
    hint: /"user" and "password"/,
  },
  {
    name: 'an unknown user',
    account: () => ({ user: 'nobody-here' }),
    status: 77,
    code: 'login-refused',
    message: /refused the login of "nobody-here"/,
    hint: /"user" and "password"/,
  },
  ...(['implicit', 'starttls'] as const).flatMap((tls): readonly Fault[] => [
    {
      name: `a certificate for another host (TLS: ${tls})`,
      certificate: { names: ['pop.example.org'] },
      account: ({ ports }) => ({ tls, port: tls === 'implicit' ? ports.tls : ports.plain }),
      status: 76,
      code: 'tls',
      message: /certificate is not for "127\.0\.0\.1", but for pop\.example\.org/,
      hint: /"host".*certificate/,
    },
    {
      name: `an authority that is not known (TLS: ${tls})`,
      account: ({ ports }) => ({
        tls,
        port: tls === 'implicit' ? ports.tls : ports.plain,
        caFile: undefined,
      }),
      status: 76,
      code: 'tls',
      message: /certificate of 127\.0\.0\.1 comes from an authority that this machine does not know/,
      hint: /"caFile"/,
    },
  ]),
  {
    name: 'a certificate that has expired',
    certificate: { expired: true },
    account: () => ({}),
    status: 76,
    code: 'tls',
    message: /certificate of 127\.0\.0\.1 has expired/,
    hint: /provider.*clock/,
  },
  {
    name: 'a certificate that is signed by itself',
    certificate: { selfSigned: true },
    account: () => ({}),
    status: 76,
    code: 'tls',
    message: /certificate of 127\.0\.0\.1 is signed by nobody but itself/,
    hint: /"caFile"/,
  },
  {
    name: 'STLS that is not offered',
    certificate: null,
    account: ({ ports }) => ({ tls: 'starttls', port: ports.plain }),
    status: 76,
    code: 'tls',
    message: /does not offer STLS/,
    hint: /"tls: implicit"/,
  },
  {
    name: 'TLS to the port without',
    account: ({ ports }) => ({ port: ports.plain }),
    status: 76,
    code: 'tls',
    message: /127\.0\.0\.1 does not speak TLS on this port/,
    hint: /"port" and "tls"/,
  },
  {
    name: 'no TLS to the port with',
    account: ({ ports }) => ({ tls: 'none', port: ports.tls, timeouts: { connect: '1s' } }),
    status: 69,
    code: 'timeout',
    message: /No usable answer for 1 s while connecting to 127\.0\.0\.1:\d+/,
    hint: /"?tls"?|timeouts\.connect/,
  },
  {
    name: 'a port where nobody listens',
    account: async () => ({ port: await freePort() }),
    status: 69,
    code: 'unreachable',
    message: /Cannot reach 127\.0\.0\.1:\d+: connection refused/,
    hint: /"port" and "tls"/,
  },
];

let folder: string;

beforeEach(requirePrograms('dovecot', 'openssl'));

beforeEach(makesFolder((path) => (folder = path)));

describe('a fetch that fails for', () => {
  test.each(FAULTS.map((fault) => [fault.name, fault] as const))(
    '%s says so, and leaves all mail where it is',
    async (_, fault) => {
      const dovecot = await shared(fault.certificate);
      await configure(dovecot, await fault.account(dovecot));
      const ended = await runProgram(['fetch', '--json'], { cwd: folder });
      expectFailure(ended, fault);
      expect(await dovecot.maildrop('alice')).toEqual(MAIL);
      expect(await hasArrived()).toBe(0);
    },
  );

  test('another session in the maildrop says so, and the next one carries all', async () => {
    await using dovecot = await serve({}, { lockSession: true });
    await configure(dovecot, {});
    {
      await using other = await greetedClient({ host: dovecot.host, port: dovecot.ports.plain });
      await other.logIn('alice', PASSWORD);
      expectFailure(await runProgram(['fetch', '--json'], { cwd: folder }), {
        status: 75,
        code: 'maildrop-busy',
        message: /reports another session in the maildrop of "alice"/,
        hint: /next poll tries again/,
      });
      expect(await hasArrived()).toBe(0);
      expect(await other.command('STAT')).toMatch(/^\+OK 3 /);
      expect(await other.command('QUIT')).toMatch(/^\+OK/);
    }
    const { status, stdout } = await runProgram(['fetch', '--json'], { cwd: folder });
    expect({ status, report: JSON.parse(stdout) as unknown }).toMatchObject({
      status: 0,
      report: { fetched: 3, deleted: 3 },
    });
    expect(await hasArrived()).toBe(3);
  });
});

/** Nothing that fails changes anything, so one server for each certificate is enough. */
const running = new Map<string, Promise<Dovecot>>();

function shared(options: CertificateOptions | null = {}): Promise<Dovecot> {
  const name = JSON.stringify(options);
  const server = running.get(name) ?? serve(options);
  running.set(name, server);
  return server;
}

afterAll(async () => {
  await Promise.all([...running.values()].map(async (server) => (await server)[Symbol.asyncDispose]()));
});

function serve(
  options: CertificateOptions | null = {},
  more: { readonly lockSession?: boolean } = {},
): Promise<Dovecot> {
  const users = { alice: { password: PASSWORD, messages: MAIL } };
  return startDovecot({ users, ...(options === null ? {} : { tls: certificate(options) }), ...more });
}

async function configure(
  { host, ports }: Dovecot,
  account: Readonly<Record<string, unknown>>,
): Promise<void> {
  const right = { host, port: ports.tls, tls: 'implicit', caFile: './ca.pem', password: PASSWORD };
  await writeConfiguration(folder, { ...right, ...account });
}

function expectFailure(
  { status, stdout, stderr }: Ended,
  expected: Pick<Fault, 'status' | 'code' | 'message' | 'hint'>,
): void {
  const report = JSON.parse(stdout) as { error: { message: string; hint: string } };
  const { code, message, hint } = expected;
  expect(report).toMatchObject({ account: 'me', outcome: 'failed', ...NO_COUNTS, error: { code } });
  expect(report.error.message).toMatch(message);
  expect(report.error.hint).toMatch(hint);
  expect([report.error.message, report.error.hint].filter((text) => !isOneSentence(text))).toEqual([]);
  expect(status).toBe(expected.status);
  for (const password of [PASSWORD, WRONG_PASSWORD]) expect(stdout + stderr).not.toContain(password); // I5
}

/** What the server said stands in quotes, and may be whatever it is. */
function isOneSentence(text: string): boolean {
  return /^[A-Z][^\n]*[^.]\.$/.test(text) && !/[.!?] /.test(text.replaceAll(/"[^"]*"/g, '""'));
}

async function hasArrived(): Promise<number> {
  const path = join(folder, 'Mail');
  return (await stat(path).catch(() => undefined)) === undefined ? 0 : (await readMaildir(path)).length;
}
