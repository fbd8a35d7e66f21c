import * as z from 'zod';
import type {
  DestinationSettings,
  LineEndings,
  MailServerSettings,
  MdaSettings,
} from '../../delivery/settings.ts';
import { isLoopback } from '../../pop3-client/options.ts';
import { formatDuration } from '../../schedule/duration.ts';
import type { PasswordSource, WrittenDestination } from '../settings.ts';
import { completeImap, imap } from './imap.ts';
import { choice, command, duration, expected, mapping, path } from './kinds.ts';
import { completeRecipients, recipients } from './recipients.ts';
import { allowCleartext, cleartextProblem, host, port, tls } from './server.ts';

/** How long who takes mail over may take for a message when nothing is said: it may wait for a lock, or for another machine. */
const TAKING_MS = 300_000;

const LONGEST_TIMEOUT = 3_600_000;

/** Where such servers usually listen (RFC 2033 §5 leaves it open: Dovecot and Cyrus take 24). */
const PORTS = { lmtp: 24, smtp: 25 } as const;

const destinationPath = (what: string): z.ZodType<string> =>
  path(`the path of ${what}`).meta({ description: `Path of ${what}.` });

const LINE_ENDINGS =
  '`lf` stores lines as programs on Unix expect them, `as-received` every octet as it came.';
const lineEndings = (description: string) =>
  choice<LineEndings>(['lf', 'as-received']).default('lf').meta({ description });

const timeout = (description: string) =>
  duration('a length of time', 1000, LONGEST_TIMEOUT)
    .optional()
    .meta({ default: formatDuration(TAKING_MS), description });

const FOR_ONE_MESSAGE = 'How long it may take for one message; at most 1h.';

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
    timeout: timeout('How long it may take for one message before it is killed; at most 1h.'),
    lineEndings: lineEndings(
      '`lf` gives lines as programs on Unix expect them, `as-received` every octet as it came.',
    ),
  }).meta({ title: 'program (MDA)' });

/** Every key of a mail server; the two protocols differ in what they are called and where they listen. */
const mailServer = <T extends MailServerSettings['type']>(type: T, description: string) =>
  mapping('a destination', {
    type: z.literal(type).meta({ description }),
    to: recipients(),
    host: host().optional().meta({ default: 'localhost' }),
    port: port().optional().meta({ default: PORTS[type], description: 'Its port.' }),
    socket: path('the path of a socket').optional().meta({
      description:
        'Where it listens on this machine, in place of `host` and `port`, such as `/run/dovecot/lmtp`.',
    }),
    tls: tls()
      .optional()
      .meta({ description: 'As for an account. Default: `none` to this machine, else `starttls`.' }),
    allowCleartext: allowCleartext('all mail'),
    timeout: timeout(FOR_ONE_MESSAGE),
  })
    .superRefine((written, context) => {
      const { socket, host: name = 'localhost' } = written;
      if (socket !== undefined && (written.host !== undefined || written.port !== undefined))
        context.addIssue('a socket stands for host and port; write one of them');
      const problem = socket === undefined && cleartextProblem('mail', { ...written, host: name });
      if (problem) context.addIssue(problem);
    })
    .meta({ title: type === 'lmtp' ? 'mail server (LMTP)' : 'mail server (SMTP)' });

const lmtp = () =>
  mailServer(
    'lmtp',
    'A mail server that stores each message at once, over LMTP (RFC 2033), such as that of Dovecot.',
  );
const smtp = () =>
  mailServer(
    'smtp',
    'A mail server that takes each message for further delivery, over SMTP, such as Postfix on this machine.',
  );

const FORMS =
  '{ type: maildir, path: … }, { type: mbox, path: … }, { type: mda, command: … } or one of type lmtp, smtp or imap';
const destination = () =>
  z.discriminatedUnion('type', [maildir(), mbox(), mda(), lmtp(), smtp(), imap(timeout(FOR_ONE_MESSAGE))], {
    error: ({ input }) => {
      if (typeof input !== 'object' || input === null) return expected(FORMS).error({ input });
      return expected('maildir, mbox, mda, lmtp, smtp or imap').error({
        input: 'type' in input ? input.type : undefined,
      });
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
    passwordOf,
    ...around
  }: Pick<MdaSettings, 'folder' | 'env'> & {
    readonly absolute: (path: string) => string;
    readonly passwordOf: PasswordSource;
  },
): DestinationSettings {
  if (written.type === 'maildir' || written.type === 'mbox')
    return { ...written, path: absolute(written.path) };
  const timeoutMs = written.timeout ?? TAKING_MS;
  if (written.type === 'mda') {
    const { type, command: program, lineEndings: ends } = written;
    return { type, command: program, lineEndings: ends, ...around, timeoutMs };
  }
  if (written.type === 'imap') return completeImap(written, { absolute, passwordOf, timeoutMs });
  const { type, to, host: name = 'localhost', port: number = PORTS[type], socket } = written;
  const isHere = socket !== undefined || isLoopback(name);
  const at = socket === undefined ? { host: name, port: number } : { socket: absolute(socket) };
  const whom = completeRecipients(to);
  return { type, to: whom, at, tls: written.tls ?? (isHere ? 'none' : 'starttls'), timeoutMs };
}
