import { afterAll, beforeEach } from 'vitest';
import type { AuthChoice, TlsMode } from '../../src/pop3-client/index.ts';
import { MESSAGES, SESSION_TESTS, sessionSuite } from '../pop3-client/session.suite.ts';
import { authority, certificate } from '../support/certificates.ts';
import { type Dovecot, startDovecot } from '../support/dovecot.ts';
import { requirePrograms } from '../support/programs.ts';

/** What a session promises on our own server it promises on Dovecot, by each mechanism that has a password. */

const PASSWORD = 'open sesame';

const WAYS: readonly (readonly [TlsMode, AuthChoice])[] = [
  ['none', 'user-pass'],
  ['none', 'apop'],
  ['none', 'plain'],
  ['none', 'scram-sha-256'],
  ['starttls', 'login'],
  ['starttls', 'scram-sha-1'],
  ['implicit', 'cram-md5'],
  ['implicit', 'auto'],
];

beforeEach(requirePrograms('dovecot', 'openssl'));

/** For each test a user of its own, since Dovecot takes a while to start. */
const full = Array.from({ length: WAYS.length * SESSION_TESTS }, (_, index) => `full${index}`);
const empty = Array.from({ length: WAYS.length }, (_, index) => `empty${index}`);
let started: Promise<Dovecot> | undefined;

function dovecot(): Promise<Dovecot> {
  started ??= startDovecot({
    users: Object.fromEntries([
      ...full.map((user) => [user, { password: PASSWORD, messages: MESSAGES }] as const),
      ...empty.map((user) => [user, { password: PASSWORD, messages: [] }] as const),
    ]),
    tls: certificate(),
    mechanisms: ['plain', 'login', 'apop', 'cram-md5', 'scram-sha-1', 'scram-sha-256'],
  });
  return started;
}

afterAll(async () => (await started)?.[Symbol.asyncDispose]());

for (const [tls, auth] of WAYS) {
  sessionSuite({
    name: `Dovecot, TLS: ${tls}, ${auth}`,
    serve: async (messages) => {
      const { host, ports } = await dovecot();
      const user = (messages.length === 0 ? empty : full).pop() ?? 'nobody is left';
      const port = tls === 'implicit' ? ports.tls : ports.plain;
      return {
        options: { host, port, tls, auth, user, password: PASSWORD, ca: [authority().cert] },
        [Symbol.asyncDispose]: () => Promise.resolve(),
      };
    },
  });
}
