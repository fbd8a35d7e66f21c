import { expect, test } from 'vitest';
import { connect, openSession, type SessionOptions } from '../../src/pop3-client/index.ts';
import { createServer } from '../../src/pop3-server/index.ts';

const GOOD: SessionOptions = { host: '127.0.0.1', port: 1, tls: 'none', user: 'alice', password: 'secret' };

/** What TypeScript refuses in part, and JavaScript passes on. */
const FAULTY: readonly (readonly [string, object, string])[] = [
  ['no host', { host: undefined }, '"host" must be a name or an address, not nothing.'],
  [
    'a host with its port',
    { host: 'localhost:110' },
    '"host" must be a name or an address, not "localhost:110".',
  ],
  [
    'a URL for a host',
    { host: 'pops://localhost' },
    '"host" must be a name or an address, not "pops://localhost".',
  ],
  ['a port that there is not', { port: 70_000 }, '"port" must be a whole number from 1 to 65535, not 70000.'],
  ['a port as a text', { port: '110' }, '"port" must be a whole number from 1 to 65535, not "110".'],
  ['an unknown kind of TLS', { tls: 'tls' }, '"tls" must be one of implicit, starttls, none, not "tls".'],
  ['a timeout without an end', { timeouts: { idleMs: Infinity } }, '"timeouts.idleMs" must be'],
  ['a pin that is none', { pinSha256: 'ab:cd' }, '"pinSha256" must be 64 hexadecimal digits, not "ab:cd".'],
  ['an unknown option', { prot: 1 }, '"prot" is no option.'],
  ['a misspelt pin', { pinSHA256: 'ab' }, '"pinSHA256" is no option.'],
  ['an unknown timeout', { timeouts: { connect: 3 } }, '"timeouts.connect" is no option.'],
  ['an unknown part of a tunnel', { tunnel: { command: 'x', cwd: '/' } }, '"tunnel.cwd" is no option.'],
  [
    'an unknown part of a certificate',
    { clientCertificate: { cert: 'x', key: 'y', pass: 'z' } },
    '"clientCertificate.pass" is no option.',
  ],
  ['a timeout in place of all', { timeouts: 30 }, '"timeouts" must be an object, { … }, not 30.'],
  ['an authority that is no list', { ca: 'x' }, '"ca" must be a list of texts in PEM'],
  ['authorities that are octets', { ca: [Buffer.from('x')] }, '"ca" must be a list of texts in PEM'],
  ['a name that is none', { serverName: 5 }, '"serverName" must be a text, not 5.'],
  ['a signal that is none', { signal: {} }, '"signal" must be an AbortSignal, not such an object.'],
  ['a transcript that is none', { transcript: 'x' }, '"transcript" must be a function, not "x".'],
  ['a watcher that is none', { watch: { secured: true } }, '"watch" must be an object with functions'],
  ['a way to connect that is none', { dial: 5 }, '"dial" must be a function, not 5.'],
  ['a tunnel without a command', { tunnel: {} }, '"tunnel.command" must be a command'],
  ['a tunnel of nothing', { tunnel: { command: [] } }, '"tunnel.command" must be a command'],
  ['a proxy that is none', { proxy: 1080 }, '"proxy" must be a text or a Secret, not a number.'],
  [
    'an address that is none',
    { sourceAddress: 'here' },
    '"sourceAddress" must be an address of this machine',
  ],
  [
    'a language that is none',
    { language: 'de\r\nQUIT' },
    '"language" must be a language tag such as "de", not "de\\x0d\\x0aQUIT".',
  ],
  ['a yes that is a word', { allowCleartext: 'no' }, '"allowCleartext" must be true or false, not "no".'],
  ['what no session has announced', { expected: {} }, '"expected" must be what "announced"'],
  ['nothing at all', { timeouts: null }, '"timeouts" must be an object, { … }, not null.'],
  [
    'a key that anybody can see',
    { clientCertificate: { cert: 'x', key: 'hunter2' } },
    '"clientCertificate.key" must be a Secret that holds the key in PEM, not a string.',
  ],
  ['a certificate without a key', { clientCertificate: { cert: 'x' } }, '"clientCertificate.key" must be'],
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

test('no options are refused, too', async () => {
  await expect(connect(undefined as never)).rejects.toMatchObject({ code: 'config' });
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

test.each<[string, readonly (string | undefined)[], string]>([
  ['a choice of its own', ['auto', 'alice', 'secret'], '"mechanism" must be one of user-pass, apop'],
  ['a name of the line', ['PLAIN', 'alice', 'secret'], '"mechanism" must be one of user-pass, apop'],
  ['no user', ['plain', undefined, 'secret'], '"user" must be a text, not nothing.'],
  ['no password', ['plain', 'alice', undefined], '"password" must be a text or a Secret, not nothing.'],
])('login() refuses %s', async (_, [mechanism, user, password], message) => {
  await using server = await createServer({ users: { alice: { password: 'secret' } } });
  await using authorization = await connect({ ...server.address, tls: 'none' });
  const refused = authorization.login(mechanism as 'plain', user as string, password as string);
  await expect(refused).rejects.toMatchObject({ code: 'config', message: expect.stringContaining(message) });
  await (await authorization.login('plain', 'alice', 'secret')).quit();
});
