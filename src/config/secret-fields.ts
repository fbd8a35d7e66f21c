import * as z from 'zod';
import { Secret } from '../secret.ts';
import { expectedSecret, mapping, path } from './field-kinds.ts';
import type { PasswordSettings } from './settings.ts';

const SOURCES = 'one of { file: … }, { command: … }, { env: … }, { credential: … }';
const FORMS = `a text in quotes, or ${SOURCES}, { netrc: … }`;
const LINE = /^[^\r\n\0]+$/;
const COMMAND = expectedSecret('a command as text, or a list of a program and its arguments');
const COMMAND_MEANS =
  'Runs this command; the first line that it prints is the password. Text goes through `/bin/sh`, a list runs ' +
  'without a shell. It has 30 seconds, no terminal, and works in the folder of the configuration. What it says on ' +
  'standard error is shown by `fetch` and `doctor` when it fails, and kept nowhere.';
const ENVIRONMENT = expectedSecret('the name of an environment variable');
const CREDENTIAL = expectedSecret('the name of a file in $CREDENTIALS_DIRECTORY');

/** A command as text for `/bin/sh`, or as a list of a program and its arguments. */
export const command = (): z.ZodType<string | readonly string[]> => {
  const argument = z.string(COMMAND).regex(/^[^\0]*$/, COMMAND);
  return z.union([argument.min(1, COMMAND), z.tuple([argument.min(1, COMMAND)], argument)], COMMAND);
};

const source = (): z.ZodType<PasswordSettings> =>
  mapping(FORMS, {
    file: path(
      'the path of a file that holds the password',
      expectedSecret('the path of a file that holds the password'),
    )
      .meta({ description: 'Reads the password from this file, which other users must not be able to read.' })
      .optional(),
    command: command()
      .meta({
        title: 'text or list',
        description: COMMAND_MEANS,
      })
      .optional(),
    env: z
      .string(ENVIRONMENT)
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, ENVIRONMENT)
      .meta({ description: 'Takes the password from this environment variable.' })
      .optional(),
    credential: z
      .string(CREDENTIAL)
      .regex(/^(?!\.{1,2}$)[A-Za-z0-9._@:+-]{1,255}$/, CREDENTIAL)
      .meta({
        description: 'Reads the password from this file of `$CREDENTIALS_DIRECTORY` (systemd credentials).',
      })
      .optional(),
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
  })
    .transform((written, context): PasswordSettings => {
      const { machine, ...sources } = written;
      if (machine !== undefined && written.netrc === undefined) {
        context.addIssue('"machine" belongs to { netrc: … }');
        return z.NEVER;
      }
      if (Object.values(sources).filter((value) => value !== undefined).length === 1) {
        if (written.file !== undefined) return { from: 'file', path: written.file };
        if (written.command !== undefined) return { from: 'command', command: written.command };
        if (written.env !== undefined) return { from: 'env', name: written.env };
        if (written.credential !== undefined) return { from: 'credential', name: written.credential };
        if (written.netrc !== undefined)
          return { from: 'netrc', path: written.netrc, machine, login: undefined };
      }
      // Next to an unknown key this would say the same thing twice.
      if (context.issues.length === 0) {
        context.addIssue('expected exactly one of file, command, env, credential and netrc');
      }
      return z.NEVER;
    })
    .meta({ minProperties: 1, maxProperties: 2 });

const passwordText = () =>
  z
    .string(expectedSecret(FORMS))
    .regex(LINE, { error: 'a password is one line that is not empty' })
    .transform((value): PasswordSettings => ({ from: 'text', value: new Secret(value) }))
    .meta({ title: 'text' });

/** A password, or where it comes from. */
export const password = (): z.ZodType<PasswordSettings> =>
  z.union([passwordText(), z.lazy(source)], expectedSecret(FORMS));

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
  z
    .union([urlText(), z.lazy(source)], expectedSecret(URL_FORMS))
    .refine(({ from }) => from !== 'netrc', expectedSecret(URL_FORMS));
