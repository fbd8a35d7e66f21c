import { expect, test } from 'vitest';
import { connect, openSession, type SessionOptions } from '../../src/pop3-client/index.ts';

const GOOD: SessionOptions = { host: '127.0.0.1', port: 1, tls: 'none', user: 'alice', password: 'secret' };

/** What TypeScript refuses in part, and JavaScript passes on. */
const FAULTY: readonly (readonly [string, object, string])[] = [
  ['no host', { host: undefined }, '"host" must be a name or an address, not nothing.'],
  ['a port that there is not', { port: 70_000 }, '"port" must be a whole number from 1 to 65535, not 70000.'],
  ['a port as a text', { port: '110' }, '"port" must be a whole number from 1 to 65535, not "110".'],
  ['an unknown kind of TLS', { tls: 'tls' }, '"tls" must be one of implicit, starttls, none, not "tls".'],
  ['a timeout without an end', { timeouts: { idleMs: Infinity } }, '"timeouts.idleMs" must be'],
  ['a pin that is none', { pinSha256: 'ab:cd' }, '"pinSha256" must be 64 hexadecimal digits, not "ab:cd".'],
  ['a timeout before now', { timeouts: { connectMs: -5 } }, '"timeouts.connectMs" must be'],
];

test.each(FAULTY)('%s is refused before anything is sent, and says why', async (_, fault, message) => {
  const options = { ...GOOD, ...fault };
  for (const opened of [connect(options), openSession(options)]) {
    await expect(opened).rejects.toMatchObject({
      code: 'config',
      message: expect.stringContaining(message),
    });
  }
});

test.each([
  ['an unknown mechanism', { auth: 'foo' }, '"auth" must be one of auto, user-pass'],
  ['no user', { user: undefined }, '"user" must be a text, not nothing.'],
  ['no user of a certificate', { user: undefined, auth: 'external' }, '"user" must be a text, not nothing.'],
  ['no password', { password: undefined }, '"password" must be a text or a Secret, not nothing.'],
  ['a password that is none', { password: 12_345 }, '"password" must be a text or a Secret, not a number.'],
])('%s is refused before a login', async (_, fault, message) => {
  const options = { ...GOOD, ...fault } as SessionOptions;
  await expect(openSession(options)).rejects.toMatchObject({
    code: 'config',
    message: expect.stringContaining(message),
  });
});
