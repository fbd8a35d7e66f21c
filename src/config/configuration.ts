import type { NoticePolicy } from '../notices/facts.ts';
import type { NoticeTarget, PingTarget } from '../notices/targets.ts';
import type { LogLevel } from '../observe/logger.ts';
import type { Account } from '../poll/account.ts';
import type { Schedule } from '../schedule/cron.ts';
import type { ClientCertificate } from '../wire/trust.ts';
import type { PasswordSettings } from './settings.ts';

/** Certificates as their files have them now; undefined where the account names none. */
export interface RenewedCertificates {
  readonly anchors?: (() => Promise<readonly string[]>) | undefined;
  readonly own?: (() => Promise<ClientCertificate>) | undefined;
}

/** A command as it is started. */
export interface Runnable {
  /** Text runs through `/bin/sh`, a list without a shell. */
  readonly command: string | readonly string[];
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What a command after mail is told of. */
export interface MailCame {
  readonly accounts: readonly string[];
  readonly messages: number;
}

/** The command that runs when mail has come. */
export interface AfterMail extends Runnable {
  /** How long it may take, in milliseconds. */
  readonly limitMs: number;
  /**
   * Resolves to what it has said, as it may be shown, when it has gone well. Raises `after-mail-failed`, or `aborted` where the
   * signal has ended it.
   */
  readonly run: (came: MailCame, stop: AbortSignal) => Promise<string>;
}

/** One account and when the daemon polls it. */
export interface AccountConfiguration {
  readonly account: Account;
  /** Where the password of the account comes from. */
  readonly passwordFrom: PasswordSettings['from'];
  /** What the files with certificates have now that the account names. */
  readonly renewed?: RenewedCertificates | undefined;
  /** What `account.preconnect` runs. */
  readonly preconnect?: Runnable | undefined;
  readonly afterMail?: AfterMail | undefined;
  readonly schedule: Schedule;
  /** The largest delay in milliseconds that keeps accounts from being polled all at the same moment. */
  readonly jitterMs: number;
  /** What the provider is known to want between two polls, in milliseconds, beyond what its server announces. */
  readonly loginPauseMs: number;
}

/** Who is told what. */
export interface NotifyConfiguration {
  readonly targets: readonly NoticeTarget[];
  readonly policy: NoticePolicy;
  readonly ping: PingTarget | undefined;
}

/** What only the daemon needs. */
export interface DaemonConfiguration {
  /** Absolute path of the socket that it takes commands from. */
  readonly controlSocket: string;
  /** Where health and metrics can be asked for; undefined: nowhere. */
  readonly listen: { readonly host: string; readonly port: number } | undefined;
  readonly notify: NotifyConfiguration;
  /** How long polls may take to end after the first signal, in milliseconds. */
  readonly shutdownGraceMs: number;
  readonly log: {
    readonly level: LogLevel;
    /** Absolute path; undefined is standard error. */
    readonly file: string | undefined;
  };
}

/** A whole configuration, complete: every default filled in, every path absolute. */
export interface Configuration {
  /** Absolute path of the file that it was read from. */
  readonly path: string;
  /** Absolute path of the folder of the ledger. */
  readonly stateDir: string;
  readonly concurrency: {
    /** Accounts polled at a time. */
    readonly accounts: number;
    /** Accounts polled at a time on one host. */
    readonly perHost: number;
  };
  readonly daemon: DaemonConfiguration;
  /** At least one, in the order of the file. */
  readonly accounts: readonly AccountConfiguration[];
}
