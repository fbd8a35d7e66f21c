import type { AccountText, ConfigurationText } from '../config/render.ts';
import type { TlsMode } from '../pop3-client/options.ts';

/** What a first configuration is made of. */
export interface FirstAccount {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly tls: TlsMode;
  readonly caFile: string | undefined;
  readonly user: string;
  /** As the configuration writes it. */
  readonly password: unknown;
  readonly deliver: { readonly type: string; readonly path: string };
  readonly deletion: 'never' | 'after-delivery' | { readonly after: string };
  readonly schedule: string;
  /** What is worth knowing of the provider. */
  readonly notes: readonly string[];
}

/** The text of a first configuration, with comments for whoever changes it later. */
export function firstConfiguration(account: FirstAccount): ConfigurationText {
  return {
    comments: [
      'The configuration of Mailferry, made by "mailferry init". All keys: "man mailferry.yaml", or docs/configuration.md.',
      'After a change, "mailferry check" says what it means, and "mailferry doctor" whether it works.',
    ],
    keys: [],
    accounts: [accountToAdd(account)],
  };
}

/** The account in it, also to be added to a configuration that is there. */
export function accountToAdd(account: FirstAccount): AccountText {
  const { name, host, port, tls, caFile, user, password, deliver, deletion, schedule, notes } = account;
  return {
    name,
    comments: ['The ledger knows an account by this name: a new name is a new account.', ...notes],
    keys: [
      { key: 'host', value: host },
      { key: 'port', value: port },
      {
        key: 'tls',
        value: tls,
        note: 'or implicit, starttls, none'.replace(`${tls}, `, '').replace(`, ${tls}`, ''),
      },
      ...(caFile === undefined ? [] : [{ key: 'caFile', value: caFile }]),
      { key: 'user', value: user },
      { key: 'password', value: password, note: 'read anew at each poll' },
      { key: 'deliver', value: deliver, note: 'or a list of places, of which each gets every message' },
      { key: 'delete', value: deletion, note: deletionNote(deletion) },
      { key: 'schedule', value: schedule, note: 'for "mailferry run"' },
    ],
  };
}

function deletionNote(deletion: FirstAccount['deletion']): string {
  if (deletion === 'never') return 'all stays on the server; or after-delivery, or { after: 30d }';
  if (deletion === 'after-delivery')
    return 'gone from the server once it is safe here; or never, or { after: 30d }';
  return 'gone from the server that long after it is safe here; or never, or after-delivery';
}
