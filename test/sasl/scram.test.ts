import { describe, expect, it } from 'vitest';
import type { ClientExchange, ServerMeans } from '../../src/sasl/exchange.ts';
import { scramClient } from '../../src/sasl/scram-client.ts';
import { decoyScramKeys, deriveScramKeys } from '../../src/sasl/scram-keys.ts';
import { scramServer } from '../../src/sasl/scram-server.ts';
import { Secret } from '../../src/secret.ts';
import { serverMeans } from './both-sides.ts';

const SALT = Buffer.from('0123456789abcdef');
const salt64 = SALT.toString('base64');

describe('a client of SCRAM', () => {
  // RFC 5802 §5.1 [server-nonce]
  it.each([
    ['a nonce that is not its own', `r=other,s=${salt64},i=4096`, 'nonce'],
    ['its own nonce with nothing added', `r=mine,s=${salt64},i=4096`, 'nonce'],
    ['too few rounds', `r=mine1,s=${salt64},i=4095`, 'so few rounds'],
    ['one round', `r=mine1,s=${salt64},i=1`, 'so few rounds'],
    ['too many rounds', `r=mine1,s=${salt64},i=2000001`, 'too many rounds'],
    ['rounds without end', `r=mine1,s=${salt64},i=99999999999999999999`, 'makes no sense'],
    ['no rounds', `r=mine1,s=${salt64},i=0`, 'makes no sense'],
    ['no salt', 'r=mine1,s=,i=4096', 'makes no sense'],
    ['a salt that is not base64', 'r=mine1,s=a=b,i=4096', 'makes no sense'],
    ['an extension that it must understand', `m=x,r=mine1,s=${salt64},i=4096`, 'makes no sense'],
    ['nothing', '', 'makes no sense'],
  ])('refuses %s, before any work', async (_, challenge, reason) => {
    const client = await clientOf();
    await expect(client.respond(Buffer.from(challenge))).rejects.toThrow(reason);
  });

  // RFC 5802 §5.1 [optional-extensions]
  it('passes over extensions that it need not understand', async () => {
    const client = await clientOf();
    const answer = await client.respond(Buffer.from(`r=mine1,s=${salt64},i=4096,x=new,y`));
    expect(answer.toString()).toMatch(/^c=biws,r=mine1,p=/);
  });

  // RFC 5802 §5 [server-signature]
  it.each([
    ['a wrong signature', 'v=AAAAAAAAAAAAAAAAAAAAAAAAAAA='],
    ['a short signature', 'v=AAAA'],
    ['no signature', 'v='],
    ['something else', 'r=mine1'],
    ['nothing', ''],
  ])('does not believe a server that gives %s', async (_, last) => {
    const client = await clientOf();
    await client.respond(Buffer.from(`r=mine1,s=${salt64},i=4096`));
    await expect(client.respond(Buffer.from(last))).rejects.toThrow(
      'did not prove that it knows the password',
    );
    expect(client.complete).toBe(false);
  });

  // RFC 5802 §5 [proof-before-success]
  it('does not believe a success before the proof', async () => {
    const client = await clientOf();
    expect(client.complete).toBe(false);
    await client.respond(Buffer.from(`r=mine1,s=${salt64},i=4096`));
    expect(client.complete).toBe(false);
  });

  it('keeps the reason that the server gives, and is not let in by it', async () => {
    const client = await clientOf();
    await client.respond(Buffer.from(`r=mine1,s=${salt64},i=4096`));
    expect(await client.respond(Buffer.from('e=invalid-proof'))).toEqual(Buffer.alloc(0));
    expect(client.refusal).toBe('invalid-proof');
    expect(client.complete).toBe(false);
  });

  // RFC 5802 §5.1 [name-escaped]
  it('writes a name with commas and equals signs so that it is one', async () => {
    const client = await clientOf('a=b,c');
    expect(client.initial?.toString()).toBe('n,,n=a=3Db=2Cc,r=mine');
  });
});

describe('a server of SCRAM', () => {
  it.each([
    ['with y, as it offers no channel binding', 'y,,n=alice,r=mine', 'eSws'],
    ['with an identity that is the name', 'n,a=alice,n=alice,r=mine', 'bixhPWFsaWNlLA=='],
  ])('takes a client %s', async (_, first, channel) => {
    const { reply } = await finish(first, channel);
    expect(reply.kind).toBe('challenge');
  });

  // RFC 5802 §6 [channel-binding]
  it.each([
    ['that wants a channel binding', 'p=tls-unique,,n=alice,r=mine'],
    ['with an extension that it must understand', 'n,,m=x,n=alice,r=mine'],
    ['without a name', 'n,,n=,r=mine'],
    ['without a nonce', 'n,,n=alice,r='],
    ['with a name that is badly written', 'n,,n=a=b,r=mine'],
    ['without a header', 'n=alice,r=mine'],
  ])('refuses a client %s', async (_, first) => {
    const server = scramServer('sha1', await knowingAlice());
    expect(await server.respond(Buffer.from(first))).toEqual({ kind: 'failure', reason: 'malformed' });
  });

  it('refuses a client that acts for another', async () => {
    const server = scramServer('sha1', await knowingAlice());
    const step = await server.respond(Buffer.from('n,a=bob,n=alice,r=mine'));
    expect(step).toEqual({ kind: 'failure', reason: 'credentials' });
  });

  // RFC 5802 §6 [channel-header]
  it('refuses a client whose header was changed on the way: n where it had said y', async () => {
    const { reply } = await finish('n,,n=alice,r=mine', 'eSws');
    expect(reply).toEqual({ kind: 'failure', reason: 'credentials' });
  });

  // RFC 5802 §5.1 [client-nonce]
  it('refuses a nonce of another exchange', async () => {
    const { reply } = await finish('n,,n=alice,r=mine', 'biws', 'mineOLD');
    expect(reply).toEqual({ kind: 'failure', reason: 'credentials' });
  });

  // RFC 5802 §9 [no-user-told]
  it('gives a user that there is not the same salt each time, and no other user that one', () => {
    const seed = Buffer.from('seed');
    const { salt } = decoyScramKeys('sha1', 'nobody', seed);
    expect(decoyScramKeys('sha1', 'nobody', seed).salt).toEqual(salt);
    expect(decoyScramKeys('sha1', 'somebody', seed).salt).not.toEqual(salt);
    expect(decoyScramKeys('sha1', 'nobody', Buffer.from('other')).salt).not.toEqual(salt);
    expect(salt.length).toBe(SALT.length);
  });
});

async function clientOf(user = 'alice'): Promise<ClientExchange> {
  return scramClient('sha1', { user, secret: new Secret('secret'), runtime: { randomHex: () => 'mine' } });
}

async function knowingAlice(): Promise<ServerMeans> {
  const keys = await deriveScramKeys('sha1', new Secret('secret'), { salt: SALT, iterations: 4096 });
  return serverMeans({
    scramKeysOf: () => keys,
    runtime: { randomHex: () => 'theirs', now: () => 0, hostName: 'h' },
  });
}

/** A client that knows the password, and says `first` and `channel` whatever it should. */
async function finish(first: string, channel: string, nonce = 'minetheirs') {
  const { createHash, createHmac, pbkdf2Sync } = await import('node:crypto');
  const server = scramServer('sha1', await knowingAlice());
  const opened = await server.respond(Buffer.from(first));
  if (opened.kind !== 'challenge') throw new Error('refused at once');
  const mac = (key: Buffer, text: string): Buffer => createHmac('sha1', key).update(text).digest();
  const clientKey = mac(pbkdf2Sync('secret', SALT, 4096, 20, 'sha1'), 'Client Key');
  const stored = createHash('sha1').update(clientKey).digest();
  const bare = first.slice(first.indexOf('n=alice'));
  const withoutProof = `c=${channel},r=${nonce}`;
  const signature = mac(stored, `${bare},${opened.challenge.toString()},${withoutProof}`);
  const proof = Buffer.from(clientKey.map((octet, index) => octet ^ (signature[index] ?? 0)));
  return { reply: await server.respond(Buffer.from(`${withoutProof},p=${proof.toString('base64')}`)) };
}
