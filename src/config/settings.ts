import type {
  ImapSettings,
  MailServerSettings,
  MdaSettings,
  PlaceSettings,
  RecipientsByHeader,
} from '../delivery/settings.ts';
import type { LogLevel } from '../observe/logger.ts';
import type { DeletionPolicy } from '../poll/deletion-policy.ts';
import type { AuthChoice, TlsMode } from '../pop3-client/options.ts';
import type { Schedule } from '../schedule/cron.ts';
import type { Secret } from '../secret.ts';
import type { ConnectionSettings } from './fields/connection.ts';

/** A destination as it was written: paths are not absolute yet. */
export type WrittenDestination =
  | PlaceSettings
  | (Pick<MdaSettings, 'type' | 'command' | 'lineEndings'> & { readonly timeout?: number | undefined })
  | (Pick<MailServerSettings, 'type'> & {
      readonly to: string | WrittenRecipients;
      readonly host?: string | undefined;
      readonly port?: number | undefined;
      readonly socket?: string | undefined;
      readonly tls?: TlsMode | undefined;
      readonly allowCleartext?: boolean | undefined;
      readonly timeout?: number | undefined;
    })
  | WrittenImap;

/** By what the recipients of each message are told, as it was written. */
export type WrittenRecipients = Pick<RecipientsByHeader, 'header' | 'otherwise'> & {
  readonly domains?: readonly string[] | undefined;
  readonly position?: number | undefined;
  readonly prefix?: string | undefined;
};

/** A mailbox on an IMAP server as it was written. */
export interface WrittenImap
  extends Pick<ImapSettings, 'type' | 'host' | 'tls' | 'user' | 'auth' | 'mailbox' | 'compare' | 'caFile'> {
  readonly port?: number | undefined;
  readonly allowCleartext?: boolean | undefined;
  readonly password: PasswordSettings;
  readonly timeout?: number | undefined;
}

/** Makes of where a password comes from what fetches it; host and user are those that a netrc file is asked for. */
export type PasswordSource = (
  written: PasswordSettings,
  login: { readonly host: string; readonly user: string },
) => () => Promise<Secret>;

/** Where a password comes from. Paths are as they were written. */
export type PasswordSettings =
  | { readonly from: 'text'; readonly value: Secret }
  /** Text runs through `/bin/sh`, a list without a shell. */
  | { readonly from: 'command'; readonly command: string | readonly string[] }
  | { readonly from: 'env'; readonly name: string }
  | { readonly from: 'file'; readonly path: string }
  /** A file of `$CREDENTIALS_DIRECTORY`, as systemd gives them to a service. */
  | { readonly from: 'credential'; readonly name: string }
  /** The entry of a netrc file for a machine (the host, where none is written) and a login (the user). */
  | {
      readonly from: 'netrc';
      readonly path: string;
      readonly machine: string | undefined;
      readonly login: string | undefined;
    };

interface LimitSettings {
  readonly messageSize?: number | undefined;
  readonly messagesPerPoll?: number | undefined;
  readonly bytesPerPoll?: number | undefined;
  readonly bytesPerDay?: number | undefined;
}

interface TimeoutSettings {
  readonly connect?: number | undefined;
  readonly idle?: number | undefined;
  readonly preconnect?: number | undefined;
  readonly afterMail?: number | undefined;
}

/** The keys of an account, or of `defaults`, as far as they were written and are right. Paths are as they were written. */
export interface AccountSettings extends ConnectionSettings {
  readonly host?: string;
  readonly port?: number;
  readonly tls?: TlsMode;
  readonly allowCleartext?: boolean;
  readonly user?: string;
  readonly password?: PasswordSettings;
  readonly auth?: AuthChoice;
  readonly deliver?: readonly WrittenDestination[];
  readonly delete?: DeletionPolicy;
  readonly schedule?: Schedule;
  readonly jitter?: number;
  readonly afterMail?: string | readonly string[];
  readonly limits?: LimitSettings;
  readonly timeouts?: TimeoutSettings;
}

interface ConcurrencySettings {
  readonly accounts?: number | undefined;
  readonly perHost?: number | undefined;
}

/** What stands at the top of the file besides the accounts and their defaults. */
export interface GeneralSettings {
  readonly stateDir?: string;
  readonly concurrency?: ConcurrencySettings;
  readonly controlSocket?: string;
  readonly shutdownGrace?: number;
  readonly log?: LogSettings;
  readonly monitoring?: { readonly listen: ListenAddress };
  readonly notify?: NotifySettings;
  readonly ping?: { readonly url: PasswordSettings; readonly every?: number | undefined };
}

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

interface NotifySettings {
  readonly to: readonly NotifyTargetSettings[];
  readonly afterFailures?: number | undefined;
  readonly afterSilence?: number | undefined;
  readonly beforeCertificateEnds?: number | undefined;
}

/** Where notices go, as it was written. */
export type NotifyTargetSettings =
  | { readonly type: 'webhook'; readonly url: PasswordSettings }
  | { readonly type: 'ntfy'; readonly url: PasswordSettings; readonly token?: PasswordSettings | undefined }
  | { readonly type: 'command'; readonly command: string | readonly string[] }
  | {
      readonly type: 'mail';
      readonly host: string;
      readonly port?: number | undefined;
      readonly tls?: TlsMode | undefined;
      readonly user?: string | undefined;
      readonly password?: PasswordSettings | undefined;
      readonly from: string;
      readonly to: readonly string[];
    };

interface LogSettings {
  readonly level?: LogLevel | undefined;
  readonly file?: string | undefined;
}
