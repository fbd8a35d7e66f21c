import { randomBytes } from 'node:crypto';
import type { ClientExchange, ServerExchange, ServerMeans, ServerStep } from '../../src/sasl/exchange.ts';
import { decoyScramKeys } from '../../src/sasl/scram-keys.ts';

/** A server that knows nobody, but for what the test gives it. */
export function serverMeans(known: Partial<ServerMeans> = {}): ServerMeans {
  return {
    verifyPassword: () => false,
    passwordOf: () => undefined,
    scramKeysOf: (hash, user) => decoyScramKeys(hash, user, Buffer.from('seed')),
    verifyToken: () => false,
    certifiedUser: undefined,
    runtime: {
      randomHex: (octets) => randomBytes(octets).toString('hex'),
      now: () => 1_795_000_000_000,
      hostName: 'ferry.example',
    },
    ...known,
  };
}

/** Both sides against each other, with or without an initial response, to the verdict of the server. */
export async function converse(
  client: ClientExchange,
  server: ServerExchange,
  withInitial: boolean,
): Promise<Exclude<ServerStep, { kind: 'challenge' }>> {
  let pending = client.initial;
  let step = await server.respond(withInitial ? pending : undefined);
  if (withInitial) pending = undefined;
  for (let round = 0; round < 10; round += 1) {
    if (step.kind !== 'challenge') return step;
    const response: Buffer = pending ?? (await client.respond(step.challenge));
    pending = undefined;
    step = await server.respond(response);
  }
  throw new Error('the exchange has no end');
}
