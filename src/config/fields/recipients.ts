import * as z from 'zod';
import type { MailServerSettings } from '../../delivery/settings.ts';
import { comparableDomain } from '../../message/address-list.ts';
import type { WrittenRecipients } from '../settings.ts';
import { expected, expectedText, mapping, wholeNumber } from './kinds.ts';

const RECIPIENT = 'the mail address of one recipient there';

const FORMS = `${RECIPIENT}, or { header: …, otherwise: … } for a mailbox of several people`;

const FIELD = 'the name of a header field, such as X-Original-To';

/** What the sender writes, or any server on the way: it does not tell who a message was sent to. */
const NOT_OF_THE_ENVELOPE =
  /^(?:(?:resent-)?(?:to|cc|bcc|from|sender|reply-to)|return-path|received|apparently-to|subject)$/i;

const DOMAIN = 'a domain, such as example.org';

const PREFIX = 'the text that stands before each address, without blanks';

const address = (what: string) =>
  z.string(expectedText(what)).regex(/^[^\s<>,;\p{Cc}]{1,254}$/u, expected(what));

const headerName = () =>
  z
    .string(expectedText(FIELD))
    .regex(/^[!-9;-~]{1,100}$/, expected(FIELD))
    .superRefine((name, context) => {
      if (NOT_OF_THE_ENVELOPE.test(name)) {
        context.addIssue(
          `${name} does not say to whom a message was sent: copies and lists are not in it; name the field in which the provider notes that, such as Envelope-To, X-Original-To or Delivered-To`,
        );
      }
    })
    .meta({
      title: 'text',
      description:
        'The field in which the provider notes to whom a message was sent, such as `Envelope-To`, `X-Original-To`, `Delivered-To` or `X-Envelope-To`. What To and Cc say is never taken.',
    });

const domains = () =>
  z
    .array(
      z.string(expectedText(DOMAIN)).refine((written) => comparableDomain(written) !== '', expected(DOMAIN)),
      expected('a list of domains'),
    )
    .min(1, { error: 'the list of domains is empty' })
    .optional()
    .meta({
      title: 'list',
      description:
        'Your domains, each as it is written. Default: that of `otherwise`. Recipients elsewhere are not served.',
    });

const byHeader = () =>
  mapping('recipients', {
    header: headerName(),
    domains: domains(),
    position: wholeNumber('a number', 1, 1000).optional().meta({
      default: 1,
      description:
        'Which of several such fields counts, from the top. The provider writes above what the sender has written, so 1 is the one to trust unless more fields of that name are written after it.',
    }),
    prefix: z
      .string(expectedText(PREFIX))
      .regex(/^[!#-;=?-~]{1,100}$/, expected(PREFIX))
      .optional()
      .meta({
        title: 'text',
        description:
          'What the provider writes before each address, such as `example.org-`. It is taken away.',
      }),
    otherwise: address(RECIPIENT).meta({
      title: 'text',
      description:
        'Address of who gets what has no such field, or names nobody in `domains`, or is refused to somebody for good.',
    }),
  })
    .superRefine(({ domains: written, otherwise }, context) => {
      if (written === undefined && domainOf(otherwise) === '')
        context.addIssue('say which domains are yours: domains: [example.org]');
    })
    .meta({ title: 'multidrop' });

/** `to` of a mail server: one recipient, or by what they are told. */
export const recipients = (): z.ZodType<string | WrittenRecipients> =>
  z.union([address(RECIPIENT).meta({ title: 'text' }), byHeader()], expected(FORMS)).meta({
    description:
      'Address of the recipient there; or, for a mailbox of several people (a catch-all), what tells the recipients of each message. The sender is that of the message, as its header tells it.',
  });

/** The recipients of a mail server, with what was left out. */
export function completeRecipients(written: string | WrittenRecipients): MailServerSettings['to'] {
  if (typeof written === 'string') return written;
  const { header, domains: ours, position = 1, prefix = '', otherwise } = written;
  const domain = domainOf(otherwise);
  return {
    header,
    position,
    prefix,
    domains: ours ?? [domain],
    // As it is found in a header, so that nobody gets two copies under two spellings of one domain.
    otherwise: domain === '' ? otherwise : `${otherwise.slice(0, otherwise.lastIndexOf('@'))}@${domain}`,
  };
}

function domainOf(recipient: string): string {
  return comparableDomain(recipient.slice(recipient.lastIndexOf('@') + 1 || recipient.length));
}
