import type { TestContext } from 'vitest';
import type { TlsMode } from '../judge.ts';
import type { RunningServer } from './kind.ts';
import type { RootFolder } from './root-folder.ts';

/** An IMAP server that others wrote, while it runs. Everybody's password is `PASSWORD`. */
export interface RunningImap extends RunningServer {
  /** Where it runs, and keeps its mail. */
  readonly root: RootFolder;
}

/** What people are told about a server to whose mailboxes mail is given. */
export interface ImapFacts {
  /** As people call it, and the Debian package that brings it. */
  readonly title: string;
  readonly debianPackage: string;
  readonly tls: readonly TlsMode[];
  /** What it does otherwise than most, and what Mailferry makes of it. */
  readonly quirks: readonly string[];
}

/** Such a server and how to start it. */
export interface ImapKind extends ImapFacts {
  /** For `beforeEach`: skips the tests where it cannot be started. */
  readonly require: (context: TestContext) => void;
  readonly start: (users: readonly string[]) => Promise<RunningImap>;
  /** As the server names the mailbox with these levels, in modified UTF-7 or as its client has to. */
  readonly named: (levels: readonly string[]) => string;
  /** The name of a mailbox that it does not make. */
  readonly impossible: string;
  /** What becomes of 8-bit octets in a header that are not encoded. */
  readonly unencoded: 'kept' | 'changed';
  /** The folder in which all of its mail is, and the names of files that are messages. */
  readonly spool: { readonly folder: string; readonly file: RegExp };
  /** Limits all mail of a user, who has logged in before, to so many times 1000 octets or a bit more. */
  readonly limit: (running: RunningImap, user: string, kilobytes: number) => Promise<void>;
}
