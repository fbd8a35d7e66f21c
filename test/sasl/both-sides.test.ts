import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MailError } from '../../src/errors.ts';
import type { ServerMeans } from '../../src/sasl/exchange.ts';
import { MECHANISMS, type MechanismName, mechanismNamed } from '../../src/sasl/mechanisms.ts';
import { prepared } from '../../src/sasl/prepare.ts';
import { deriveScramKeys } from '../../src/sasl/scram-keys.ts';
import { Secret } from '../../src/secret.ts';
import { propertyRuns } from '../support/property-runs.ts';
import { converse, serverMeans } from './both-sides.ts';

const NAMES = Object.keys(MECHANISMS) as MechanismName[];
const SERVER_FIRST = new Set<MechanismName>(['LOGIN', 'CRAM-MD5']);
const CELLS = NAMES.flatMap((name) => [
  ...(SERVER_FIRST.has(name) ? [] : [{ name, initial: true }]),
  { name, initial: false },
]);
const USER = 'alice@example.org';
const PASSWORD = 'correct-horse~battery';

describe.each(CELLS)('$name, initial response: $initial', ({ name, initial }) => {
  it('lets the right client in, and the client believes it', async () => {
    const client = await clientOf(name, USER, PASSWORD);
    const server = MECHANISMS[name].server(knowing(USER, PASSWORD));
    expect(await converse(client, server, initial)).toEqual({ kind: 'success', user: USER });
    expect(client.complete).toBe(true);
  });

  it('turns the wrong proof away', async () => {
    const client = await clientOf(name, USER, 'wrong');
    const server = MECHANISMS[name].server({ ...knowing(USER, PASSWORD), certifiedUser: 'mallory' });
    expect(await converse(client, server, initial)).toEqual({ kind: 'failure', reason: 'credentials' });
  });

  it('turns a stranger away in the same way', async () => {
    const client = await clientOf(name, 'mallory', PASSWORD);
    const server = MECHANISMS[name].server({ ...knowing(USER, PASSWORD), certifiedUser: undefined });
    expect(await converse(client, server, initial)).toEqual({ kind: 'failure', reason: 'credentials' });
  });
});

describe.each(NAMES.filter((name) => name !== 'EXTERNAL'))('%s', (name) => {
  // RFC 4616 §2 [no-nul]
  it('carries any name and password that its frame can hold', async () => {
    const text = fc.string({ minLength: 1, maxLength: 30, unit: 'binary' });
    await fc.assert(
      fc.asyncProperty(text, text, async (user, password) => {
        const bearer = name.endsWith('BEARER') || name === 'XOAUTH2';
        const secret = bearer ? Buffer.from(password).toString('base64url') : password;
        let client: Awaited<ReturnType<typeof clientOf>>;
        try {
          client = await clientOf(name, user, secret);
        } catch (error) {
          // oxlint-disable-next-line no-control-regex -- what the frames are made of
          expect(user + secret).toMatch(/[\0-\x1f]/);
          expect(error).toBeInstanceOf(MailError);
          return;
        }
        const verdict = await converse(client, MECHANISMS[name].server(knowing(user, secret)), false);
        const known = name.startsWith('SCRAM') ? await prepared(user) : user;
        expect(verdict).toEqual({ kind: 'success', user: known });
      }),
      propertyRuns(25),
    );
  }, 60_000);
});

describe('a client', () => {
  it.each(NAMES)('of %s answers a challenge from outside, or raises what says why', async (name) => {
    const challenge = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.string({ maxLength: 200 }).map((text) => Buffer.from(text)),
      fc
        .tuple(fc.constantFrom('r=abc', 'v=', 'e=', 's=,', 'i='), fc.string({ maxLength: 40 }))
        .map(([start, rest]) => Buffer.from(start + rest)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(challenge, { maxLength: 4 }), async (challenges) => {
        const client = await clientOf(name, USER, PASSWORD);
        try {
          for (const octets of challenges) {
            expect(await client.respond(Buffer.from(octets))).toBeInstanceOf(Buffer);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(MailError);
          expect(String(error)).not.toContain(PASSWORD);
        }
        if (name.startsWith('SCRAM')) expect(client.complete).toBe(false);
      }),
      propertyRuns(200),
    );
  });
});

describe('a server', () => {
  it.each(NAMES)('of %s comes to a verdict whatever a client says, and never lets it in', async (name) => {
    const response = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.string({ maxLength: 200 }).map((text) => Buffer.from(text)),
      fc
        .tuple(
          fc.constantFrom('n,,n=alice,r=', 'y,,', 'c=biws,r=', `user=${USER}\x01`, `\0${USER}\0`, `${USER} `),
          fc.string({ maxLength: 40 }),
        )
        .map(([start, rest]) => Buffer.from(start + rest)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(response, { minLength: 1, maxLength: 5 }), async (responses) => {
        const server = MECHANISMS[name].server({ ...knowing(USER, PASSWORD), certifiedUser: undefined });
        let step = await server.respond(undefined);
        for (const octets of responses) {
          if (step.kind !== 'challenge') break;
          step = await server.respond(Buffer.from(octets));
        }
        expect(step.kind).not.toBe('success');
      }),
      propertyRuns(200),
    );
  });

  it.each(['LOGIN', 'CRAM-MD5'] as const)('of %s begins by itself', async (name) => {
    expect((await MECHANISMS[name].server(serverMeans()).respond(undefined)).kind).toBe('challenge');
  });

  it('of CRAM-MD5 refuses an initial response (RFC 5034 §4)', async () => {
    const server = MECHANISMS['CRAM-MD5'].server(serverMeans());
    expect(await server.respond(Buffer.from('alice'))).toEqual({ kind: 'failure', reason: 'malformed' });
  });

  it('of CRAM-MD5 never gives the same challenge twice', async () => {
    const challenges = await Promise.all(
      Array.from({ length: 20 }, async () => MECHANISMS['CRAM-MD5'].server(serverMeans()).respond(undefined)),
    );
    expect(new Set(challenges.map((step) => JSON.stringify(step))).size).toBe(20);
  });

  it('of PLAIN does not let anybody act for another', async () => {
    const server = MECHANISMS.PLAIN.server(knowing(USER, PASSWORD));
    expect((await server.respond(Buffer.from(`bob\0${USER}\0${PASSWORD}`))).kind).toBe('failure');
  });

  it('of PLAIN takes the name of the user itself for whom it acts', async () => {
    const server = MECHANISMS.PLAIN.server(knowing(USER, PASSWORD));
    expect((await server.respond(Buffer.from(`${USER}\0${USER}\0${PASSWORD}`))).kind).toBe('success');
  });

  it('of EXTERNAL believes the certificate and no other name', async () => {
    const respond = (identity: string) =>
      MECHANISMS.EXTERNAL.server(serverMeans({ certifiedUser: USER })).respond(Buffer.from(identity));
    expect(await respond('')).toEqual({ kind: 'success', user: USER });
    expect(await respond(USER)).toEqual({ kind: 'success', user: USER });
    expect(await respond('bob')).toEqual({ kind: 'failure', reason: 'credentials' });
  });
});

describe('the name of a mechanism', () => {
  it('counts in whatever case', () => {
    expect(mechanismNamed('scram-sha-1')).toBe('SCRAM-SHA-1');
    expect(mechanismNamed('Plain')).toBe('PLAIN');
  });

  it.each(['', 'GSSAPI', 'toString', '__proto__', 'SCRAM-SHA-1-PLUS'])('is unknown here: %j', (name) => {
    expect(mechanismNamed(name)).toBeUndefined();
  });
});

function clientOf(name: MechanismName, user: string, password: string) {
  let drawn = 0;
  const randomHex = (): string => `nonce${(drawn += 1)}`;
  return Promise.resolve(
    MECHANISMS[name].client({ user, secret: new Secret(password), runtime: { randomHex } }),
  );
}

/** One user, by every proof there is. */
function knowing(user: string, password: string): ServerMeans {
  const salt = Buffer.from('0123456789abcdef');
  return serverMeans({
    verifyPassword: (name, given) => name === user && given === password,
    passwordOf: (name) => (name === user ? new Secret(password) : undefined),
    scramKeysOf: async (hash, name) =>
      name === (await prepared(user))
        ? deriveScramKeys(hash, new Secret(password), { salt, iterations: 4096 })
        : serverMeans().scramKeysOf(hash, name),
    verifyToken: (name, token) => name === user && token === password,
    certifiedUser: user,
  });
}
