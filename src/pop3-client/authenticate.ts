import type { Response } from '../pop3/response.ts';
import { decodeBase64, encodeInitialResponse } from '../sasl/base64.ts';
import { type ClientExchange, unusableChallenge } from '../sasl/exchange.ts';
import type { MechanismName } from '../sasl/mechanisms.ts';
import type { Secret } from '../secret.ts';
import { protocolViolation } from '../wire/errors.ts';
import { MAX_AUTH_LINE_OCTETS, MAX_CHALLENGES } from '../wire/limits.ts';
import { plainCommand, secretCommand } from '../wire/transcript.ts';
import type { Pipeline } from './pipeline.ts';

const DURING = 'waiting for the login';

export interface Authentication {
  readonly mechanism: MechanismName;
  readonly exchange: ClientExchange;
  /** Whether the server is known to take an initial response (RFC 5034 §3). */
  readonly mayBegin: boolean;
  /** What must not be shown, should the server repeat it (I5). */
  readonly secret: Secret;
}

/**
 * AUTH (RFC 5034 §4): one exchange on the line, up to the last reply of the server. An exchange that fails on our side is
 * cancelled, and the session is in the AUTHORIZATION state as before.
 */
export async function authenticate(
  pipeline: Pipeline,
  { mechanism, exchange, mayBegin, secret }: Authentication,
): Promise<Response> {
  const inside = [Buffer.from(secret.reveal()).toString('latin1')];
  const first = exchange.initial && encodeInitialResponse(exchange.initial);
  // A token of OAuth seldom fits, and Microsoft's servers want it in a line of its own even where it does.
  const begins = mayBegin && first !== undefined && mechanism !== 'XOAUTH2' && fits(mechanism, first);
  const command = `AUTH ${mechanism}`;
  const passTurn = await pipeline.submit(
    begins ? secretCommand(command, first, inside) : plainCommand(command),
  );
  try {
    return await converse(pipeline, { mechanism, exchange, begins, inside });
  } finally {
    passTurn();
  }
}

/** What goes on under the name of AUTH. */
interface Conversation {
  readonly mechanism: MechanismName;
  readonly exchange: ClientExchange;
  /** Whether the initial response was sent along with the command. */
  readonly begins: boolean;
  /** What no line of it may show. */
  readonly inside: readonly string[];
}

/** Answers challenges until the server has said its last. */
async function converse(
  pipeline: Pipeline,
  { mechanism, exchange, begins, inside }: Conversation,
): Promise<Response> {
  for (let challenges = 0; ; challenges += 1) {
    const reply = await pipeline.readChallenge(DURING);
    if (typeof reply !== 'string') return believed(reply, mechanism, { pipeline, exchange });
    try {
      if (challenges === MAX_CHALLENGES) throw unusableChallenge(mechanism, 'asks without end');
      const words = reply.trim();
      // Empty, by RFC 5034 §4; some servers have a word here. So asks, too, who took no notice of the initial response.
      const isAwaited = challenges === 0 && (!begins || words === '');
      const awaited = isAwaited ? exchange.initial : undefined;
      const response = awaited ?? (await exchange.respond(challengeOf(words, mechanism)));
      pipeline.connection.sendLine(secretCommand('', response.toString('base64'), inside));
    } catch (error) {
      await cancel(pipeline);
      throw error;
    }
  }
}

function challengeOf(words: string, mechanism: MechanismName): Buffer {
  const challenge = decodeBase64(words);
  if (challenge === undefined) throw unusableChallenge(mechanism, 'sent a challenge that is not base64');
  return challenge;
}

/** RFC 5034 §4: a line must not be longer than 255 octets; then the server is waited for. */
function fits(mechanism: MechanismName, initial: string): boolean {
  return `AUTH ${mechanism} ${initial}\r\n`.length <= MAX_AUTH_LINE_OCTETS;
}

/** A success that comes before the server has proved what it has to prove is none (RFC 5802 §5). */
function believed(
  response: Response,
  mechanism: MechanismName,
  { pipeline, exchange }: { pipeline: Pipeline; exchange: ClientExchange },
): Response {
  if (!response.ok || exchange.complete) return response;
  throw pipeline.connection.break(
    protocolViolation(
      `The server ended the login by ${mechanism} too early, without its part of the proof.`,
      {
        hint: 'Somebody may be interfering; if not, name another mechanism with "auth".',
      },
    ),
  );
}

/** RFC 5034 §4: `*` ends an exchange that is under way; a server that lets us in even so is not to be trusted. */
async function cancel(pipeline: Pipeline): Promise<void> {
  if (pipeline.connection.broken !== undefined) return;
  pipeline.connection.sendLine(plainCommand('*'));
  const { ok } = await pipeline.readStatus('cancelling the login');
  if (!ok) return;
  throw pipeline.connection.break(
    protocolViolation('The server took a cancelled login for a good one.', {
      hint: 'Name another mechanism with "auth"; if it goes on, somebody may be interfering, or the server is broken.',
    }),
  );
}
