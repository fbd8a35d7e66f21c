import { describe, expect, test } from 'vitest';
import { shownCommand } from '../../src/pop3-server/command.ts';
import { createServer, type Pop3Server } from '../../src/pop3-server/index.ts';
import { Secret } from '../../src/secret.ts';
import { greetedClient } from '../support/raw-client.ts';

function serve(): Promise<Pop3Server> {
  return createServer({
    users: {
      alice: { password: new Secret('secret') },
      jörg: { password: 'pass wörd  ' },
      empty: { password: '' },
    },
  });
}

const onWire = (text: string): string => Buffer.from(text).toString('latin1');

describe('USER and PASS', () => {
  // RFC 1939 §7 [pass-spaces]
  // RFC 6856 §2.2 [utf8-user]
  test('let in by name and password in UTF-8, with the spaces of the password', async () => {
    await using server = await serve();
    await using client = await greetedClient(server.address);
    expect(await client.logIn(onWire('jörg'), onWire('pass wörd  '))).toMatch(/^\+OK/);
  });

  // RFC 6856 §2.2 [utf8-invalid]
  test.each([
    ['\xff\xfe', 'secret'],
    ['alice', 'secret\xc3'],
    ['alice\0', 'secret'],
    ['alice', 'secret\0'],
  ])('refuse what is no text, and the session goes on: %j, %j', async (user, password) => {
    await using server = await serve();
    await using client = await greetedClient(server.address);
    expect(await client.logIn(user, password)).toBe('-ERR [AUTH] Wrong user name or password.');
    expect(await client.logIn('alice', 'secret')).toMatch(/^\+OK/);
  });

  // RFC 6856 §2.2 [saslprep]
  test('let in by what looks the same', async () => {
    await using server = await serve();
    await using client = await greetedClient(server.address);
    const [user, password] = [
      onWire('jörg'.normalize('NFD')),
      onWire('pass\u00a0w\u00f6rd  '.normalize('NFD')),
    ];
    expect(await client.logIn(user, password)).toMatch(/^\+OK/);
  });

  test.each([
    ['alice', 'wrong'],
    ['alice', 'secret '],
    ['alice', ''],
    ['ALICE', 'secret'],
    ['nobody', 'secret'],
    ['nobody', ''],
    ['__proto__', 'secret'],
  ])('say the same to %j with %j, whoever exists', async (user, password) => {
    await using server = await serve();
    await using client = await greetedClient(server.address);
    expect(await client.command(`USER ${user}`)).toMatch(/^\+OK/);
    expect(await client.command(`PASS ${password}`)).toBe('-ERR [AUTH] Wrong user name or password.');
  });

  test('let in an empty password only where it is the password', async () => {
    await using server = await serve();
    await using client = await greetedClient(server.address);
    expect(await client.logIn('empty', '')).toMatch(/^\+OK/);
  });

  test('need each other, and their arguments', async () => {
    await using server = await serve();
    await using client = await greetedClient(server.address);
    expect(await client.command('PASS secret')).toMatch(/^-ERR/);
    expect(await client.command('USER')).toMatch(/^-ERR/);
    expect(await client.command('USER ')).toMatch(/^-ERR/);
    await client.command('USER alice');
    expect(await client.command('PASS')).toMatch(/^-ERR/);
    expect(await client.command('PASS secret')).toMatch(/^-ERR/);
  });

  test.each(['CAPA', 'bogus', 'NOOP', 'AUTH', ''])(
    'need to follow each other at once: not after %j',
    async (between) => {
      await using server = await serve();
      await using client = await greetedClient(server.address);
      client.send(`USER alice\r\n${between}\r\nPASS secret\r\nQUIT\r\n`);
      expect((await client.rest()).toString()).toMatch(/-ERR Send USER first\.\r\n\+OK Goodbye\.\r\n$/);
    },
  );

  test('hang up after five failures', async () => {
    await using server = await serve();
    await using client = await greetedClient(server.address);
    client.send('USER alice\r\nPASS wrong\r\n'.repeat(6));
    const replies = (await client.rest()).toString();
    expect(replies.match(/-ERR \[AUTH\]/g)).toHaveLength(5);
  });
});

test.each([
  ['PASS secret', 'PASS ***'],
  ['pass  secret', 'pass ***'],
  ['PASSsecret', '***'],
  ['PSAS secret', '***'],
  ['\tPASS\tsecret', '***'],
  ['\0PASS secret', '***'],
  ['LOGIN alice secret', '***'],
  ['AGFsaWNlAHNlY3JldA==', '***'],
  ['', ''],
  ['PASS ', 'PASS '],
  ['PASS', 'PASS'],
  ['AUTH PLAIN c2VjcmV0', 'AUTH PLAIN ***'],
  ['AUTH c2VjcmV0', 'AUTH ***'],
  ['AUTH PLAIN', 'AUTH PLAIN'],
  ['AUTH SCRAM-SHA-256 c2VjcmV0', 'AUTH SCRAM-SHA-256 ***'],
  ['auth login', 'auth login'],
  ['AUTH PLAINc2VjcmV0', 'AUTH ***'],
  ['APOP alice c4c9334bac560ecc979e58001b3e22fb', 'APOP ***'],
  ['USER alice\x1b[31m', 'USER alice\\x1b[31m'],
  ['USER alice secret', 'USER ***'],
  ['user  alice', 'user ***'],
  ['RETR 1 ', 'RETR 1 '],
  ['TOP 1  x', 'TOP 1  x'],
  ['lang x-none', 'lang x-none'],
])('the command line %j is shown as %j', (line, shown) => {
  expect(shownCommand(line)).toBe(shown);
});
