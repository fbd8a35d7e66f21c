import type { MailError } from '../errors.ts';

/**
 * What happens in a server, in order, with the number of the session (1 for the first) where there is one. Lines come without
 * line ends and harmless to print. What can be a secret is `***`, and so is every line that is no command of this server.
 */
export type ServerEvent =
  /** There were too many connections, in all or from this address, all of them logged in, so one more was refused. */
  | { readonly kind: 'turned-away'; readonly address: string }
  /** A session has begun; `secure` when TLS came first. */
  | { readonly kind: 'opened'; readonly session: number; readonly secure: boolean }
  /** TLS has come under a session: `protocol` such as `TLSv1.3`, and the cipher. */
  | { readonly kind: 'secured'; readonly session: number; readonly protocol: string; readonly cipher: string }
  /** A user has logged in, by `USER`, `APOP` or the SASL mechanism of that name. */
  | { readonly kind: 'entered'; readonly session: number; readonly user: string; readonly by: string }
  /** A command line has arrived and is about to be answered. */
  | { readonly kind: 'command'; readonly session: number; readonly line: string }
  /** A response to a challenge of AUTH has arrived; it is never shown. */
  | { readonly kind: 'response'; readonly session: number }
  /** A status line is about to be sent; a fault may still keep it. */
  | { readonly kind: 'reply'; readonly session: number; readonly line: string }
  /** A maildrop could not be listed or does not answer, a message not be read, or a deletion not be carried out. */
  | { readonly kind: 'trouble'; readonly session: number; readonly error: MailError }
  /** A session has ended and its lock is free. `error` says why, unless it was by QUIT, a fault or too many logins. */
  | { readonly kind: 'closed'; readonly session: number; readonly error: MailError | undefined };

/**
 * Sees the events as they happen, and returns nothing. What it raises ends the session that the event is about, and
 * `close` of the server rejects with it, so that expectations may stand here.
 */
export type Observe = (event: ServerEvent) => void;
