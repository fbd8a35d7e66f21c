import { describe, expect, test } from 'vitest';
import { greetedClient, loggedInClient, type RawClient, rawClient } from '../support/raw-client.ts';

/** A server with the user alice, password secret, and these messages. */
export interface ServedMaildrop extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
}

export interface ServerSetup {
  readonly name: string;
  readonly serve: (messages: readonly Buffer[]) => Promise<ServedMaildrop>;
}

const MESSAGES = [
  Buffer.from('Subject: one\r\n\r\nfirst line\r\nsecond line\r\n'),
  Buffer.from('Subject: dots\r\n\r\n.\r\n..\r\n.x\r\n'),
  Buffer.from('Subject: three\r\n\r\n3\r\n'),
];

const PLAIN = Buffer.from('\0alice\0secret').toString('base64');

/**
 * What a POP3 server owes to whoever speaks to it over a raw socket. It is run on the included server and on Dovecot.
 * Not in it, since Dovecot does otherwise: it takes USER without a name, sizes without the last line end that RETR adds,
 * `DELE 1`, NUL and more for `DELE 1`; it takes NOOP with an argument; and it hides SASL after the login.
 */
export function serverSuite({ name, serve }: ServerSetup): void {
  describe(`a POP3 server (${name})`, () => {
    describeStates(serve);
    describeMessages(serve);
    describeLogins(serve);
  });
}

/** `+` or `-` for each status line of single-line replies. */
async function signs(client: RawClient, count: number): Promise<string> {
  let found = '';
  for (let index = 0; index < count; index += 1) found += (await client.line())[0] ?? '';
  return found;
}

function describeStates(serve: ServerSetup['serve']): void {
  test.each(['STAT', 'LIST', 'UIDL', 'RETR 1', 'TOP 1 0', 'DELE 1', 'RSET', 'NOOP'])(
    'refuses %s before the login (RFC 1939 §4)',
    async (command) => {
      await using served = await serve(MESSAGES);
      await using client = await greetedClient(served);
      expect(await client.command(command)).toMatch(/^-ERR/);
      expect(await client.logIn()).toMatch(/^\+OK/);
    },
  );

  test.each(['USER alice', 'PASS secret', `AUTH PLAIN ${PLAIN}`, 'STLS', 'XYZZY'])(
    'refuses %s after the login, and goes on (RFC 1939 §3)',
    async (command) => {
      await using served = await serve(MESSAGES);
      await using client = await loggedInClient(served);
      expect(await client.command(command)).toMatch(/^-ERR/);
      expect(await client.command('STAT')).toMatch(/^\+OK 3 /);
    },
  );

  test('has CAPA in both states (RFC 2449 §5)', async () => {
    await using served = await serve(MESSAGES);
    await using client = await greetedClient(served);
    const before = await client.multiline('CAPA');
    await client.logIn();
    const after = await client.multiline('capa');
    for (const list of [before, after]) {
      for (const tag of ['TOP', 'UIDL', 'RESP-CODES', 'PIPELINING'])
        expect(list).toMatch(new RegExp(`^${tag}\\b`, 'm'));
      expect(list).toMatch(/\r\n\.\r\n$/);
    }
  });

  test('takes a session in one segment, octet by octet, and cut anywhere', async () => {
    await using served = await serve(MESSAGES);
    const session =
      'user alice\r\npass secret\r\nstat\r\nbogus\r\nlist 2\r\ndele 1\r\ndele 1\r\nrset\r\nnoop\r\nquit\r\n';
    const run = async (pieces: readonly string[]): Promise<string> => {
      await using client = await rawClient(served);
      await client.line();
      let found = '';
      for (const piece of pieces) {
        client.send(piece);
        // The next piece goes out when the server has had a turn.
        await new Promise((resolve) => setImmediate(resolve));
      }
      found += await signs(client, 10);
      expect(await client.rest()).toHaveLength(0);
      return found;
    };
    const expected = '+++-++-+++';
    expect(await run([session])).toBe(expected);
    expect(await run(Array.from(session, (octet) => octet))).toBe(expected);
    for (const at of [3, 10, 11, 12, 17, 24, 25, 26, 40]) {
      expect(await run([session.slice(0, at), session.slice(at)])).toBe(expected);
    }
  });

  test('ends well at QUIT before the login, and says nothing after it', async () => {
    await using served = await serve(MESSAGES);
    await using client = await greetedClient(served);
    client.send('QUIT\r\nNOOP\r\n');
    expect(await client.line()).toMatch(/^\+OK/);
    expect(await client.rest()).toHaveLength(0);
  });
}

function describeMessages(serve: ServerSetup['serve']): void {
  test.each([
    'RETR',
    'RETR 0',
    'RETR 4',
    'RETR -1',
    'RETR +1',
    'RETR 1x',
    'RETR 4294967297',
    'RETR 18446744073709551617',
    'DELE',
    'DELE 0',
    'DELE 4',
    'DELE 1x',
    'DELE 4294967297',
    'LIST 0',
    'LIST 4',
    'LIST x',
    'UIDL 0',
    'UIDL 4',
    'UIDL 1x',
    'TOP',
    'TOP 1 -1',
    'TOP 4 1',
    'TOP 1 x',
  ])('refuses %j, and touches no message', async (command) => {
    await using served = await serve(MESSAGES);
    await using client = await loggedInClient(served);
    expect(await client.command(command)).toMatch(/^-ERR/);
    expect(await client.command('STAT')).toMatch(/^\+OK 3 /);
  });

  test('stuffs and ends what it sends (RFC 1939 §3)', async () => {
    await using served = await serve(MESSAGES);
    await using client = await loggedInClient(served);
    const [, ...lines] = (await client.multiline('RETR 2')).split('\r\n');
    expect(lines).toEqual(['Subject: dots', '', '..', '...', '..x', '.', '']);
  });

  test('sends the header, a blank line and so many lines to TOP (RFC 1939 §7)', async () => {
    await using served = await serve(MESSAGES);
    await using client = await loggedInClient(served);
    const linesOf = async (command: string): Promise<string[]> =>
      (await client.multiline(command)).split('\r\n').slice(1);
    expect(await linesOf('TOP 1 0')).toEqual(['Subject: one', '', '.', '']);
    expect(await linesOf('TOP 1 1')).toEqual(['Subject: one', '', 'first line', '.', '']);
    expect(await linesOf('TOP 1 99999999')).toEqual(await linesOf('RETR 1'));
  });

  test('refuses what is marked as deleted, keeps the numbers of the others, and forgets it at RSET', async () => {
    await using served = await serve(MESSAGES);
    await using client = await loggedInClient(served);
    const octets = Number((await client.command('LIST 3')).split(' ')[2]);
    const [, , all] = (await client.command('STAT')).split(' ');
    expect(await client.command('DELE 1')).toMatch(/^\+OK/);
    expect(await client.command('DELE 2')).toMatch(/^\+OK/);
    for (const command of ['DELE 1', 'RETR 1', 'TOP 1 0', 'LIST 1', 'UIDL 1']) {
      expect(await client.command(command)).toMatch(/^-ERR/);
    }
    expect(await client.command('STAT')).toMatch(new RegExp(`^\\+OK 1 ${octets}\\b`));
    expect((await client.multiline('LIST')).split('\r\n').slice(1)).toEqual([`3 ${octets}`, '.', '']);
    expect((await client.multiline('UIDL')).split('\r\n').slice(1)).toHaveLength(3);
    expect(await client.command('RSET')).toMatch(/^\+OK/);
    expect(await client.command('STAT')).toMatch(new RegExp(`^\\+OK 3 ${all}\\b`));
  });

  test('removes at QUIT what is marked, and nothing when the line is cut (RFC 1939 §6)', async () => {
    await using served = await serve(MESSAGES);
    await using cut = await loggedInClient(served);
    await cut.command('DELE 1');
    cut.drop();
    await using client = await untilLoggedIn(served);
    expect(await client.command('STAT')).toMatch(/^\+OK 3 /);
    const kept = (await client.multiline('UIDL')).split('\r\n')[2]?.split(' ')[1] ?? '';
    await client.command('DELE 1');
    expect(await client.command('QUIT')).toMatch(/^\+OK/);
    await client.rest();
    await using next = await untilLoggedIn(served);
    expect(await next.command('STAT')).toMatch(/^\+OK 2 /);
    expect(await next.command('UIDL 1')).toContain(` 1 ${kept}`);
  });
}

/** A server may need a moment to notice that a session is gone. */
async function untilLoggedIn(served: ServedMaildrop): Promise<RawClient> {
  for (;;) {
    const client = await greetedClient(served);
    if ((await client.logIn()).startsWith('+OK')) return client;
    await client[Symbol.asyncDispose]();
  }
}

function describeLogins(serve: ServerSetup['serve']): void {
  test('takes AUTH PLAIN with and without an initial response (RFC 5034 §4)', async () => {
    await using served = await serve(MESSAGES);
    await using first = await greetedClient(served);
    expect(await first.command(`auth plain ${PLAIN}`)).toMatch(/^\+OK/);
    await using second = await greetedClient(served);
    expect(await second.command('AUTH PLAIN')).toBe('+ ');
    await first.command('QUIT');
    await first.rest();
    expect(await second.command(PLAIN)).toMatch(/^(\+OK|-ERR \[IN-USE\])/);
  });

  test('has an exchange called off, and goes on', async () => {
    await using served = await serve(MESSAGES);
    await using client = await greetedClient(served);
    await client.command('AUTH PLAIN');
    expect(await client.command('*')).toMatch(/^-ERR/);
    expect(await client.logIn()).toMatch(/^\+OK/);
  });

  test.each(['AUTH X-NONE', 'AUTH PLAIN !!!', 'APOP alice x'])('refuses %j, and goes on', async (command) => {
    await using served = await serve(MESSAGES);
    await using client = await greetedClient(served);
    expect(await client.command(command)).toMatch(/^-ERR/);
    expect(await client.logIn()).toMatch(/^\+OK/);
  });

  test('wants PASS after USER', async () => {
    await using served = await serve(MESSAGES);
    await using client = await greetedClient(served);
    expect(await client.command('PASS secret')).toMatch(/^-ERR/);
    expect(await client.logIn()).toMatch(/^\+OK/);
  });
}
