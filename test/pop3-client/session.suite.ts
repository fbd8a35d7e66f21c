import { describe, expect, test } from 'vitest';
import {
  type MessageBody,
  type MessageNumber,
  openSession,
  parseMessageNumber,
  type SessionOptions,
  type Transcript,
} from '../../src/pop3-client/index.ts';

/** A server that has a maildrop with these messages, and how to reach it. */
export interface Served extends AsyncDisposable {
  readonly options: SessionOptions;
}

/** A way to serve messages, for which the session must hold what it promises. */
export interface SessionSetup {
  readonly name: string;
  readonly serve: (messages: readonly Buffer[]) => Promise<Served>;
}

export function number(value: number): MessageNumber {
  const parsed = parseMessageNumber(String(value));
  if (parsed === undefined) throw new Error(`${value} is no message number`);
  return parsed;
}

export async function octetsOf(body: MessageBody): Promise<Buffer> {
  const blocks: Buffer[] = [];
  for await (const block of body) blocks.push(block);
  return Buffer.concat(blocks);
}

/** What the maildrop of most of the tests has; that of one is empty. */
export const MESSAGES: readonly Buffer[] = [
  Buffer.from('Subject: one\r\n\r\nfirst line\r\nsecond line\r\n'),
  Buffer.from('Subject: dots\r\n\r\n.\r\n..\r\n.x\r\n...\r\n'),
  Buffer.from(`Subject: long\r\n\r\n${'0123456789abcdef\r\n'.repeat(20_000)}`),
];

/** More tests than the suite has, for a server that needs a maildrop for each. */
export const SESSION_TESTS = 20;

/** What a session promises on any server. */
export function sessionSuite({ name, serve }: SessionSetup): void {
  describe(`a session (${name})`, () => {
    describeReading(serve);
    describeDeleting(serve);
    describeSecrecy(serve);
  });
}

function describeReading(serve: SessionSetup['serve']): void {
  test('lists the maildrop', async () => {
    await using served = await serve(MESSAGES);
    const session = await openSession(served.options);
    const drop = await session.stat();
    const rows = await session.list();
    const ids = await session.uidl();
    await session.quit();
    expect(drop).toEqual({ messages: 3, octets: MESSAGES.reduce((sum, { length }) => sum + length, 0) });
    expect(rows.map((row) => [row.number, row.octets])).toEqual(
      MESSAGES.map(({ length }, index) => [index + 1, length]),
    );
    expect(ids?.map((row) => row.number)).toEqual([1, 2, 3]);
    expect(new Set(ids?.map(({ uid }) => uid)).size).toBe(3);
  });

  test('lists an empty maildrop', async () => {
    await using served = await serve([]);
    const session = await openSession(served.options);
    expect([await session.stat(), await session.list(), await session.uidl()]).toEqual([
      { messages: 0, octets: 0 },
      [],
      [],
    ]);
    await session.quit();
  });

  test('gives each message octet by octet', async () => {
    await using served = await serve(MESSAGES);
    const session = await openSession(served.options);
    for (const [index, message] of MESSAGES.entries()) {
      const octets = await octetsOf(await session.retr(number(index + 1)));
      expect(octets.equals(message)).toBe(true);
    }
    await session.quit();
  });

  test('gives the top of a message', async () => {
    await using served = await serve(MESSAGES);
    const session = await openSession(served.options);
    const top = await octetsOf(await session.top(number(1), 1));
    const header = await octetsOf(await session.top(number(1), 0));
    await session.quit();
    expect(top.toString().trimEnd()).toBe('Subject: one\r\n\r\nfirst line');
    expect(header.toString().trimEnd()).toBe('Subject: one');
  });

  test('answers commands in their order when they are called without waiting', async () => {
    await using served = await serve(MESSAGES);
    const session = await openSession(served.options);
    const order: string[] = [];
    const note = async <T>(what: string, work: Promise<T>): Promise<T> => {
      const result = await work;
      order.push(what);
      return result;
    };
    const stat = note('STAT', session.stat());
    const bodies = [1, 2, 3].map((value) =>
      note(`RETR ${value}`, session.retr(number(value)).then(octetsOf)),
    );
    const [, one, two, three] = await Promise.all([
      stat,
      ...bodies,
      note('NOOP', session.noop()),
      note('LIST', session.list()),
    ]);
    await session.quit();
    expect(order).toEqual(['STAT', 'RETR 1', 'RETR 2', 'RETR 3', 'NOOP', 'LIST']);
    expect([one, two, three].map((body, index) => MESSAGES[index]?.equals(body as Buffer))).toEqual([
      true,
      true,
      true,
    ]);
  });

  test('goes on after a message that there is not', async () => {
    await using served = await serve(MESSAGES);
    const session = await openSession(served.options);
    await expect(session.retr(number(99))).rejects.toMatchObject({ code: 'message-refused' });
    await expect(session.top(number(99), 0)).rejects.toMatchObject({ code: 'message-refused' });
    expect(await octetsOf(await session.retr(number(1)))).toEqual(MESSAGES[0]);
    expect(session.broken).toBeUndefined();
    await session.quit();
  });
}

async function left(options: SessionOptions): Promise<number> {
  const session = await openSession(options);
  const { messages } = await session.stat();
  await session.quit();
  return messages;
}

function describeDeleting(serve: SessionSetup['serve']): void {
  test('deletes what was marked once QUIT is answered', async () => {
    await using served = await serve(MESSAGES);
    const session = await openSession(served.options);
    await session.dele(number(2));
    await session.quit();
    expect(await left(served.options)).toBe(2);
  });

  test('deletes nothing without QUIT', async () => {
    await using served = await serve(MESSAGES);
    const session = await openSession(served.options);
    await session.dele(number(2));
    await session.close();
    await session.close();
    await expect(session.noop()).rejects.toMatchObject({ code: 'usage' });
    expect(await leftAfterClose(served.options)).toBe(3);
  });

  test('deletes nothing that was taken back', async () => {
    await using served = await serve(MESSAGES);
    const session = await openSession(served.options);
    await session.dele(number(1));
    await session.rset();
    await session.quit();
    expect(await left(served.options)).toBe(3);
  });
}

/** A server may need a moment to notice that a session is gone. */
async function leftAfterClose(options: SessionOptions): Promise<number> {
  for (;;) {
    try {
      return await left(options);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'maildrop-busy')) throw error;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

function describeSecrecy(serve: SessionSetup['serve']): void {
  test('I5: shows its transcript neither the password nor a message', async () => {
    await using served = await serve(MESSAGES);
    const lines: string[] = [];
    const transcript: Transcript = (side, line) => lines.push(`${side} ${line}`);
    const session = await openSession({ ...served.options, transcript });
    await octetsOf(await session.retr(number(1)));
    await session.quit();
    const text = lines.join('\n');
    expect(text).toContain('sent RETR 1');
    expect(text).toContain('sent QUIT');
    expect(text).not.toContain('first line');
    for (const secret of secretsOf(served.options)) expect(text).not.toContain(secret);
  });

  test('I5: says that a login was refused without the password', async () => {
    await using served = await serve(MESSAGES);
    const options = { ...served.options, password: 'tr0ub4dor&3' };
    const error = await openSession(options).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'login-refused',
      hint: expect.stringContaining('password') as string,
    });
    expect(everythingOf(error)).not.toMatch(/tr0ub4dor/);
    for (const secret of secretsOf(options)) expect(everythingOf(error)).not.toContain(secret);
  });
}

/** A password in the forms in which it may be on the wire. */
export function secretsOf({ user, password }: SessionOptions): string[] {
  const text = typeof password === 'string' ? password : password.reveal();
  return [text, Buffer.from(text).toString('base64'), Buffer.from(`\0${user}\0${text}`).toString('base64')];
}

/** All that an error could show anywhere: message, hint, stack, causes, properties. */
export function everythingOf(error: unknown): string {
  const parts: string[] = [];
  for (let at = error; at instanceof Error; at = at.cause) {
    parts.push(at.message, at.stack ?? '', JSON.stringify(at), ...Object.values(at).map(String));
  }
  return parts.join('\n');
}
