import * as z from 'zod';
import type { NoticeTarget, PingTarget } from '../../notices/targets.ts';
import { isLoopback } from '../../pop3-client/options.ts';
import { formatDuration } from '../../schedule/duration.ts';
import type { NotifyConfiguration } from '../configuration.ts';
import { kindOf } from '../found.ts';
import { completedSource, passwordSource, type SecretKind, type SecretSurroundings } from '../secrets.ts';
import type { GeneralSettings, NotifyTargetSettings, PasswordSettings } from '../settings.ts';
import {
  choice,
  command,
  duration,
  expected,
  expectedText,
  type Fields,
  mapping,
  wholeNumber,
} from './kinds.ts';
import { password, secretUrl, token } from './secret.ts';

const DAY_MS = 86_400_000;
const DEFAULT_FAILURES = 3;
const DEFAULT_SILENCE_MS = DAY_MS;
const DEFAULT_CERTIFICATE_MS = 14 * DAY_MS;
const DEFAULT_PING_MS = 300_000;
const LONGEST_MS = 366 * DAY_MS;

type Keys = 'notify' | 'ping';

const ELSEWHERE =
  'or where that comes from: `{ file: … }`, `{ command: … }`, `{ env: … }` or `{ credential: … }`. Never shown or logged.';

const webhook = () =>
  mapping('a place for notices', {
    type: z.literal('webhook').meta({ description: 'POST of the notice as JSON.' }),
    url: secretUrl().meta({ description: `Where to, ${ELSEWHERE}` }),
  }).meta({ title: 'webhook' });

const ntfy = () =>
  mapping('a place for notices', {
    type: z.literal('ntfy').meta({ description: 'A topic of an ntfy server.' }),
    url: secretUrl().meta({
      description: `URL of the topic, such as \`https://ntfy.sh/my-topic\`, ${ELSEWHERE}`,
    }),
    token: token()
      .optional()
      .meta({ description: 'Access token, where the topic needs one; a text, or where it comes from.' }),
  }).meta({ title: 'ntfy' });

const commandTarget = () =>
  mapping('a place for notices', {
    type: z
      .literal('command')
      .meta({ description: 'Runs a command with the notice as JSON on its standard input.' }),
    command: command().meta({
      title: 'text or list',
      description: 'Text goes through `/bin/sh`, a list runs without a shell. It has 15 seconds.',
    }),
  }).meta({ title: 'command' });

const ADDRESS = 'a mail address';
const address = () =>
  z
    .string(expectedText(ADDRESS))
    .regex(/^[^\s@<>,;]+@[^\s@<>,;]+$/, expected(ADDRESS))
    .meta({ title: 'text' });
const mail = () =>
  mapping('a place for notices', {
    type: z.literal('mail').meta({ description: 'A mail by way of an SMTP server.' }),
    host: z.string(expectedText('the name of the SMTP server')).min(1).meta({
      description: 'Name or address of the SMTP server.',
    }),
    port: wholeNumber('a port', 1, 65_535).optional().meta({
      description: 'Port. Default: 465 with `tls: implicit`, 587 with `starttls`, 25 with `none`.',
    }),
    tls: choice(['implicit', 'starttls', 'none']).optional().meta({
      default: 'implicit',
      description: 'As for an account; `none` only to this machine.',
    }),
    user: z.string(expectedText('the name to log in with')).min(1).optional().meta({
      description: 'Name to log in with, where the server needs it.',
    }),
    password: password()
      .optional()
      .meta({ description: 'Its password, or where it comes from: as `password` of an account.' }),
    from: address().meta({ description: 'Address of the sender.' }),
    to: z
      .union(
        [address(), z.array(address()).min(1, expected('at least one address'))],
        expected(`${ADDRESS}, or a list`),
      )
      .transform((written) => (Array.isArray(written) ? written : [written]))
      .meta({ description: 'Address of who gets it, or a list of them. Not one that Mailferry fetches.' }),
  })
    .superRefine(({ host, tls }, context) => {
      if (tls === 'none' && !isLoopback(host))
        context.addIssue('without TLS it can be read on the way; use implicit or starttls');
    })
    .meta({ title: 'mail' });

const FORMS = '{ type: webhook, url: … }, or one of type ntfy, command or mail';
const target = (): z.ZodType<NotifyTargetSettings> =>
  z.discriminatedUnion('type', [webhook(), ntfy(), commandTarget(), mail()], {
    error: ({ input }) => {
      if (typeof input === 'object' && input !== null && 'type' in input)
        return expected(FORMS).error({ input: input.type });
      return expected(FORMS, kindOf).error({ input });
    },
  });

/** The keys at the top of the file that say who is told what. */
export const notifyFields: Fields<Pick<GeneralSettings, Keys>> = {
  notify: () =>
    mapping(`{ to: ${FORMS} }`, {
      to: z
        .union([target(), z.array(target())], expected(`${FORMS}, or a list of them`, kindOf))
        .transform((written) => (Array.isArray(written) ? written : [written]))
        .meta({ description: 'Where notices go: one place, or a list of which each gets every notice.' }),
      afterFailures: wholeNumber('a number', 1, 1000).optional().meta({
        default: DEFAULT_FAILURES,
        description: 'An account is reported as failing when so many polls in a row have failed.',
      }),
      afterSilence: duration('a length of time', 60_000, LONGEST_MS)
        .optional()
        .meta({
          default: formatDuration(DEFAULT_SILENCE_MS),
          description:
            'An account is reported when a poll was due, and none went well for so long since; and when for so long each left something undone.',
        }),
      beforeCertificateEnds: duration('a length of time', 60_000, LONGEST_MS)
        .optional()
        .meta({
          default: formatDuration(DEFAULT_CERTIFICATE_MS),
          description: 'A certificate of a server is reported so long before it ends.',
        }),
    }).meta({
      description:
        'Who is told when the state of an account changes: it fails, works again, is not tried any more; a message is ' +
        'quarantined, a deletion waits for your word, a certificate is about to end. Each change is told once. ' +
        '`mailferry notify --test` tries it.',
    }),
  ping: () =>
    mapping('{ url: … }', {
      url: secretUrl().meta({
        description:
          'URL that is called, as services such as healthchecks want it: with `/start` when the daemon begins, as it is ' +
          'while all is well, with `/fail` while an account fails; or where it comes from, as of a webhook. Never shown or logged.',
      }),
      every: duration('a length of time', 10_000, DAY_MS)
        .optional()
        .meta({
          default: formatDuration(DEFAULT_PING_MS),
          description: 'How often.',
        }),
    }).meta({ description: 'A sign of life for somebody who notices when none comes any more.' }),
};

/** Passwords and tokens that stand in the file itself, by where. */
export function plainSecrets({ notify }: Partial<GeneralSettings>): readonly (readonly PropertyKey[])[] {
  return (notify?.to ?? []).flatMap((one, index) => {
    const at = (key: string): readonly PropertyKey[] => [
      'notify',
      'to',
      ...((notify?.to.length ?? 0) > 1 ? [index] : []),
      key,
    ];
    if (one.type === 'mail' && one.password?.from === 'text') return [at('password')];
    if (one.type === 'ntfy' && one.token?.from === 'text') return [at('token')];
    return [];
  });
}

/** The environment variables that secrets come from. */
export function secretVariables({ notify, ping }: Partial<GeneralSettings>): readonly string[] {
  const all = [ping?.url, ...(notify?.to ?? []).flatMap(secretsOf)];
  return all.flatMap((one) => (one?.from === 'env' ? [one.name] : []));
}

function secretsOf(one: NotifyTargetSettings): readonly (PasswordSettings | undefined)[] {
  switch (one.type) {
    case 'webhook':
      return [one.url];
    case 'ntfy':
      return [one.url, one.token];
    case 'mail':
      return [one.password];
    case 'command':
      return [];
  }
  return [];
}

type SourceOf = (
  settings: PasswordSettings,
  kind: SecretKind,
  login?: { readonly host: string; readonly user?: string | undefined },
) => PingTarget['url'];

/** Who is told what, with every default filled in. */
export function completeNotify(
  { notify, ping }: Partial<GeneralSettings>,
  {
    absolute,
    secrets,
  }: { readonly absolute: (path: string) => string; readonly secrets: SecretSurroundings },
): NotifyConfiguration {
  const source: SourceOf = (settings, kind, { host, user = '' } = { host: '' }) =>
    passwordSource(completedSource(settings, { host, user, absolute }), { ...secrets, kind });
  return {
    targets: (notify?.to ?? []).map((one) => completeTarget(one, source, secrets)),
    policy: {
      afterFailures: notify?.afterFailures ?? DEFAULT_FAILURES,
      silentMs: notify?.afterSilence ?? DEFAULT_SILENCE_MS,
      certificateMs: notify?.beforeCertificateEnds ?? DEFAULT_CERTIFICATE_MS,
    },
    ping: ping && { url: source(ping.url, 'URL'), everyMs: ping.every ?? DEFAULT_PING_MS },
  };
}

function completeTarget(
  one: NotifyTargetSettings,
  source: SourceOf,
  { folder, withheld }: SecretSurroundings,
): NoticeTarget {
  if (one.type === 'webhook') return { type: 'webhook', url: source(one.url, 'URL') };
  if (one.type === 'ntfy')
    return { type: 'ntfy', url: source(one.url, 'URL'), token: one.token && source(one.token, 'token') };
  if (one.type === 'command') return { type: 'command', command: one.command, folder, withheld };
  const { type, host, user, from, to, tls = 'implicit' } = one;
  const port = one.port ?? { implicit: 465, starttls: 587, none: 25 }[tls];
  return {
    type,
    host,
    port,
    tls,
    user,
    password: one.password && source(one.password, 'password', { host, user }),
    from,
    to,
  };
}
