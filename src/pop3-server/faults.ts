/**
 * Scripted misbehaviour, as plain data that a JSON file can hold: a list of faults, each with `do` and where it
 * applies. Of several that fit the same command, the first counts. Nothing here depends on chance or time of day.
 *
 *     [
 *       { "do": "cut", "afterOctets": 1500, "sessions": 1 },
 *       { "do": "refuse", "command": "RETR", "messages": [3], "code": "SYS/TEMP", "text": "try again later" },
 *       { "do": "uids", "prefix": "new-" }
 *     ]
 */
export type Faults = readonly Fault[];

/** One fault that a server commits on purpose. */
export type Fault =
  | CutFault
  | StallFault
  | RefuseFault
  | SayFault
  | OmitEndFault
  | ShortenFault
  | EndlessFault
  | InjectFault
  | SizesFault
  | UidsFault
  | HideFault
  | DelayFault
  | DripFault;

interface AnyFault {
  /** Only in the first so many sessions since the faults were set. Default: in all. */
  readonly sessions?: number | undefined;
}

/** When a fault happens: at a command, or at an octet. */
interface AtCommand extends AnyFault {
  /** A command keyword, in any case; or `GREETING`; or `LOGIN`, which is PASS, APOP and AUTH. */
  readonly command: string;
  /** Only where the first argument is one of these message numbers. */
  readonly messages?: readonly number[] | undefined;
  /** Only the n-th time in a session that the rest fits. */
  readonly nth?: number | undefined;
}

interface AtOctet extends AnyFault {
  /** Once the server has sent exactly so many octets in the session; octets inside TLS, handshakes not counted. */
  readonly afterOctets: number;
}

interface Cut {
  readonly do: 'cut';
  /** True: the deletions marked so far become real, as with a server that does UPDATE at a dropped line. */
  readonly commit?: boolean | undefined;
}

/** Where in the course of a command it happens. */
interface InReply {
  /** Once so many octets of the reply were sent, and the command was performed. Default: before anything is done. */
  readonly inReply?: number | undefined;
}

/** Closes the connection: at an octet, when a command arrives, in its reply, or after it. */
type CutFault = Cut & (AtOctet | (AtCommand & InReply & { readonly afterReply?: boolean | undefined }));

/** Falls silent for good: at an octet, in place of a reply, or in it. */
type StallFault = { readonly do: 'stall' } & (AtOctet | (AtCommand & InReply));

/** Waits so many milliseconds before it performs the command. */
interface DelayFault extends AtCommand {
  readonly do: 'delay';
  readonly ms: number;
}

/** Answers `-ERR [code] text` and does nothing. At QUIT the session ends, without UPDATE unless `commit` is true. */
interface RefuseFault extends AtCommand {
  readonly do: 'refuse';
  readonly code?: string | undefined;
  readonly text?: string | undefined;
  readonly commit?: boolean | undefined;
}

/** Answers this line, as it is, and does nothing; with `GREETING`, in place of the greeting. */
interface SayFault extends AtCommand {
  readonly do: 'say';
  readonly line: string;
}

/** Leaves the termination octet and its CRLF out of a multi-line response. */
interface OmitEndFault extends AtCommand {
  readonly do: 'omit-end';
}

/** Sends only so many octets of a multi-line response, as stuffed, and ends it well. */
interface ShortenFault extends AtCommand {
  readonly do: 'shorten';
  readonly octets: number;
}

/** Answers without end: a status line, the rows of a listing, or the lines of a message. */
export interface EndlessFault extends AtCommand {
  readonly do: 'endless';
  readonly what: 'line' | 'rows' | 'body';
}

/** Sends this text in the same segment as the reply; with `STLS`, clear text where TLS must begin. */
interface InjectFault extends AtCommand {
  readonly do: 'inject';
  readonly text: string;
}

/** Says other sizes in LIST, STAT and RETR: each times `factor`, plus `offset`, rounded down, never below 0. */
interface SizesFault extends AnyFault {
  readonly do: 'sizes';
  readonly messages?: readonly number[] | undefined;
  readonly factor?: number | undefined;
  readonly offset?: number | undefined;
}

/** Says other unique-ids: the same `uid` for all these messages, or each with a `prefix`. */
interface UidsFault extends AnyFault {
  readonly do: 'uids';
  readonly messages?: readonly number[] | undefined;
  readonly uid?: string | undefined;
  readonly prefix?: string | undefined;
}

/** Does not have these capabilities and commands, as the server option `without`. */
interface HideFault extends AnyFault {
  readonly do: 'hide';
  readonly names: readonly string[];
}

/** Sends one octet every so many milliseconds. */
interface DripFault extends AnyFault {
  readonly do: 'drip';
  readonly everyMs: number;
}
