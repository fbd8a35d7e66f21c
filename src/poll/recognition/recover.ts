import type { Recovered } from '../../delivery/destination.ts';
import { MailError } from '../../errors.ts';
import type { LedgerRecord } from '../../ledger/ledger.ts';
import { PlaceTaken } from '../../ledger/place-taken.ts';
import type { MessageNumber, UniqueId } from '../../pop3/types.ts';
import { tagFor } from '../identity.ts';
import { MOVED_UP_MESSAGES, SIZE_DRIFT_OCTETS } from '../limits.ts';
import type { ListedMessage, Listing } from '../listing.ts';
import { type Poll, wasLost } from '../poll.ts';
import { hasFailed } from '../record-state.ts';
import { noteWhatStands } from './found.ts';
import { isNumbered } from './known.ts';
import { Unrecorded } from './unrecorded.ts';

/**
 * Looks in the destinations for listed messages that were delivered and are not recorded, and records them, so that
 * they are not delivered again: after a poll that was killed (I3), and when the ledger does not know the account at
 * all, or is an older copy, since it may have been lost (I8). Costs nothing otherwise.
 */
export async function recover(listing: Listing, poll: Poll): Promise<Recovery | undefined> {
  const { interrupted, isOld, ledger } = poll;
  const isLacking = ledger.isNew() || isOld;
  if (!interrupted && !isLacking) return undefined;
  const unrecorded = unrecordedOf(listing, poll);
  const named = await searchDestinations(unrecorded, poll);
  const { mistrustsNames } = poll;
  const { found, doubted } = tellApart(named, { unrecorded, isLacking, mistrustsNames });
  if (isLacking || doubted.length > 0) await noteWhatStands(listing, doubted.flat(), poll);
  const mayBeLost = isLacking && (!interrupted || ledger.replaced !== undefined) && !ledger.carriesUnknown();
  const search = { unrecorded, found };
  if (mayBeLost) refuseOtherName(search, poll);
  if (mayBeLost && ledger.found().length > 0) return { ...search, isRecorded: false };
  if (mayBeLost) refuseLostLedger(search, new Set(), poll);
  await recordFound(search, poll);
  return { ...search, isRecorded: true };
}

/** What is listed and not recorded, and under numbers what may have been listed before, and has moved up since. */
function unrecordedOf(listing: Listing, { ledger, account }: Poll): Unrecorded {
  const unrecorded = new Unrecorded(listing);
  const known = ledger.withUniqueIds(uniqueIdsOf(listing));
  for (const { uid, number } of namesOf(listing)) {
    if (known.get(uid)?.some((one) => !hasFailed(one)) === true) continue;
    unrecorded.add(tagFor({ account: account.name, uid, occurrence: 0 }), number);
  }
  return unrecorded;
}

function* namesOf({
  messages,
}: Listing): Iterable<{ readonly uid: UniqueId; readonly number: MessageNumber }> {
  for (const { uid, twin, number } of messages) if (uid !== undefined && !twin) yield { uid, number };
  const last = messages.at(messages.length - 1);
  if (last === undefined || !isNumbered(last)) return;
  for (let number = last.number + 1; number <= last.number + MOVED_UP_MESSAGES; number += 1)
    yield { uid: String(number) as UniqueId, number: number as MessageNumber };
}

/** What a search of the destinations has found by its name. */
interface Search {
  readonly unrecorded: Unrecorded;
  readonly found: ReadonlyMap<string, readonly Recovered[]>;
}

export interface Recovery extends Search {
  /**
   * Otherwise it is recorded only when the messages that have no name there, those of an mbox, have been looked at too:
   * until then nobody knows whether it must be asked what to do.
   */
  readonly isRecorded: boolean;
}

/** The messages that were found by their names. */
export function namedIn(recovery: Recovery | undefined): ReadonlySet<MessageNumber> {
  const numbers = new Set<MessageNumber>();
  for (const tag of recovery?.found.keys() ?? []) {
    const message = recovery?.unrecorded.get(tag);
    if (message !== undefined) numbers.add(message.number);
  }
  return numbers;
}

/** Ends what `recover` has begun; `recognised` are the messages that stand in a destination without a name. */
export async function recordUnsettled(
  recovery: Recovery,
  recognised: ReadonlySet<MessageNumber>,
  poll: Poll,
): Promise<void> {
  refuseLostLedger(recovery, recognised, poll);
  await recordFound(recovery, poll);
}

/**
 * What bears the name of a listed message, and what of it may be another one: servers give a unique-id to another message
 * once the first is deleted, message numbers always. Only content tells then, or mail that nobody has fetched would be
 * deleted as carried (I1, I8).
 */
function tellApart(
  named: ReadonlyMap<string, readonly Recovered[]>,
  {
    unrecorded,
    isLacking,
    mistrustsNames,
  }: { unrecorded: Unrecorded; isLacking: boolean; mistrustsNames: boolean },
): {
  readonly found: ReadonlyMap<string, readonly Recovered[]>;
  readonly doubted: readonly (readonly Recovered[])[];
} {
  const isDoubtful = (tag: string, recovered: readonly Recovered[]): boolean => {
    // What has no unique-id in its name has an intent, and is looked for when its content is known.
    if (!unrecorded.has(tag)) return false;
    const message = unrecorded.get(tag);
    if (message === undefined || isNumbered(message) || mistrustsNames) return true;
    return isLacking && !recovered.every((one) => hasSizeOf(message, one));
  };
  const all = [...named];
  return {
    found: new Map(all.filter(([tag, recovered]) => !isDoubtful(tag, recovered))),
    doubted: all.flatMap(([tag, recovered]) => (isDoubtful(tag, recovered) ? [recovered] : [])),
  };
}

/** As servers count, with and without CRs, and with fields that they have written into it since. */
function hasSizeOf({ octets }: ListedMessage, { receipt, received }: Recovered): boolean {
  if (octets === undefined) return false;
  return octets >= receipt.octets - SIZE_DRIFT_OCTETS && octets <= received.octets + SIZE_DRIFT_OCTETS;
}

async function recordFound({ unrecorded, found }: Search, poll: Poll): Promise<void> {
  const { interrupted, isOld, account, observer } = poll;
  await Promise.all(
    [...found].map(([tag, recovered]) => record(tag, { message: unrecorded.get(tag), recovered }, poll)),
  );
  if (interrupted) {
    observer.noticed?.(
      account.name,
      `An earlier poll was cut short; ${found.size} messages it had delivered are recorded now.`,
    );
  } else if (found.size > 0) {
    const why = isOld ? 'was put back from a backup' : 'did not know this account';
    observer.noticed?.(
      account.name,
      `The ledger ${why}; ${found.size} messages found at the destination are recorded as carried.`,
    );
  }
}

/**
 * An account that was renamed: the names at the destination tell nothing about it, and what was carried under the old
 * name must not come a second time in silence. A second account for the same maildrop looks the same.
 */
function refuseOtherName({ unrecorded, found }: Search, { ledger, account }: Poll): void {
  const carried = ledger.carriedAs();
  const names: string[] = [];
  for (const [tag, { uid }] of unrecorded) {
    const name = uid === undefined || found.has(tag) ? undefined : carried.get(uid);
    if (name !== undefined) names.push(name);
  }
  const [name] = names;
  if (name === undefined) return;
  throw new MailError(
    'ledger-lost',
    `The ledger does not know this account, but it has carried ${names.length} of its messages as "${name}".`,
    {
      hint: `If it was renamed, call it "${name}" again, or count all that is listed now as carried: mailferry adopt ${account.name}; to carry it a second time: mailferry adopt --none ${account.name}`,
    },
  );
}

/**
 * A ledger that was lost, while its owner has moved some of the mail: what is listed before the newest message that
 * is still there was probably carried too, and must not come a second time in silence. When the ledger is known to
 * have been lost, that holds for all that was not found.
 */
function refuseLostLedger(
  { unrecorded, found }: Search,
  recognised: ReadonlySet<MessageNumber>,
  { ledger, account, isOld }: Poll,
): void {
  const isThere = (tag: string, { number }: ListedMessage): boolean =>
    found.has(tag) || recognised.has(number);
  let [there, newest, doubtful] = [0, 0, 0];
  for (const [tag, message] of unrecorded) {
    if (!isThere(tag, message)) continue;
    there += 1;
    newest = Math.max(newest, message.number);
  }
  const isKnownLoss = ledger.replaced !== undefined;
  for (const [tag, message] of unrecorded) {
    if ((isKnownLoss || message.number < newest) && !isThere(tag, message)) doubtful += 1;
  }
  if (doubtful === 0) return;
  throw new MailError(
    'ledger-lost',
    `The ledger ${isOld ? 'was put back from a backup' : 'does not know this account'}. ${there} of its messages are at the destination; of ${doubtful} others it cannot tell whether they were carried.`,
    {
      hint: `To count all that is listed now as carried: mailferry adopt ${account.name}; to carry those that were not found: mailferry adopt --none ${account.name}`,
    },
  );
}

async function record(
  tag: string,
  { message, recovered }: { message: ListedMessage | undefined; recovered: readonly Recovered[] },
  poll: Poll,
): Promise<void> {
  const { ledger, destinations, runtime, interrupted, startedAt } = poll;
  const [first] = recovered;
  if (message?.uid === undefined || first === undefined) return;
  const { received } = first;
  const earlier = ledger.withUniqueId(message.uid).at(-1);
  const safe = new Set([
    ...(earlier?.destinations ?? []),
    ...recovered.map(({ receipt }) => receipt.destination),
  ]);
  // After a loss of the ledger, what one destination shows had been carried to all of them.
  const complete = !interrupted || destinations.every(({ name }) => safe.has(name));
  const recording = ledger.recordDelivery({
    record: earlier?.id,
    uid: message.uid,
    tag,
    octets: received.octets,
    // What is listed under it may be another message by now.
    listedOctets: isNumbered(message) || hasSizeOf(message, first) ? message.octets : undefined,
    // Worked out from what is stored, so not good enough to compare with what the other destination will get; what was
    // received before is.
    sha256: complete ? received.sha256 : receivedBefore(earlier),
    messageId: received.messageId,
    headerSha256: received.headerSha256,
    receipts: recovered.map(({ receipt }) => receipt),
    claims: recovered.map(({ receipt }) => receipt),
    complete,
    workedOut: wasLost(poll),
    // What one destination lacks is retrieved in this very poll.
    at: complete ? runtime.now() : startedAt - 1,
  });
  // It has another unique-id now, by which it is recorded, or is not this one; what that is worth, the rest of the poll tells.
  await recording.catch((error: unknown) => {
    if (!(error instanceof PlaceTaken)) throw error;
  });
}

/** What the destinations have that it was safe in; nothing, where all that came of it was refused. */
function receivedBefore(earlier: LedgerRecord | undefined): string | undefined {
  return earlier === undefined || earlier.destinations.length === 0 ? undefined : earlier.sha256;
}

function* uniqueIdsOf(listing: Listing): Iterable<UniqueId> {
  for (const { uid } of namesOf(listing)) yield uid;
}

async function searchDestinations(
  tags: Unrecorded,
  poll: Poll,
): Promise<ReadonlyMap<string, readonly Recovered[]>> {
  const found = new Map<string, Recovered[]>();
  for (const destination of poll.destinations) {
    const intents = poll.ledger.openIntents(destination.name);
    for (const [tag, recovered] of await destination.recover({ tags, intents })) {
      found.set(tag, [...(found.get(tag) ?? []), recovered]);
    }
  }
  return found;
}
