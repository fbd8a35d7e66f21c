/** The limits of a poll, each with the reason for its value (I7). Those of the protocol are in `wire/limits.ts`. */

const KIB = 1024;
const MIB = 1024 * KIB;
const HOUR_MS = 3_600_000;

/** How many attempts a message gets before it is left alone and reported. */
export const MAX_ATTEMPTS = 5;

/** After this long a quarantined message gets another chance: the fault may have been the network's. */
export const QUARANTINE_RETRY_MS: number = 24 * HOUR_MS;

/**
 * How much the listed size of one message may change from session to session: some servers write fields of their own into
 * it (mailutils, 2026). A larger change means that the unique-id stands for another message.
 */
export const SIZE_DRIFT_OCTETS = 512;

/**
 * How many polls in a row, and for how long, a quiet maildrop is only looked at before it is listed whole again. A look
 * misses one thing, a message that replaced another of the same size; this is how late that one may come.
 */
export const QUIET_POLLS = 12;
export const QUIET_MS: number = HOUR_MS;

/** The longest that a poll waits because the server wants time between two logins; for more than this it does not begin. */
export const LOGIN_DELAY_PATIENCE_MS = 15_000;

/** How long a server is left without a word while something takes long here: some end a session after a minute of silence. */
export const KEEP_ALIVE_MS = 30_000;

/** A server that announces more time than this between two logins is not believed: mail would hardly come any more. */
export const LONGEST_LOGIN_DELAY_MS: number = 24 * HOUR_MS;

/** How many messages are given memory in advance because STAT announced them; a server that claims more has to list them. */
export const LISTING_ROOM = 131_072;

/** A listing may have this many times the lines that STAT announced, and this many more, before it is broken off. */
export const LISTING_FACTOR = 2;
export const LISTING_SLACK_LINES = 10_000;

/** How much of a header is read to recognise a message. */
export const MAX_HEADER_OCTETS: number = MIB;

/** How large a whole message may be that comes where only its header was asked for, as some servers answer TOP. */
export const MAX_UNASKED_OCTETS: number = 64 * MIB;

/** How many equal messages are told apart when the destinations are searched for messages without a unique-id of their own. */
export const MAX_OCCURRENCES = 10;

/**
 * A message that is shorter than listed by more than both of these (octets, and a share of the listed size) may have been
 * cut, unless experience says otherwise of this server. Less is a way of counting: some count the end of the message.
 */
export const SHORT_OCTETS = 8;
export const SHORT_PART = 0.02;

/** A message that was stored short is asked for again after this long, and each further time after twice as long. */
export const SHORT_RETRY_MS: number = 24 * HOUR_MS;

/** So many messages may others delete between a poll that was killed and the next one: numbers of those behind them change. */
export const MOVED_UP_MESSAGES = 1000;

/**
 * How many sessions one poll may lose to messages that run on, until it pipelines no more, and to headers, until it ends.
 */
export const MOST_LOST_SESSIONS = 3;

/**
 * How many messages that were kept until now one poll may delete without asking: this many, or this many times the most
 * that one poll has deleted so far.
 */
export const MASS_DELETION = 100;
export const MASS_DELETION_FACTOR = 10;

/** How many messages are re-read before somebody is asked about many deletions: enough to show whether the place is there. */
export const LOST_SAMPLE = 20;

/** For how long messages that have vanished may come back under new unique-ids, as when a provider moves a maildrop. */
export const RENUMBERING_MS: number = 7 * 24 * HOUR_MS;

/**
 * How many messages and octets one session carries; then come QUIT and a new session, which lists the maildrop again. Where
 * messages are deleted after delivery, a session also ends after this long: a line that drops late must not cost all deletions.
 */
export const SESSION_MESSAGES = 25_000;
export const SESSION_OCTETS: number = 512 * MIB;
export const SESSION_MS = 60_000;

/**
 * The pauses between attempts to log in to a maildrop that is in use, where that may be our own last session: servers need a
 * moment to let go of it after QUIT, and longer after a line that was cut.
 */
export const BUSY_PAUSES_MS: readonly number[] = [250, 2000, 10_000];

/** Messages being made durable at a time: enough to keep a slow disk and all threads of the pool busy. */
export const CONCURRENT_DELIVERIES = 128;

/** No further delivery begins while this many octets are held in memory by those under way. */
export const CONCURRENT_OCTETS: number = 4 * MIB;

/** How many octets of one message a destination holds in memory, at most, before it writes them. */
export const HELD_OCTETS: number = MIB;

/**
 * How many messages may be durable and wait for the commit that records them. After a kill this many may be found delivered
 * and not recorded, and are recognised (I3); more of them would hardly make a commit cheaper.
 */
export const UNRECORDED_MESSAGES = 512;

/** How much of a refused or failed message is read and thrown away to save the session. */
export const DRAIN_OCTETS: number = 4 * MIB;

/** Where there is no room for a message smaller than this, none is worth looking for for others. */
export const NO_ROOM_OCTETS: number = 16 * KIB;

/** How large a message may be that the server lists without a size, or as nothing. */
export const UNLISTED_MESSAGE_OCTETS: number = 256 * MIB;

/** What was delivered, or DELE sent for, so short a time ago is deleted as a matter of course; what is older was kept. */
export const SOON_MS: number = 24 * HOUR_MS;
