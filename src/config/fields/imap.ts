import * as z from 'zod';
import type { ImapSettings } from '../../delivery/settings.ts';
import type { PasswordSource, WrittenImap } from '../settings.ts';
import { choice, expected, expectedText, mapping, path } from './kinds.ts';
import { password } from './secret.ts';
import { allowCleartext, cleartextProblem, host, port, tls } from './server.ts';

/** Where such servers listen (RFC 8314 §3.2, RFC 9051 §2.1). */
const PORTS = { implicit: 993, starttls: 143, none: 143 } as const;

const NAME = 'the name of a mailbox there';

/** What crosses the line. */
const WHAT = 'password and mail';

/** Every key of a mailbox on an IMAP server. `timeout` is that of all who take mail over. */
export const imap = (
  timeout: z.ZodType<number | undefined>,
): z.ZodType<WrittenImap> & z.core.$ZodTypeDiscriminable =>
  mapping('a destination', {
    type: z.literal('imap').meta({
      description:
        'A mailbox on an IMAP server, such as that of your provider or your own Dovecot. Each message is appended with the date at ' +
        'which it came, unread.',
    }),
    host: host(),
    port: port().optional().meta({ description: 'Its port. Default: 993 with `tls: implicit`, else 143.' }),
    tls: tls().default('implicit').meta({ description: 'As for an account.' }),
    allowCleartext: allowCleartext(WHAT),
    caFile: path('the path of a file with certificates').optional().meta({
      description: 'File with certificates (PEM) that are trusted in addition to the usual ones.',
    }),
    user: z
      .string(expectedText('the name to log in with'))
      .regex(/^[^\p{Cc}]{1,254}$/u, expected('the name to log in with'))
      .meta({ title: 'text', description: 'Name to log in with there.' }),
    password: password().meta({
      description: 'The password there, or where it comes from, as for an account.',
    }),
    auth: choice<ImapSettings['auth']>(['password', 'oauth2']).default('password').meta({
      description:
        '`oauth2` says that the password is an access token (XOAUTH2, OAUTHBEARER), such as a `command` prints it.',
    }),
    mailbox: z
      .string(expectedText(NAME))
      .regex(/^(?!\/)[^\p{Cc}]{1,254}(?<!\/)$/u, expected(NAME))
      .default('INBOX')
      .meta({
        title: 'text',
        description:
          'The mailbox there; `/` divides the levels, as in `Archive/2026`. It is made where it does not exist.',
      }),
    compare: z
      .boolean(expected('true or false'))
      .default(true)
      .meta({
        default: true,
        description:
          'Whether what was appended is read again and compared, before mail that was kept is deleted on the POP3 server and by ' +
          '`verify`. `false` for a server that stores messages in a form of its own, as Exchange does: then they are only looked for.',
      }),
    timeout,
  })
    .superRefine((written, context) => {
      const problem = cleartextProblem(WHAT, written);
      if (problem !== undefined) context.addIssue(problem);
    })
    .meta({ title: 'mailbox (IMAP)' });

/** The mailbox as mail is appended to it. */
export function completeImap(
  { password: written, port: writtenPort, allowCleartext: _1, timeout: _2, ...said }: WrittenImap,
  {
    absolute,
    passwordOf,
    timeoutMs,
  }: {
    readonly absolute: (path: string) => string;
    readonly passwordOf: PasswordSource;
    readonly timeoutMs: number;
  },
): ImapSettings {
  return {
    ...said,
    port: writtenPort ?? PORTS[said.tls],
    caFile: said.caFile === undefined ? undefined : absolute(said.caFile),
    password: passwordOf(written, said),
    passwordFrom: written.from,
    timeoutMs,
  };
}
