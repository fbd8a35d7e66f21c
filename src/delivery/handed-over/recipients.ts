import { addressesIn, comparableDomain, writtenAddress } from '../../message/address-list.ts';
import { headerFields } from '../../message/header-field.ts';
import { printable, printableLine } from '../../wire/text.ts';
import type { RecipientsByHeader } from '../settings.ts';

/** So many in one field are more than a server has to take at once (RFC 5321 §4.5.3.1.8). */
const MOST_RECIPIENTS = 100;

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
    const local = typeof entry === 'string' ? '' : withoutPrefix(entry.local, prefix);
    if (typeof entry === 'string' || local === '')
      astray.add(`${shown(typeof entry === 'string' ? entry : field)} in its field ${header} is no address`);
    else if (ours.has(entry.domain)) to.add(writtenAddress({ local, domain: entry.domain }));
    else astray.add(`${shown(writtenAddress(entry))} is in none of the domains`);
  }
  if (astray.size > 0) to.add(otherwise);
  return { to: [...to], astray: [...astray] };
}

/** Also where it is written with other capitals, as fetchmail has it. */
function withoutPrefix(local: string, prefix: string): string {
  return local.toLowerCase().startsWith(prefix.toLowerCase()) ? local.slice(prefix.length) : local;
}

function shown(text: string): string {
  return `"${/[^\u0000-\u00ff]/.test(text) ? printable(text, 100) : printableLine(text, 100)}"`;
}
