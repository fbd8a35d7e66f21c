import { MailError } from '../../errors.ts';
import type { TlsMode } from '../../pop3-client/options.ts';

/** Every question of `init` as an option. */
export interface InitOptions {
  readonly yes?: boolean;
  readonly address?: string;
  readonly name?: string;
  readonly host?: string;
  readonly port?: number;
  readonly tls?: TlsMode;
  readonly caFile?: string;
  readonly user?: string;
  readonly passwordFile?: string;
  readonly passwordCommand?: string;
  readonly passwordEnv?: string;
  readonly passwordCredential?: string;
  readonly passwordStdin?: boolean;
  readonly deliver?: { readonly type: string; readonly path: string };
  readonly delete?: 'never' | 'after-delivery' | { readonly after: string };
  readonly schedule?: string;
  readonly output?: string;
  readonly add?: boolean;
  readonly force?: boolean;
  /** False: the login is not tried. */
  readonly login: boolean;
}

/** With nobody to ask, everything that has no default must be said; what is missing is said at once. */
export function refuseIncomplete(options: InitOptions): void {
  const { address, host, user, deliver } = options;
  const missing = [
    address === undefined && (host === undefined || user === undefined)
      ? '--address (or --host and --user)'
      : '',
    hasPassword(options)
      ? ''
      : '--password-file, --password-command, --password-env, --password-credential or --password-stdin',
    deliver === undefined ? '--deliver' : '',
    options.delete === undefined ? '--delete' : '',
  ].filter((text) => text !== '');
  if (missing.length === 0) return;
  throw new MailError('usage', `Without somebody to ask, these must be said: ${missing.join('; ')}.`, {
    hint: 'Run it at a terminal without --yes to be asked, or see: mailferry init --help',
  });
}

/** The mail address, as far as options tell it: a login name tells its server only with a domain. */
export function saidAddress({ address, user, host }: InitOptions): string | undefined {
  return address ?? (user?.includes('@') === true || host !== undefined ? user : undefined);
}

/** Whether an option says where the password is. */
export function hasPassword(options: InitOptions): boolean {
  const { passwordFile, passwordCommand, passwordEnv, passwordCredential, passwordStdin } = options;
  return (
    passwordStdin === true ||
    [passwordFile, passwordCommand, passwordEnv, passwordCredential].some((it) => it !== undefined)
  );
}
