/**
 * Every cap and deadline of the protocol, with the reason for its value (I7). A server is never trusted to be
 * brief, and a client neither.
 */

const KIB = 1024;
const MIB = 1024 * KIB;

/** Status lines and lines of a listing. RFC 2449 §4 says 512 octets; servers in the field are sloppy. */
export const MAX_LINE_OCTETS: number = 8 * KIB;

/** Command lines, seen by the server. RFC 2449 §4 says 255; a SASL initial response (RFC 5034 §4) is longer. */
export const MAX_COMMAND_OCTETS: number = 16 * KIB;

/** A longer command line is refused and the session goes on; one longer than this can only be malice, and ends it. */
export const MAX_SKIPPED_OCTETS: number = MIB;

/** An AUTH line with its initial response and its line end (RFC 5034 §4); a longer one must be split. */
export const MAX_AUTH_LINE_OCTETS = 255;

/** A challenge (RFC 5034 §4): as long as the mechanism makes it, so that it may exceed a status line. */
export const MAX_CHALLENGE_OCTETS: number = 64 * KIB;

/** Challenges of one login. No mechanism here has more than three. */
export const MAX_CHALLENGES = 8;

/** Lines of a LIST or UIDL response: more than any maildrop known, and it bounds memory. */
export const MAX_LISTING_LINES = 2_000_000;

/** Lines of a CAPA response; real servers send about fifteen. */
export const MAX_CAPABILITY_LINES = 200;

/** A unique-id may have 70 octets (RFC 1939 §7); longer ones are seen, and are taken as opaque up to this. */
export const MAX_UNIQUE_ID_OCTETS: number = KIB;

/** How much a message may exceed the size that LIST promised before it is cut off. */
export const MESSAGE_SIZE_FACTOR = 2;
export const MESSAGE_SIZE_SLACK_OCTETS: number = MIB;

/** Received octets held for a consumer that is slower than the wire; then the socket is paused. */
export const RECEIVE_BUFFER_OCTETS: number = MIB;

/** DNS, TCP, TLS and greeting share this one budget. */
export const CONNECT_TIMEOUT_MS = 30_000;

/** How long one address of a host is tried alone before the next is tried beside it (RFC 8305 §5, the value of §8). */
export const CONNECT_ATTEMPT_MS = 250;

/** Contexts of TLS kept: one for each set of authorities and client certificate. */
export const MAX_TLS_CONTEXTS = 100;

/** TLS sessions kept to be resumed; each is a few KiB. */
export const MAX_TLS_SESSIONS = 1000;

/** After this long a server has to show its certificate again: a new one, or one that has run out, is noticed within a day. */
export const MAX_TLS_SESSION_AGE_MS: number = 24 * 3_600_000;

/** What is kept of what a tunnel command says on its standard error. */
export const MAX_TUNNEL_WORDS_OCTETS = 4096;

/** No octet for this long ends the session. */
export const IDLE_TIMEOUT_MS = 60_000;

/** How much longer the reply to QUIT may take for each message that the server has to delete first. */
export const UPDATE_MS_PER_DELETION = 10;

/** Fewer octets than this in one idle period count as silence, so that one octet now and then cannot hold a session. */
export const MIN_OCTETS_PER_IDLE_PERIOD = 64;

/** From the greeting to the first TRANSACTION command, however many steps the login has. */
export const LOGIN_TIMEOUT_MS = 60_000;

/**
 * The least that the reply to a login is waited for: servers in the field take eleven seconds to say that a maildrop is
 * in use, and let wrong passwords wait longer each time.
 */
export const MIN_LOGIN_REPLY_MS = 15_000;

/** RFC 1939 §3: a server's autologout timer must not be shorter than ten minutes. */
export const AUTOLOGOUT_MS: number = 10 * 60_000;

/**
 * Commands under way at a time where the server announces PIPELINING (RFC 2449 §6.6): enough that small messages fill
 * a line of 100 ms, in few enough octets for any buffer of commands.
 */
export const PIPELINE_COMMANDS = 256;

/** The same for DELE: command and reply are a few octets each, and both sides' buffers hold thousands of them. */
export const PIPELINE_DELETIONS = 4096;

/** Octets that pipelined RETRs may have announced but not delivered; bounds what a broken session costs. */
export const PIPELINE_OCTETS: number = 4 * MIB;

/** The longest timeout. Node fires a timer of more than 2^31 ms at once, and QUIT adds to a timeout. */
export const MAX_TIMEOUT_MS = 2_000_000_000;
