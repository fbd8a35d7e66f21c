import { MailError } from '../errors.ts';
import { AUTOLOGOUT_MS } from '../wire/limits.ts';
import type { ServerLimits } from './options.ts';

/** The caps that only the server needs, with the reason for each; the shared ones are in `wire/limits.ts`. */

/** Connections at a time that a server takes; each costs some tens of kilobytes, within TLS twice that (I7). */
export const MAX_CONNECTIONS = 2000;

/** Of these, how many may come from one address, so that one client cannot keep out all others. */
export const MAX_CONNECTIONS_PER_ADDRESS = 1000;

/** Connections that wait for the server to take them; more, and the system has their clients try again much later. */
export const BACKLOG = 4096;

/** Commands in a row that make no sense, after which the server hangs up: whoever sends them does not speak POP3. */
export const MAX_BAD_COMMANDS = 100;

/** Received octets held for a session that is still busy with the command before; then the client has to wait. */
export const RECEIVED_OCTETS: number = 32 * 1024;

/** Failed logins after which the server hangs up: enough for typing errors, too few for guessing. */
export const MAX_LOGIN_FAILURES = 5;

/** How long a server that closes waits for UPDATE, and for clients to hear how it went. */
export const LEAVING_MS = 2000;

/** How long it then waits for sessions that it has ended; only a maildrop that does not answer needs so much. */
export const ENDING_MS = 200;

/** Octets of a message read, stuffed and sent at a time; bounds what one session holds (I7). */
export const BLOCK_OCTETS: number = 64 * 1024;

/** The longest delay that a timer can have; the session has its own autologout timer (RFC 1939 §3). */
export const NO_IDLE_DEADLINE_MS: number = 2 ** 31 - 1;

/** The limits with their defaults. Raises `config` for one that is no whole number, or nothing at all. */
export function openLimits(given: ServerLimits = {}): Required<{ [Name in keyof ServerLimits]: number }> {
  for (const [name, value] of Object.entries(given) as [string, unknown][]) {
    const least = name === 'failedLoginDelayMs' ? 0 : 1;
    if (value === undefined || (Number.isSafeInteger(value) && Number(value) >= least)) continue;
    throw new MailError('config', `limits.${name} must be a whole number, ${least} or more.`, {
      hint: 'Leave it out for its default.',
    });
  }
  return {
    connections: given.connections ?? MAX_CONNECTIONS,
    connectionsPerAddress: given.connectionsPerAddress ?? MAX_CONNECTIONS_PER_ADDRESS,
    badCommands: given.badCommands ?? MAX_BAD_COMMANDS,
    failedLogins: given.failedLogins ?? MAX_LOGIN_FAILURES,
    failedLoginDelayMs: given.failedLoginDelayMs ?? 0,
  };
}

/** The autologout time (RFC 1939 §3) with its default. Raises `config` for one that no timer can have. */
export function openAutologout(milliseconds: number = AUTOLOGOUT_MS): number {
  if (Number.isSafeInteger(milliseconds) && milliseconds >= 1 && milliseconds <= NO_IDLE_DEADLINE_MS)
    return milliseconds;
  throw new MailError('config', `autologoutMs must be a whole number from 1 to ${NO_IDLE_DEADLINE_MS}.`, {
    hint: 'Leave it out for its default.',
  });
}
