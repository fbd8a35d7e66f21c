import {
  addressesIn,
  comparableDomain,
  type MailAddress,
  writtenAddress,
} from '../../message/address-list.ts';
import { headerFields } from '../../message/header-field.ts';
import { printable, printableLine } from '../../wire/text.ts';
import type { RecipientsByHeader } from '../settings.ts';

/** So many in one field are more than a server has to take at once (RFC 5321 §4.5.3.1.8). */
const MOST_RECIPIENTS = 100;

/** Of what stands in a header, in a note. */
const MOST_SHOWN = 100;

/** Who gets a message. */
export interface Recipients {
  /** Each once, as an SMTP command has it; never empty. */
  readonly to: readonly string[];
  /** Why one of them is `otherwise`, where it is that: a clause for each reason. */
  readonly astray: readonly string[];
}

/**
 * Who gets a message, by the header field in which the provider notes the recipient of the envelope. Nothing else is asked: what
 * To and Cc say is the sender's, and says neither who is on a list nor who got a blind copy. Whatever names nobody of ours goes
 * to `otherwise`. `start` is how the message begins; `whole`: nothing comes after it.
 */
export function recipientsOf(
  start: Buffer,
  { header, position, prefix, domains, otherwise }: RecipientsByHeader,
  whole: boolean,
): Recipients {
  const field = headerFields(start, header, whole)[position - 1];
  const which = position === 1 ? '' : ` number ${position}`;
  if (field === undefined) return { to: [otherwise], astray: [`it has no field ${header}${which}`] };
  const entries = addressesIn(field);
  if (entries.length === 0) return { to: [otherwise], astray: [`its field ${header}${which} is empty`] };
  if (entries.length > MOST_RECIPIENTS) {
    const astray = [`its field ${header}${which} names ${entries.length} recipients`];
    return { to: [otherwise], astray };
  }
  const ours = new Set(domains.map(comparableDomain));
  const to = new Set<string>();
  const astray = new Set<string>();
  for (const entry of entries) {
    const recipient = typeof entry === 'string' ? undefined : withoutPrefix(entry, prefix);
    if (recipient === undefined) {
      const what = typeof entry === 'string' ? entry : field;
      astray.add(`"${printableLine(what.trim(), MOST_SHOWN)}" in its field ${header} is no address`);
    } else if (ours.has(recipient.domain)) to.add(writtenAddress(recipient));
    else astray.add(`${printable(writtenAddress(recipient), MOST_SHOWN)} is in none of the domains`);
  }
  if (astray.size > 0) to.add(otherwise);
  return { to: [...to], astray: [...astray] };
}

/** Also where it is written with other capitals, as fetchmail has it; undefined where nothing stands behind it. */
function withoutPrefix({ local, domain }: MailAddress, prefix: string): MailAddress | undefined {
  const isThere = local.toLowerCase().startsWith(prefix.toLowerCase());
  const rest = isThere ? local.slice(prefix.length) : local;
  return rest === '' ? undefined : { local: rest, domain };
}
