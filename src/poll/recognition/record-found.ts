import type { Receipt, Recovered } from '../../delivery/destination.ts';
import { PlaceTaken } from '../../ledger/place-taken.ts';
import type { LedgerRecord } from '../../ledger/record.ts';
import type { MessageNumber } from '../../pop3/types.ts';
import { countText } from '../../wire/text.ts';
import { tagFor } from '../identity.ts';
import type { ListedMessage, Listing } from '../listing.ts';
import { hasMereNumber } from '../mere-number.ts';
import { type Poll, wasLost } from '../poll.ts';
import { hasSizeOf, type Search } from './named.ts';
import type { Recognition } from './recognise.ts';

/** Records the messages that stand in the destinations under their names, and says so. */
export async function recordNamed({ unrecorded, named }: Search, poll: Poll): Promise<void> {
  const { interrupted, ledgerWasPutBack, account, observer } = poll;
  await Promise.all(
    [...named].map(([tag, recovered]) => recordOne(tag, { message: unrecorded.get(tag), recovered }, poll)),
  );
  if (named.size === 0) return;
  if (interrupted) {
    observer.noticed?.(
      account.name,
      `An earlier poll was cut short; recorded now: ${countText(named.size, 'message')} that it had delivered.`,
    );
  } else {
    const why = ledgerWasPutBack ? 'was put back from a backup' : 'did not know this account';
    observer.noticed?.(
      account.name,
      `The ledger ${why}; recorded as carried: ${countText(named.size, 'message')} found at the destination.`,
    );
  }
}

async function recordOne(
  tag: string,
  { message, recovered }: { message: ListedMessage | undefined; recovered: readonly Recovered[] },
  poll: Poll,
): Promise<void> {
  const { ledger, interrupted } = poll;
  const [first] = recovered;
  if (message?.uid === undefined || first === undefined) return;
  const { received } = first;
  const earlier = ledger.withUniqueId(message.uid).at(-1);
  const receipts = recovered.map(({ receipt }) => receipt);
  // After a loss of the ledger, what one destination shows had been carried to all of them, unless a record says that it was not.
  const wasBegun = (earlier?.destinations.length ?? 0) > 0;
  const complete = (!interrupted && !wasBegun) || isEverywhere(earlier, receipts, poll);
  const recording = ledger.recordDelivery({
    record: earlier?.id,
    uid: message.uid,
    tag,
    octets: received.octets,
    // What is listed under it may be another message by now.
    listedOctets: hasMereNumber(message) || hasSizeOf(message, first) ? message.octets : undefined,
    // Worked out from what is stored, so not good enough to compare with what the other destination will get; what was
    // received before is.
    sha256: complete ? received.sha256 : receivedBefore(earlier),
    messageId: received.messageId,
    headerSha256: received.headerSha256,
    receipts,
    claims: receipts,
    complete,
    workedOut: wasLost(poll),
    at: triedAt(complete, poll),
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

/**
 * Records listed messages that stand in the destinations already, each with its receipts. Those that are `named` in a
 * Maildir have a record by that already, and get these receipts too.
 */
export async function recordPresent(
  { messages }: Listing,
  { present, named }: Pick<Recognition, 'present'> & { readonly named: ReadonlySet<MessageNumber> },
  poll: Poll,
): Promise<void> {
  const { ledger, account, observer } = poll;
  if (present.size === 0) return;
  await Promise.all(
    messages.map(async ({ number, uid, octets: listedOctets }) => {
      const found = present.get(number);
      const [first] = found ?? [];
      if (found === undefined || first === undefined || uid === undefined) return;
      const receipts = found.map(({ receipt }) => receipt);
      const byName = named.has(number) ? ledger.withUniqueId(uid).at(-1) : undefined;
      const complete = byName?.outcome === 'delivered' || isEverywhere(byName, receipts, poll);
      const { octets, headerSha256, messageId } = first.received;
      await ledger.recordDelivery({
        record: byName?.id,
        uid,
        tag: tagFor({ account: account.name, uid, occurrence: 0 }),
        octets,
        // Only its header was compared, so what is stored does not prove what was received.
        sha256: byName?.sha256,
        messageId,
        headerSha256,
        listedOctets,
        receipts,
        claims: receipts,
        complete,
        workedOut: wasLost(poll),
        at: triedAt(complete, poll),
      });
    }),
  );
  observer.noticed?.(
    account.name,
    `${countText(present.size, 'message')} at the destination count as carried.`,
  );
}

/** Whether a message is safe in all destinations: as its record says, or by these receipts. */
function isEverywhere(
  record: LedgerRecord | undefined,
  receipts: readonly Receipt[],
  { destinations }: Poll,
): boolean {
  const places = new Set([
    ...(record?.destinations ?? []),
    ...receipts.map(({ destination }) => destination),
  ]);
  return destinations.every(({ name }) => places.has(name));
}

/** What one destination lacks is retrieved in this very poll, so it must not count as tried in it. */
function triedAt(complete: boolean, { runtime, startedAt }: Poll): number {
  return complete ? runtime.now() : startedAt - 1;
}
