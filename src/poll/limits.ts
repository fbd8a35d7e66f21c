/** The limits of a poll, each with the reason for its value (I7). Those of the protocol are in `wire/limits.ts`. */

const KIB = 1024;
const MIB = 1024 * KIB;
const HOUR_MS = 3_600_000;

/** How often one message is tried before it is left alone and reported. */
export const MAX_ATTEMPTS = 5;

/** A quarantined message gets another chance this often: its fault may have been the network's. */
export const QUARANTINE_RETRY_MS: number = 24 * HOUR_MS;

/**
 * So much may the listed size of one message change from session to session, as servers that write their own fields
 * into it do (mailutils, 2026); beyond that the unique-id stands for another message.
 */
export const SIZE_DRIFT_OCTETS = 512;

/**
 * So often a maildrop that looks as it did is not listed whole: what the look cannot tell, a message put in the place of
 * another of the same size, is noticed after so many polls or so much time.
 */
export const QUIET_POLLS = 12;
export const QUIET_MS: number = HOUR_MS;

/** So long a poll waits for the time to be over that a server wants between two logins; for longer it does not begin. */
export const LOGIN_DELAY_PATIENCE_MS = 15_000;

/** A server that wants more time than this between two logins is mistaken: mail would come no more. */
export const LONGEST_LOGIN_DELAY_MS: number = 24 * HOUR_MS;

/** For how many messages of a listing room is made at once because STAT says so; a server that says more has to list them. */
export const LISTING_ROOM = 131_072;

/** How many lines a listing may have beyond what STAT said. */
export const LISTING_FACTOR = 2;
export const LISTING_SLACK_LINES = 10_000;

/** How much of a header is read to recognise a message. */
export const MAX_HEADER_OCTETS: number = MIB;

/**
 * A message that lacks more than this of its listed size, in octets and as a part of it, may have been cut, as long as
 * nothing is known of the sizes that the server lists. Some count the end of the message.
 */
export const SHORT_OCTETS = 8;
export const SHORT_PART = 0.02;

/** What was stored short is asked for again after this long, then after twice as long each time. */
export const SHORT_RETRY_MS: number = 24 * HOUR_MS;

/** After so many messages with an end in doubt, a poll pipelines no more: each of them has cost it a session. */
export const MOST_DOUBTS = 3;

/** So many messages that were kept may be deleted in one poll without asking, or so many times the most so far. */
export const MASS_DELETION = 100;
export const MASS_DELETION_FACTOR = 10;

/** Before somebody is asked about many deletions, so many of the messages are re-read: they show whether the place is there. */
export const LOST_SAMPLE = 20;

/** How long after messages have vanished they may yet be listed under new unique-ids, as when a provider moves a maildrop. */
export const RENUMBERING_MS: number = 7 * 24 * 60 * 60 * 1000;

/**
 * After so much, QUIT and a new session, in which the server lists the maildrop again. Where what was carried is deleted, also
 * after so long: a line that drops late must not cost all deletions.
 */
export const SESSION_MESSAGES = 25_000;
export const SESSION_OCTETS: number = 512 * MIB;
export const SESSION_MS = 60_000;

/**
 * How long a maildrop that is in use is waited for, when it may be our own last session that the server has not let go
 * of: servers take a moment to do so after a QUIT, and longer after a line that was cut.
 */
export const BUSY_PAUSES_MS: readonly number[] = [250, 2000, 10_000];

/** Messages being made durable at a time: enough to keep a slow disk and all threads of the pool busy. */
export const CONCURRENT_DELIVERIES = 128;

/** But not more octets than this at a time, as far as a destination holds them in memory before it writes. */
export const CONCURRENT_OCTETS: number = 4 * MIB;
export const HELD_OCTETS: number = MIB;

/**
 * Messages that are durable and wait for the commit that records them. So many may be found delivered and not recorded
 * after a kill, and are recognised then (I3); more of them would hardly make a commit cheaper.
 */
export const UNRECORDED_MESSAGES = 512;

/** How much of a refused or failed message is read and thrown away to save the session. */
export const DRAIN_OCTETS: number = 4 * MIB;

/** How large a message may be that the server lists without a size. */
export const UNLISTED_MESSAGE_OCTETS: number = 256 * MIB;
