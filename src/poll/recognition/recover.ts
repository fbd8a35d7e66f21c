import type { MessageNumber } from '../../pop3/types.ts';
import type { Listing } from '../listing.ts';
import type { Poll } from '../poll.ts';
import { noteWhatStands } from './found.ts';
import { refuseLostLedger, refuseOtherName } from './lost-ledger.ts';
import { type Search, searchByName, tellApart } from './named.ts';
import { recordNamed } from './record-found.ts';
import { unrecordedOf } from './unrecorded.ts';

/** What a search has found, and whether the ledger knows of it by now. */
export interface Recovery extends Search {
  /**
   * Otherwise it is recorded only after the messages that have no name there, those of an mbox, have been looked at too:
   * until then nobody knows whether somebody has to be asked.
   */
  readonly isRecorded: boolean;
}

/**
 * Looks in the destinations for listed messages that were delivered and are not recorded, and records them, so that
 * they are not delivered again: after a poll that was killed (I3), and when the ledger does not know the account at
 * all, or is an older copy, since it may have been lost (I8). Costs nothing otherwise.
 */
export async function recover(listing: Listing, poll: Poll): Promise<Recovery | undefined> {
  const { interrupted, ledgerWasPutBack, ledger, wasPastAsking } = poll;
  const isLacking = ledger.isNew() || ledgerWasPutBack;
  if (!interrupted && !isLacking) return undefined;
  const unrecorded = unrecordedOf(listing, poll);
  const all = await searchByName(unrecorded, poll);
  const { named, doubtful } = tellApart(
    { unrecorded, named: all },
    { isLacking, mistrustsNames: poll.mistrustsNames },
  );
  if (isLacking || doubtful.length > 0) await noteWhatStands(listing, doubtful, poll);
  const isItsOwn = interrupted && wasPastAsking && ledger.replaced === undefined;
  const mayBeLost = isLacking && !isItsOwn && !ledger.carriesUnknown();
  const search = { unrecorded, named };
  if (mayBeLost) refuseOtherName(search, poll);
  if (mayBeLost && ledger.found().length > 0) return { ...search, isRecorded: false };
  if (mayBeLost) await askOfLostLedger(search, new Set(), poll);
  await recordNamed(search, poll);
  return { ...search, isRecorded: true };
}

/** Ends what `recover` has begun; `recognised` are the messages that stand in a destination without a name. */
export async function recordRecovered(
  recovery: Recovery,
  recognised: ReadonlySet<MessageNumber>,
  poll: Poll,
): Promise<void> {
  await askOfLostLedger(recovery, recognised, poll);
  await recordNamed(recovery, poll);
}

/** Raises what `refuseLostLedger` does; a poll that is killed from now on may have delivered what the next one finds. */
async function askOfLostLedger(
  search: Search,
  recognised: ReadonlySet<MessageNumber>,
  poll: Poll,
): Promise<void> {
  refuseLostLedger(search, recognised, poll);
  await poll.ledger.notePastAsking();
}
