import type { Recovered } from '../../delivery/destination.ts';
import type { MessageNumber } from '../../pop3/types.ts';
import { SIZE_DRIFT_OCTETS } from '../limits.ts';
import type { ListedMessage } from '../listing.ts';
import { hasMereNumber } from '../mere-number.ts';
import type { Poll } from '../poll.ts';
import type { Unrecorded } from './unrecorded.ts';

/** What destinations have under each tag, a receipt of each that has something. */
export type Named = ReadonlyMap<string, readonly Recovered[]>;

/** Of what was looked for, that which stands in the destinations under its name. */
export interface Search {
  readonly unrecorded: Unrecorded;
  readonly named: Named;
}

/** Looks in all destinations for messages that stand there under these tags, or were to be appended under them. */
export async function searchByName(
  tags: Unrecorded,
  { destinations, ledger }: Pick<Poll, 'destinations' | 'ledger'>,
): Promise<Named> {
  const named = new Map<string, Recovered[]>();
  for (const destination of destinations) {
    const intents = ledger.openIntents(destination.name);
    for (const [tag, recovered] of await destination.recover({ tags, intents })) {
      named.set(tag, [...(named.get(tag) ?? []), recovered]);
    }
  }
  return named;
}

/**
 * What bears the name of a listed message, and what of it may be another message: servers may give a unique-id to another
 * message once the first is deleted, and with message numbers they always do. Then only content tells, or mail that nobody
 * has fetched would be deleted as carried (I1, I8).
 */
export function tellApart(
  { unrecorded, named }: Search,
  { isLacking, mistrustsNames }: { readonly isLacking: boolean; readonly mistrustsNames: boolean },
): { readonly named: Named; readonly doubtful: readonly Recovered[] } {
  const isDoubtful = (tag: string, recovered: readonly Recovered[]): boolean => {
    // What has no unique-id in its name has an intent, and is looked for when its content is known.
    if (!unrecorded.has(tag)) return false;
    const message = unrecorded.get(tag);
    if (message === undefined || hasMereNumber(message) || mistrustsNames) return true;
    return isLacking && !recovered.every((one) => hasSizeOf(message, one));
  };
  const all = [...named];
  return {
    named: new Map(all.filter(([tag, recovered]) => !isDoubtful(tag, recovered))),
    doubtful: all.flatMap(([tag, recovered]) => (isDoubtful(tag, recovered) ? recovered : [])),
  };
}

/** As servers count, with and without CRs, and with fields that they have written into it since. */
export function hasSizeOf({ octets }: ListedMessage, { receipt, received }: Recovered): boolean {
  if (octets === undefined) return false;
  return octets >= receipt.octets - SIZE_DRIFT_OCTETS && octets <= received.octets + SIZE_DRIFT_OCTETS;
}

/** The listed messages that were found by their names. */
export function numbersIn({ unrecorded, named }: Search): ReadonlySet<MessageNumber> {
  const numbers = new Set<MessageNumber>();
  for (const tag of named.keys()) {
    const message = unrecorded.get(tag);
    if (message !== undefined) numbers.add(message.number);
  }
  return numbers;
}
