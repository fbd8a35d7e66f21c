import { showsOneOf } from '../delivery/shown-tags.ts';
import { dayOf } from '../ledger/ledger.ts';
import type { MessageNumber } from '../pop3/types.ts';
import type { Transaction } from '../pop3-client/transaction.ts';
import type { Listing } from './listing.ts';
import { hasMereNumber } from './mere-number.ts';
import { type Plan, planPoll } from './plan.ts';
import type { Poll } from './poll.ts';
import { type Stock, takeStock } from './recognition/take-stock.ts';
import { Unrecorded } from './recognition/unrecorded.ts';

/** A session of a poll that has its listing: what is known of the messages, and what is to be done with them. */
export interface PlannedVisit extends Stock {
  readonly listing: Listing;
  readonly plan: Plan;
}

/**
 * Finds out what is known of a listing (I3, I8), and plans the session. Where a destination shows mail that the ledger does
 * not know, as after its whole disk was set back, the ledger counts as put back from then on.
 */
export async function planVisit(session: Transaction, listing: Listing, poll: Poll): Promise<PlannedVisit> {
  const planned = await stockAndPlan(session, listing, poll);
  if (!(await isBehind(planned, poll))) return planned;
  poll.ledgerWasPutBack = true;
  poll.mistrustsNames = true;
  return stockAndPlan(session, listing, poll);
}

async function stockAndPlan(session: Transaction, listing: Listing, poll: Poll): Promise<PlannedVisit> {
  const { account, ledger, tally, runtime } = poll;
  const { known, recognition } = await takeStock(session, listing, poll);
  const now = runtime.now();
  const limits = tally.remaining(account.limits, ledger.octetsOn(dayOf(now)));
  const seen = { listing, known, recognition, limits, pastSizes: ledger.recentSizes(), now };
  return { listing, known, recognition, plan: planPoll({ ...poll, ...seen }) };
}

/**
 * Whether a Maildir holds a listed message, by its name, that the ledger has never heard of. Looked at once after the ledger
 * was opened, when there is something to retrieve: to read the names of a large folder at each poll would cost too much.
 */
async function isBehind({ listing, plan, known }: PlannedVisit, poll: Poll): Promise<boolean> {
  const { account, ledger, interrupted, ledgerWasPutBack } = poll;
  // Then it was looked for already.
  if (interrupted || ledgerWasPutBack || ledger.isNew()) return false;
  const numbers: MessageNumber[] = [];
  for (const { message } of plan.retrievals) {
    const { uid, twin, number } = message;
    // A number in a name is that of whichever message had it then.
    if (uid === undefined || twin || hasMereNumber(message)) continue;
    if (known.withUniqueId(uid).length === 0) numbers.push(number);
  }
  if (numbers.length === 0 || !ledger.takeFirstLook()) return false;
  const tags = new Unrecorded(listing, account.name, numbers);
  for (const settings of account.destinations) if (await showsOneOf(settings, tags)) return true;
  return false;
}
