import { describe, expect, test } from 'vitest';
import {
  createServer,
  MemoryMaildrop,
  type Messages,
  PERSONALITIES,
  type ServerOptions,
} from '../../src/pop3-server/index.ts';
import { greetedClient } from '../support/raw-client.ts';

const alice = { password: 'secret' };

/** The options as somebody without a compiler may write them. */
function start(options: object): Promise<unknown> {
  return createServer({ users: { alice }, ...options });
}

describe('a server does not start', () => {
  test.each([
    [{ port: 70_000 }, '"port" must be a whole number from 0 to 65535.'],
    [{ port: '110' }, '"port" must be a whole number from 0 to 65535.'],
    [{ tlsPort: -1 }, '"tlsPort" must be a whole number from 0 to 65535.'],
    [{ host: '' }, '"host" must be the name or address of an interface of this machine.'],
    [{ prot: 110 }, '"prot" is no option.'],
    [{ toString: true }, '"toString" is no option.'],
    [{ tls: 'key.pem' }, '"tls" must be a key and its certificate in PEM, { key, cert }.'],
    [{ tls: { key: 'x' } }, '"tls" must be a key and its certificate in PEM, { key, cert }.'],
    [{ clientCa: true }, '"clientCa" must be PEM, as a text or a Buffer.'],
    [{ requireTls: 'yes' }, '"requireTls" must be true or false.'],
    [{ without: 'UIDL' }, `"without" must be a list of names such as ['UIDL', 'CAPA'].`],
    [{ without: ['UIDL', 'nope'] }, '"without" names "NOPE", which there is not.'],
    [{ personality: {} }, '"personality" must be one of dovecot, courier,'],
    [{ personality: 'toString' }, '"personality" must be one of dovecot, courier,'],
    [{ loginDelay: 1.5 }, '"loginDelay" must be a whole number, 0 or more.'],
    [{ expire: 'soon' }, '"expire" must be a number of days, 0 or more, or "never".'],
    [{ utf8: 'yes' }, '"utf8" must be "off", "lenient" or "strict".'],
    [{ faults: {} }, '"faults" must be a list, [ … ].'],
    [{ observe: [] }, '"observe" must be a function.'],
    [{ autologoutMs: 0 }, '"autologoutMs" must be a whole number from 1 to 2147483647.'],
    [{ limits: 5 }, '"limits" must be an object, { … }.'],
    [{ limits: { foo: 1 } }, '"limits.foo" is no option.'],
    [{ limits: { connections: 0 } }, '"limits.connections" must be a whole number, 1 or more.'],
    [{ users: undefined }, '"users" is missing.'],
    [{ users: ['alice'] }, '"users" must be users by name, { alice: { password: … } }.'],
    [{ users: { alice: 'secret' } }, 'users.alice must be an object, { … }.'],
    [{ users: { alice: { passwort: 'x' } } }, '"users.alice.passwort" is no option.'],
    [{ users: { alice: { password: 1 } } }, '"users.alice.password" must be a text or a Secret.'],
    [{ users: { alice: { certificate: 'x' } } }, '"users.alice.certificate" must be true or false.'],
    [{ users: { alice: { ...alice, messages: 'Subject: hi' } } }, '"users.alice.messages" must be a list of'],
    [
      { users: { alice: { ...alice, messages: Buffer.from('x') } } },
      '"users.alice.messages" must be a list of',
    ],
    [
      { users: { alice: { ...alice, messages: ['x', 1] } } },
      '"users.alice.messages[1]" must be a text or octets.',
    ],
    [{ users: { alice: { ...alice, maildrop: {} } } }, '"users.alice.maildrop" must be a Maildrop,'],
  ])('with %j, and says why and what to do', async (options, message) => {
    await expect(start(options)).rejects.toMatchObject({
      code: 'config',
      message: expect.stringContaining(message),
      hint: expect.stringMatching(/\S/),
    });
  });

  test('without any options', async () => {
    const none = undefined as unknown as ServerOptions;
    await expect(createServer(none)).rejects.toThrow('The options must be an object, { … }.');
  });
});

test('a server starts with every option left undefined, and with names in any case', async () => {
  const options = { host: undefined, limits: { connections: undefined }, without: ['x-google-verhoeven'] };
  await using server = await createServer({ ...options, users: { alice }, personality: 'gmail' });
  await using client = await greetedClient(server.address);
  expect(await client.multiline('CAPA')).not.toMatch(/VERHOEVEN/);
});

test('a capability of a personality of one’s own can be left out', async () => {
  const capabilities = { before: ['X-MINE', 'USER'], after: ['X-MINE'] };
  const personality = { ...PERSONALITIES.dovecot, capabilities };
  await using server = await createServer({ users: { alice }, personality, without: ['X-MINE'] });
  await using client = await greetedClient(server.address);
  expect(await client.multiline('CAPA')).toMatch(/\r\nUSER\r\n\.\r\n$/);
});

test('messages may come from a generator, once', async () => {
  const messages = (function* (): Generator<string> {
    yield 'Subject: 1\r\n\r\n';
    yield 'Subject: 2\r\n\r\n';
  })();
  await using server = await createServer({ users: { alice: { ...alice, messages } } });
  expect(server.maildrop('alice').messages).toHaveLength(2);
});

test('a maildrop in memory takes no text for a list of messages, and no number for a message', () => {
  // @ts-expect-error -- and neither does the compiler
  const text: Messages = 'Subject: hi\r\n\r\n';
  expect(() => new MemoryMaildrop(text)).toThrow(expect.objectContaining({ code: 'usage' }));
  expect(() => new MemoryMaildrop().add(1 as unknown as string)).toThrow(
    expect.objectContaining({ code: 'usage' }),
  );
});
