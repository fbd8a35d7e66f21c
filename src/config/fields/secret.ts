import * as z from 'zod';
import { Secret } from '../../secret.ts';
import type { SecretKind } from '../secrets.ts';
import type { PasswordSettings } from '../settings.ts';
import { command, expectedSecret, mapping, path } from './kinds.ts';

const SOURCES = 'one of { file: … }, { command: … }, { env: … }, { credential: … }';
const FORMS = `a text in quotes, or ${SOURCES}, { netrc: … }`;
const LINE = /^[^\r\n\0]+$/;
const commandMeans = (kind: SecretKind): string =>
  `Runs this command; the first line that it prints is the ${kind}. Text goes through \`/bin/sh\`, a list runs ` +
  'without a shell. It has 30 seconds, no terminal, and works in the folder of the configuration. What it says on ' +
  'standard error is shown by `fetch` and `doctor` when it fails, and kept nowhere.';
const ENVIRONMENT = expectedSecret('the name of an environment variable');
const CREDENTIAL = expectedSecret('the name of a file in $CREDENTIALS_DIRECTORY');

const netrcFields = () => ({
  netrc: path('the path of a netrc file', expectedSecret('the path of a netrc file'))
    .meta({
      description:
        'Takes the password from this netrc file, from the entry for `host` (or `machine`) and `user`. Other users must not be able to read it.',
    })
    .optional(),
  machine: z
    .string(expectedSecret('the name of a machine in the netrc file'))
    .regex(LINE, expectedSecret('the name of a machine in the netrc file'))
    .meta({ description: 'With `netrc`: the machine whose entry it is, when it is not `host`.' })
    .optional(),
});

/** The fields of every source of a secret. */
function sourceFields(kind: SecretKind) {
  const file = expectedSecret(`the path of a file that holds the ${kind}`);
  return {
    file: path(`the path of a file that holds the ${kind}`, file)
      .meta({ description: `Reads the ${kind} from this file, which other users must not be able to read.` })
      .optional(),
    command: command()
      .meta({
        title: 'text or list',
        description: commandMeans(kind),
      })
      .optional(),
    env: z
      .string(ENVIRONMENT)
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, ENVIRONMENT)
      .meta({ description: `Takes the ${kind} from this environment variable.` })
      .optional(),
    credential: z
      .string(CREDENTIAL)
      .regex(/^(?!\.{1,2}$)[A-Za-z0-9._@:+-]{1,255}$/, CREDENTIAL)
      .meta({
        description: `Reads the ${kind} from this file of \`$CREDENTIALS_DIRECTORY\` (systemd credentials).`,
      })
      .optional(),
  };
}

/** As it is written: one source, and what belongs to it. */
interface WrittenSource {
  readonly file?: string | undefined;
  readonly command?: string | readonly string[] | undefined;
  readonly env?: string | undefined;
  readonly credential?: string | undefined;
  readonly netrc?: string | undefined;
  readonly machine?: string | undefined;
}

/** The settings that it stands for; undefined where that is not exactly one source. */
function settingsOf(sources: Omit<WrittenSource, 'machine'>): PasswordSettings | undefined {
  if (Object.values(sources).filter((value) => value !== undefined).length !== 1) return undefined;
  const { file, command: run, env, credential, netrc } = sources;
  if (file !== undefined) return { from: 'file', path: file };
  if (run !== undefined) return { from: 'command', command: run };
  if (env !== undefined) return { from: 'env', name: env };
  if (credential !== undefined) return { from: 'credential', name: credential };
  return netrc === undefined
    ? undefined
    : { from: 'netrc', path: netrc, machine: undefined, login: undefined };
}

const passwordSources = (): z.ZodType<PasswordSettings> =>
  mapping(FORMS, { ...sourceFields('password'), ...netrcFields() })
    .transform(({ machine, ...sources }: WrittenSource, context): PasswordSettings => {
      if (machine !== undefined && sources.netrc === undefined) {
        context.addIssue('"machine" belongs to { netrc: … }');
        return z.NEVER;
      }
      const settings = settingsOf(sources);
      if (settings !== undefined) return settings.from === 'netrc' ? { ...settings, machine } : settings;
      // Next to an unknown key this would say the same thing twice.
      if (context.issues.length === 0)
        context.addIssue('expected exactly one of file, command, env, credential and netrc');
      return z.NEVER;
    })
    .meta({ minProperties: 1, maxProperties: 2 });

/** A netrc file has passwords only. */
const otherSources = (kind: SecretKind, forms: string): z.ZodType<PasswordSettings> =>
  mapping(forms, sourceFields(kind))
    .transform((sources, context): PasswordSettings => {
      const settings = settingsOf(sources);
      if (settings !== undefined) return settings;
      if (context.issues.length === 0)
        context.addIssue('expected exactly one of file, command, env and credential');
      return z.NEVER;
    })
    .meta({ minProperties: 1, maxProperties: 1 });

const plainText = (kind: SecretKind, forms: string) =>
  z
    .string(expectedSecret(forms))
    .regex(LINE, { error: `a ${kind} is one line that is not empty` })
    .transform((value): PasswordSettings => ({ from: 'text', value: new Secret(value) }))
    .meta({ title: 'text' });

/** A password, or where it comes from. */
export const password = (): z.ZodType<PasswordSettings> =>
  z.union([plainText('password', FORMS), z.lazy(passwordSources)], expectedSecret(FORMS));

const TOKEN_FORMS = `a text in quotes, or ${SOURCES}`;

/** An access token, or where it comes from. */
export const token = (): z.ZodType<PasswordSettings> =>
  z.union(
    [plainText('token', TOKEN_FORMS), z.lazy(() => otherSources('token', TOKEN_FORMS))],
    expectedSecret(TOKEN_FORMS),
  );

const URL_FORMS = `a URL that begins with https:// or http://, or ${SOURCES}`;
const urlText = () =>
  z
    .string(expectedSecret(URL_FORMS))
    .refine(
      (written) => /^https?:\/\/[^\s]+$/.test(written) && URL.canParse(written),
      expectedSecret(URL_FORMS),
    )
    .transform((value): PasswordSettings => ({ from: 'text', value: new Secret(value) }))
    .meta({ title: 'URL' });

/** A URL, or where it comes from: whoever knows such a URL can use it. */
export const secretUrl = (): z.ZodType<PasswordSettings> =>
  z.union([urlText(), z.lazy(() => otherSources('URL', URL_FORMS))], expectedSecret(URL_FORMS));
