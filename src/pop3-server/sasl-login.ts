import { decodeBase64, decodeInitialResponse } from '../sasl/base64.ts';
import type { ServerExchange } from '../sasl/exchange.ts';

/** How an AUTH ended: as a user, with a wrong proof, or with nothing that could be one. */
export type SaslOutcome =
  | { readonly kind: 'success'; readonly user: string }
  | { readonly kind: 'wrong' }
  | { readonly kind: 'unusable'; readonly why: string };

/** The line as an exchange needs it. */
export interface SaslLine {
  readonly challenge: (octets: Buffer) => Promise<void>;
  /** The client's next line; undefined for one that is too long. */
  readonly readResponse: () => Promise<string | undefined>;
}

/**
 * Leads an exchange to its end (RFC 5034 §4): challenges and responses in strict base64, `*` calls it off. Raises
 * `WireError` when the line fails.
 */
export async function saslLogin(
  exchange: ServerExchange,
  initialResponse: string | undefined,
  line: SaslLine,
): Promise<SaslOutcome> {
  let response = initialResponse === undefined ? undefined : decodeInitialResponse(initialResponse);
  if (initialResponse !== undefined && response === undefined) return NOT_BASE64;
  for (;;) {
    const step = await exchange.respond(response);
    if (step.kind === 'success') return step;
    if (step.kind === 'failure') {
      return step.reason === 'credentials'
        ? { kind: 'wrong' }
        : unusable('That is no answer of this mechanism.');
    }
    await line.challenge(step.challenge);
    const text = await line.readResponse();
    // The client knows by now that it guessed wrong: to call the exchange off must not make the guess free.
    if (step.isRefusal === true) return { kind: 'wrong' };
    if (text === undefined) return unusable('The response is too long.');
    if (text === '*') return unusable('Authentication was called off.');
    response = decodeBase64(text);
    if (response === undefined) return NOT_BASE64;
  }
}

function unusable(why: string): SaslOutcome {
  return { kind: 'unusable', why };
}

const NOT_BASE64: SaslOutcome = unusable('That is no base64.');
