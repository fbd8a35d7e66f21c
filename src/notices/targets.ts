import type { Secret } from '../secret.ts';

/** Fetches a secret anew at each use. Raises `secret-unavailable`. */
type SecretSource = () => Promise<Secret>;

/** Where notices go. A URL counts as a secret: whoever knows it can use it. */
export type NoticeTarget =
  /** POST of the notice as JSON. */
  | { readonly type: 'webhook'; readonly url: SecretSource }
  /** A topic of an ntfy server. */
  | { readonly type: 'ntfy'; readonly url: SecretSource; readonly token: SecretSource | undefined }
  /** A command that gets the notice as JSON on standard input, and none of the `withheld` variables. */
  | {
      readonly type: 'command';
      readonly command: string | readonly string[];
      readonly folder: string;
      readonly withheld: ReadonlySet<string>;
    }
  | MailTarget;

/** A mail by way of an SMTP server. */
export interface MailTarget {
  readonly type: 'mail';
  readonly host: string;
  readonly port: number;
  readonly tls: 'implicit' | 'starttls' | 'none';
  readonly user: string | undefined;
  readonly password: SecretSource | undefined;
  readonly from: string;
  readonly to: readonly string[];
}

/** Where a sign of life goes, as services such as healthchecks want it. */
export interface PingTarget {
  readonly url: SecretSource;
  readonly everyMs: number;
}

/** What a target is called in the log: never with its URL. */
export function targetName(target: NoticeTarget): string {
  return target.type === 'mail' ? `mail to ${target.to.join(', ')}` : target.type;
}
