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

/** The limits with their defaults. */
export function openLimits(given: ServerLimits = {}): Required<{ [Name in keyof ServerLimits]: number }> {
  return {
    connections: given.connections ?? MAX_CONNECTIONS,
    connectionsPerAddress: given.connectionsPerAddress ?? MAX_CONNECTIONS_PER_ADDRESS,
    badCommands: given.badCommands ?? MAX_BAD_COMMANDS,
    failedLogins: given.failedLogins ?? MAX_LOGIN_FAILURES,
    failedLoginDelayMs: given.failedLoginDelayMs ?? 0,
  };
}
