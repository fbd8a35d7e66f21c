import * as z from 'zod';
import type { ImapSettings } from '../delivery/settings.ts';
import { isLoopback } from '../pop3-client/options.ts';
import { choice, expected, expectedText, mapping, path, wholeNumber } from './field-kinds.ts';
import { wrongHost } from './host.ts';
import { password } from './secret-fields.ts';
import type { PasswordSource, WrittenImap } from './settings.ts';

/** Where such servers listen (RFC 8314 §3.2, RFC 9051 §2.1). */
const PORTS = { implicit: 993, starttls: 143, none: 143 } as const;

const NAME = 'the name of a mailbox there';

const isCompared = (): z.ZodDefault<z.ZodBoolean> =>
  z
    .boolean(expected('true or false'))
    .default(true)
    .meta({
      default: true,
      description:
        'Whether what was appended is read again and compared, before mail that was kept is deleted on the POP3 server and by ' +
        '`verify`. `false` for a server that stores messages in a form of its own, as Exchange does: then they are only looked for.',
    });

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
    host: z
      .string(expectedText('the name of the server'))
      .refine((written) => wrongHost(written) === undefined, expected('the name or address of the server'))
      .meta({ title: 'text', description: 'Name or address of the server.' }),
    port: wholeNumber('a port', 1, 65_535)
      .optional()
      .meta({ description: 'Its port. Default: 993 with `tls: implicit`, else 143.' }),
    tls: choice(['implicit', 'starttls', 'none'])
      .default('implicit')
      .meta({ description: 'As for an account.' }),
    allowCleartext: z.boolean(expected('true or false')).optional().meta({
      default: false,
      description: 'Allows `tls: none` to another machine, so that password and mail can be read on the way.',
    }),
    caFile: path('the path of a file with certificates').optional().meta({
      title: 'path',
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
    compare: isCompared(),
    timeout,
  })
    .superRefine(({ host, tls, allowCleartext }, context) => {
      if (tls === 'none' && allowCleartext !== true && !isLoopback(host))
        context.addIssue(
          'without TLS password and mail can be read on the way; use implicit or starttls, or accept it with allowCleartext: true',
        );
    })
    .meta({ title: 'mailbox (IMAP)' });

/** The mailbox as mail is appended to it. */
export function completeImap(
  { type, host, port, tls, caFile, user, auth, mailbox, compare, password: written }: WrittenImap,
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
    type,
    host,
    port: port ?? PORTS[tls],
    tls,
    caFile: caFile === undefined ? undefined : absolute(caFile),
    user,
    password: passwordOf(written, { host, user }),
    passwordFrom: written.from,
    auth,
    mailbox,
    compare,
    timeoutMs,
  };
}
