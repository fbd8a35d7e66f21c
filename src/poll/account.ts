import type { DestinationSettings } from '../delivery/settings.ts';
import type { AuthChoice, LineOptions, SessionTimeouts, TlsMode } from '../pop3-client/options.ts';
import type { Secret } from '../secret.ts';
import type { DeletionPolicy } from './deletion-policy.ts';

/** How much one poll may carry; undefined where there is no limit. */
export interface PollLimits {
  /** Larger messages (octets, by LIST) stay on the server and are reported. */
  readonly messageOctets: number | undefined;
  /** After this many messages the poll ends; the next one goes on. */
  readonly messagesPerPoll: number | undefined;
  /** After this many octets the poll ends; the next one goes on. */
  readonly octetsPerPoll: number | undefined;
  /** At most this many octets are carried in one day (UTC), over all polls. */
  readonly octetsPerDay?: number | undefined;
}

/** One account, complete: every default filled in, every path absolute. */
export interface Account {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly tls: TlsMode;
  /** Trust anchors in PEM, in addition to the usual ones. */
  readonly ca: readonly string[];
  /** How the line is made, and what else it is checked by. */
  readonly line: LineOptions;
  readonly user: string;
  /**
   * Fetches the password at each poll, so that a changed one is picked up. Raises `secret-unavailable`, or `aborted` when
   * the signal ends a wait for it.
   */
  readonly password: (signal?: AbortSignal) => Promise<Secret>;
  /**
   * Opens the way, right before each connection. Raises `preconnect-failed`, or `aborted` when the signal ends it. Undefined
   * where nothing needs to be opened.
   */
  readonly preconnect?: ((signal?: AbortSignal) => Promise<void>) | undefined;
  readonly auth: AuthChoice;
  readonly allowCleartext: boolean;
  /** All must have a message safe before it may be deleted. */
  readonly destinations: readonly DestinationSettings[];
  readonly deletion: DeletionPolicy;
  readonly limits: PollLimits;
  readonly timeouts: SessionTimeouts;
}
