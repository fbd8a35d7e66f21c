import * as z from 'zod';
import { type DestinationSettings, type LineEndings, type MdaSettings } from '../delivery/settings.ts';
import { formatDuration } from '../schedule/duration.ts';
import { choice, command, duration, expected, mapping, path } from './field-kinds.ts';
import type { WrittenDestination } from './settings.ts';

/** How long a program may take for a message when nothing is said: it may wait for a lock, or for another machine. */
const MDA_TIMEOUT_MS = 300_000;

const LONGEST_TIMEOUT = 3_600_000;

const destinationPath = (what: string): z.ZodType<string> =>
  path(`the path of ${what}`).meta({ title: 'path', description: `Path of ${what}.` });

const LINE_ENDINGS =
  '`lf` stores lines as programs on Unix expect them, `as-received` every octet as it came.';
const lineEndings = (description: string) =>
  choice<LineEndings>(['lf', 'as-received']).default('lf').meta({ description });

const maildir = () =>
  mapping('a destination', {
    type: z.literal('maildir').meta({ description: 'One file for each message.' }),
    path: destinationPath('the Maildir'),
    lineEndings: lineEndings(LINE_ENDINGS),
  }).meta({ title: 'Maildir' });

const mbox = () =>
  mapping('a destination', {
    type: z.literal('mbox').meta({ description: 'One file for all messages.' }),
    path: destinationPath('the mbox file'),
  }).meta({ title: 'mbox' });

const mda = () =>
  mapping('a destination', {
    type: z.literal('mda').meta({
      description:
        'A program takes each message on its standard input, such as `procmail`, `maildrop`, `dovecot-lda` or `sendmail`.',
    }),
    command: command().meta({
      title: 'text or list',
      description:
        'The program. Text goes through `/bin/sh`, a list runs without a shell. `$SENDER` holds the envelope sender as the header tells ' +
        'it (empty where it does not), `$MAILFERRY_ACCOUNT` the account, `$MAILFERRY_MESSAGE` what is the same when a message comes twice. ' +
        'Status 0 means that the program has the message safe; 75 and its like, that it is to be tried again.',
    }),
    timeout: duration('a length of time', 1000, LONGEST_TIMEOUT)
      .optional()
      .meta({
        title: 'duration',
        default: formatDuration(MDA_TIMEOUT_MS),
        description: 'How long it may take for one message before it is killed; at most 1h.',
      }),
    lineEndings: lineEndings(
      '`lf` gives lines as programs on Unix expect them, `as-received` every octet as it came.',
    ),
  }).meta({ title: 'program (MDA)' });

const FORMS = '{ type: maildir, path: … }, { type: mbox, path: … } or { type: mda, command: … }';
const destination = () =>
  z.discriminatedUnion('type', [maildir(), mbox(), mda()], {
    error: ({ input }) => {
      if (typeof input !== 'object' || input === null) return expected(FORMS).error({ input });
      return expected('maildir, mbox or mda').error({ input: 'type' in input ? input.type : undefined });
    },
  });

/** One destination, or a list of them. */
export const deliver = (): z.ZodType<readonly WrittenDestination[]> => {
  const one = destination();
  const several = z.array(one).min(1, { error: 'the list of destinations is empty' });
  return z
    .union([one, several], expected(`${FORMS}, or a list of them`))
    .transform((written) => (Array.isArray(written) ? written : [written]));
};

/** A destination as mail is delivered to it. */
export function completeDestination(
  written: WrittenDestination,
  {
    absolute,
    ...around
  }: Pick<MdaSettings, 'folder' | 'env'> & { readonly absolute: (path: string) => string },
): DestinationSettings {
  if (written.type !== 'mda') return { ...written, path: absolute(written.path) };
  const { timeout = MDA_TIMEOUT_MS, ...rest } = written;
  return { ...rest, ...around, timeoutMs: timeout };
}
