import {
  type ClientExchange,
  EMPTY_CHALLENGE,
  MALFORMED,
  type ServerExchange,
  type ServerMeans,
  textOf,
  unusableChallenge,
  verdict,
  WRONG_CREDENTIALS,
} from './exchange.ts';

/** The name and the access token in a client's message of OAuth. */
export interface BearerMessage {
  readonly user: string;
  readonly token: string;
}

/**
 * The client's side of both mechanisms of OAuth: one message, and where the server refuses it, the reason in a
 * challenge, to which `farewell` must be said before the server ends the exchange (RFC 7628 §3.2.3).
 */
export class BearerClient implements ClientExchange {
  readonly initial: Buffer;
  readonly #mechanism: string;
  readonly #farewell: Buffer;
  #refusal: string | undefined;

  constructor(mechanism: string, { initial, farewell }: { initial: Buffer; farewell: Buffer }) {
    this.#mechanism = mechanism;
    this.initial = initial;
    this.#farewell = farewell;
  }

  get complete(): boolean {
    return this.#refusal === undefined;
  }

  get refusal(): string | undefined {
    return this.#refusal;
  }

  respond(challenge: Buffer): Buffer {
    if (this.#refusal !== undefined) throw unusableChallenge(this.#mechanism, 'gave two reasons');
    this.#refusal = challenge.toString('utf8');
    return this.#farewell;
  }
}

/** The server's side: `parse` reads the message, `refusal` is the challenge that tells why it was refused. */
export function bearerServer(
  means: ServerMeans,
  { parse, refusal }: { parse: (message: string) => BearerMessage | undefined; refusal: object },
): ServerExchange {
  let refused = false;
  return {
    respond: async (response) => {
      if (response === undefined) return EMPTY_CHALLENGE;
      if (refused) return WRONG_CREDENTIALS;
      const message = parse(textOf(response) ?? '');
      if (message === undefined) return MALFORMED;
      if (await means.verifyToken(message.user, message.token)) return verdict(message.user, true);
      refused = true;
      return { kind: 'challenge', challenge: Buffer.from(JSON.stringify(refusal)), isRefusal: true };
    },
  };
}
