import * as z from 'zod';
import { asMailError } from '../errors.ts';
import type { DeletionPolicy } from '../poll/deletion-policy.ts';
import { AUTH_CHOICES, type AuthChoice } from '../pop3-client/options.ts';
import { parseSchedule, type Schedule } from '../schedule/cron.ts';
import { formatDuration } from '../schedule/duration.ts';
import { CONNECT_TIMEOUT_MS, IDLE_TIMEOUT_MS } from '../wire/limits.ts';
import { connectionFields } from './fields/connection.ts';
import { daemonFields, jitter } from './fields/daemon.ts';
import { deliver } from './fields/destination.ts';
import {
  choice,
  command,
  duration,
  expected,
  expectedText,
  type Fields,
  mapping,
  onDemand,
  path,
  size,
  wholeNumber,
} from './fields/kinds.ts';
import { notifyFields } from './fields/notify.ts';
import { password } from './fields/secret.ts';
import { quoted } from './found.ts';
import { wrongHost } from './host.ts';
import { AFTER_MAIL_MS, PRECONNECT_MS } from './poll-commands.ts';
import type { AccountSettings, GeneralSettings } from './settings.ts';

/** What an account is polled by when nothing is said. */
export const DEFAULT_SCHEDULE = 'every 5m';

/** Accounts polled at a time, in all and on one host, when nothing is said. */
export const DEFAULT_CONCURRENCY = { accounts: 16, perHost: 4 } as const;

/** Names become part of log lines, file names and hashes. */
export const ACCOUNT_NAME: RegExp = /^[A-Za-z0-9._@+-]{1,64}$/;

/** Longer ones would hold a session, and all that waits for it, for no good. */
const LONGEST_TIMEOUT = 3_600_000;

/** A backup may take a night. */
const LONGEST_AFTERWARDS = 86_400_000;

const timeout = (defaultMs: number, description: string, longestMs = LONGEST_TIMEOUT) =>
  duration('a length of time', 1000, longestMs)
    .optional()
    .meta({ default: formatDuration(defaultMs), description });

const LONGEST_RETENTION = 36_500 * 86_400_000;

const SERVER = 'the name or address of the POP3 server';
const host = (): z.ZodType<string> =>
  z.string(expectedText(SERVER)).superRefine((written, context) => {
    const remedy = wrongHost(written);
    if (remedy === undefined) return;
    context.addIssue([`expected ${SERVER}, found ${quoted(written)}`, ...remedy].join('; '));
  });

const USER = 'the name to log in with';
const user = (): z.ZodType<string> =>
  z.string(expectedText(USER)).regex(/^[^\r\n\0]+$/, { error: `expected ${USER}, in one line` });

const DELETION = 'never, after-delivery or { after: 30d }';
const deletion = () =>
  z.union(
    [
      z.enum(['never', 'after-delivery'], expected(DELETION)).transform((kind): DeletionPolicy => ({ kind })),
      mapping(DELETION, {
        after: duration('a length of time', 1000, LONGEST_RETENTION).meta({
          description: 'Removes a message when this much time has passed since its delivery.',
        }),
      }).transform(({ after }): DeletionPolicy => ({ kind: 'after', milliseconds: after })),
    ],
    expected(DELETION),
  );

const FORMS_OF_SCHEDULE = '"every 5m", a cron expression in quotes, or { cron: …, timezone: … }';
const cron = () => z.string(expectedText(FORMS_OF_SCHEDULE));
const schedule = () =>
  z.union(
    [
      cron()
        .transform((written, context) => schedulePoll(written, undefined, context))
        .meta({ title: 'text' }),
      mapping(FORMS_OF_SCHEDULE, {
        cron: cron().meta({ description: 'Cron expression of five fields, or six with the seconds first.' }),
        timezone: z.string(expectedText('the name of a time zone, such as Europe/Berlin')).optional().meta({
          description: 'Time zone of the expression, such as `Europe/Berlin`; else the one of this machine.',
        }),
      }).transform(({ cron: written, timezone }, context) => schedulePoll(written, timezone, context)),
    ],
    expectedText(FORMS_OF_SCHEDULE),
  );

function schedulePoll(
  written: string,
  timezone: string | undefined,
  context: z.core.$RefinementCtx,
): Schedule {
  try {
    return parseSchedule(written, timezone);
  } catch (thrown) {
    const { message, hint } = asMailError(thrown);
    context.issues.push({
      code: 'custom',
      message: `${message}. ${hint ?? ''}`,
      input: written,
      continue: false,
    });
    return z.NEVER;
  }
}

/** Every key of an account and of `defaults`, with its kind and what it means. */
export const accountFields: Fields<AccountSettings> = onDemand({
  host: () => host().meta({ title: 'text', description: 'Name or address of the POP3 server.' }),
  port: () =>
    wholeNumber('a port', 1, 65_535).meta({
      description: 'Port. Default: 995 with `tls: implicit`, else 110.',
    }),
  tls: () =>
    choice(['implicit', 'starttls', 'none']).meta({
      default: 'implicit',
      description:
        'How the line is protected: `implicit` is TLS from the first octet, `starttls` begins it by command, `none` ' +
        'leaves it readable for everybody on the way. Certificates are always checked.',
    }),
  allowCleartext: () =>
    z.boolean(expected('true or false')).meta({
      default: false,
      description:
        'Allows `tls: none` for a server that is not on this machine, so that the password can be read on the way. Not ' +
        'needed with a mechanism that does not show it: `scram-sha-256`, `scram-sha-1` or (weak passwords can be guessed) `cram-md5`.',
    }),
  user: () =>
    user().meta({ title: 'text', description: 'Name to log in with; often the whole mail address.' }),
  password: () =>
    password().meta({
      description:
        'Where the password comes from. As plain text it is accepted only when no other user can read the configuration.',
    }),
  auth: () =>
    choice<AuthChoice>(AUTH_CHOICES).meta({
      default: 'auto',
      description:
        'How to log in. `auto` takes the best that the server announces: SCRAM-SHA-256, SCRAM-SHA-1, PLAIN, LOGIN, ' +
        'or USER and PASS. It never tries a second one after a refusal, since that may be what an attacker waits for. The others are ' +
        'taken whatever the server announces: `user-pass` stands for USER and PASS, `xoauth2` and `oauthbearer` send the ' +
        'password as an access token of OAuth, `external` stands on `clientCertificate` and needs no password.',
    }),
  ...connectionFields,
  deliver: () =>
    deliver().meta({
      description: 'Where mail goes: one destination, or a list of which each gets every message.',
    }),
  delete: () =>
    deletion().meta({
      description:
        'What happens to a message on the server once it is safe here: `never` leaves it there, `after-delivery` removes ' +
        'it in the same poll, `{ after: 30d }` in the first poll that long after its delivery. What was kept is re-read here ' +
        'before it is removed there: one that has changed stays; one that you have moved or deleted counts as handed over, ' +
        'unless its whole Maildir is gone or was made anew, or its mbox has lost its end. What was handed over to a program or server ' +
        'is not deleted unasked once mail goes to none of its kind any more. ' +
        'More than 100 of these in one poll, and ten times more than ever before, need `--confirm-delete` once, and so does a message that came shorter than listed. Has no default, so that no mail is lost or left behind by surprise.',
    }),
  schedule: () =>
    schedule().meta({
      default: DEFAULT_SCHEDULE,
      description:
        'When the daemon polls (`fetch` polls at once, `check` shows it): an interval such as `every 5m`, or a cron expression. Times are those of this machine ' +
        'unless a time zone is given.',
    }),
  jitter,
  afterMail: () =>
    command().meta({
      title: 'text or list',
      description:
        'Command that runs when mail has come and is safe here, such as `notmuch new`: once at the end of a `fetch`, also where several ' +
        'accounts name the same one, and in the daemon never twice at a time. Text goes through `/bin/sh`, a list runs without a shell. ' +
        '`$MAILFERRY_ACCOUNTS` holds the accounts that mail has come for, with blanks between them, `$MAILFERRY_COUNT` how many messages. ' +
        'Where it does not end with status 0 within `timeouts.afterMail`, that is told, and it runs again after the next poll.',
    }),
  limits: () =>
    mapping('a mapping of limits', {
      messageSize: size().optional().meta({
        description:
          'Larger messages stay on the server; each poll, and `status`, says how many they are. Default: no limit.',
      }),
      messagesPerPoll: wholeNumber('a number', 1, Number.MAX_SAFE_INTEGER).optional().meta({
        description: 'After this many messages the poll ends, and the next one goes on. Default: no limit.',
      }),
      bytesPerPoll: size().optional().meta({
        description: 'After this much mail the poll ends, and the next one goes on. Default: no limit.',
      }),
      bytesPerDay: size()
        .optional()
        .meta({
          description:
            'After this much mail in one day (UTC) nothing more is carried; the next day goes on. For providers who allow only ' +
            'so much. Default: no limit.',
        }),
    }).meta({ description: 'Bounds for a poll and for a day.' }),
  timeouts: () =>
    mapping('a mapping of lengths of time', {
      connect: timeout(
        CONNECT_TIMEOUT_MS,
        'For finding the server, connecting, TLS and the greeting together; at most 1h.',
      ),
      idle: timeout(IDLE_TIMEOUT_MS, 'Silence of the server for this long ends the session; at most 1h.'),
      preconnect: timeout(PRECONNECT_MS, 'For the command of `preconnect`; then it is killed. At most 1h.'),
      afterMail: timeout(
        AFTER_MAIL_MS,
        'For the command of `afterMail`; then it is killed. At most 1d.',
        LONGEST_AFTERWARDS,
      ),
    }).meta({ description: 'How long to wait for the server, and for commands.' }),
});

/** The keys at the top of the file, besides `defaults` and `accounts`. */
export const generalFields: Fields<GeneralSettings> = onDemand({
  stateDir: () =>
    path('the path of a folder').meta({
      description:
        'Folder of the ledger, which knows what was delivered. Default: `$STATE_DIRECTORY`, ' +
        '`$XDG_STATE_HOME/mailferry`, or `~/.local/state/mailferry`, the first that is there.',
    }),
  concurrency: () =>
    mapping('a mapping of numbers', {
      accounts: wholeNumber('a number', 1, 1024).optional().meta({
        default: DEFAULT_CONCURRENCY.accounts,
        description: 'How many accounts are polled at a time.',
      }),
      perHost: wholeNumber('a number', 1, 1024).optional().meta({
        default: DEFAULT_CONCURRENCY.perHost,
        description:
          'How many of them on one host; always fewer than `accounts`, unless that is 1, since a host may hang.',
      }),
    }).meta({ description: 'How much happens at a time.' }),
  ...daemonFields,
  ...notifyFields,
});
