import { destinationName } from '../delivery/settings.ts';
import type { RecordId } from '../ledger/record.ts';
import { type Capabilities, formatCapabilities, parseCapabilities } from '../pop3/capabilities.ts';
import type { MessageNumber, Octets, UniqueId } from '../pop3/types.ts';
import type { Transaction } from '../pop3-client/transaction.ts';
import type { Account } from './account.ts';
import { keptFor } from './deletion-policy.ts';
import { QUIET_MS, QUIET_POLLS } from './limits.ts';
import type { Listing } from './listing.ts';
import { hasMereNumber } from './mere-number.ts';
import type { Plan } from './plan.ts';
import type { Poll } from './poll.ts';
import type { KnownMessages } from './recognition/known.ts';

/** A maildrop in which nothing was left to do, as STAT and the unique-id of its last message show it. */
interface QuietMaildrop {
  readonly messages: MessageNumber;
  readonly octets: Octets;
  readonly lastUid: UniqueId;
  /** When it was last listed whole, and how many polls have only looked since. */
  readonly listedAt: number;
  readonly polls: number;
  /** From when on one of its messages is to be deleted; null: never. */
  readonly dueAt: number | null;
  /** What its server announced before the login, as lines; null where it did not. */
  readonly announced: readonly string[] | null;
  /** The settings under which that was so, as `termsOf` writes them. */
  readonly terms: string;
}

/**
 * Whether a maildrop looks as it did when everything in it had been carried, so that it need not be listed. A message that
 * was replaced by another of the same size is noticed only at the next whole listing, which is never far off. Nothing is
 * deleted, recorded or forgotten because of this look (I1, I8).
 */
export async function isUnchanged(session: Transaction, poll: Poll): Promise<boolean> {
  const quiet = quietBefore(poll);
  if (quiet === undefined) return false;
  // Both at once where the server allows it; one after the other, the first may spare the second.
  const ahead = session.pipelining ? session.uniqueId(quiet.messages) : undefined;
  const [{ messages, octets }] = await Promise.all([session.stat(), ahead]);
  if (messages !== quiet.messages || octets !== quiet.octets) return false;
  if ((await (ahead ?? session.uniqueId(quiet.messages))) !== quiet.lastUid) return false;
  const { tally, observer, account } = poll;
  tally.unchanged(quiet.messages);
  tally.quiet = JSON.stringify({ ...quiet, polls: quiet.polls + 1 });
  observer.planned?.(account.name, 0, 0);
  return true;
}

/**
 * What the server announced before the last login, if the maildrop was quiet then. After any trouble, after any change, and
 * at the next whole listing it is asked again.
 */
export function announcedBefore(poll: Poll): Capabilities | undefined {
  const lines = quietBefore(poll)?.announced ?? undefined;
  return lines && parseCapabilities(lines);
}

/** What to note of a maildrop after a session that has deleted nothing; undefined where something is left to do. */
export function quietAfter(
  session: {
    readonly listing: Listing;
    readonly plan: Plan;
    readonly known: Pick<KnownMessages, 'withUniqueId'>;
    /** Which record each message stands for that came in the session. */
    readonly came: ReadonlyMap<MessageNumber, RecordId>;
    readonly announced: Capabilities | undefined;
  },
  poll: Poll,
): string | undefined {
  const { listing, plan, came, announced } = session;
  const { account, ledger, tally, startedAt } = poll;
  const last = listing.messages.at(-1);
  const allNamed = listing.messages.every(({ uid, twin }) => uid !== undefined && !twin);
  if (last?.uid === undefined || !allNamed || ledger.renumbering()) return undefined;
  // A mere number names whichever message is the last, and mail that machines write often has one size.
  if (hasMereNumber(last)) return undefined;
  if (listing.claimed !== listing.messages.length || last.number !== listing.claimed) return undefined;
  if (tally.firstRefusal !== undefined || tally.failure !== undefined) return undefined;
  const hasAllCome =
    plan.further.messages === 0 && plan.retrievals.every(({ message }) => came.has(message.number));
  if (!hasAllCome || [...plan.left.keys()].some((reason) => reason !== 'carried')) return undefined;
  const quiet: QuietMaildrop = {
    messages: last.number,
    octets: listing.claimedOctets,
    lastUid: last.uid,
    listedAt: startedAt,
    polls: 0,
    dueAt: firstDueAt(session, poll),
    announced: announced === undefined ? null : formatCapabilities(announced),
    terms: termsOf(account),
  };
  return JSON.stringify(quiet);
}

/** When the first of the messages is to be deleted on the server. */
function firstDueAt(
  { listing, known, came }: Parameters<typeof quietAfter>[0],
  { account: { deletion }, startedAt }: Poll,
): number | null {
  const wait = keptFor(deletion);
  if (wait === Number.POSITIVE_INFINITY) return null;
  let first: number | null = null;
  for (const { number, uid } of listing.messages) {
    const record = uid === undefined ? undefined : known.withUniqueId(uid).at(-1);
    // What was delivered in this very poll is due a little later than this says.
    const deliveredAt = came.has(number) ? startedAt : record?.deliveredAt;
    if (deliveredAt !== undefined) first = Math.min(first ?? deliveredAt + wait, deliveredAt + wait);
  }
  return first;
}

function quietBefore({
  account,
  ledger,
  control,
  interrupted,
  ledgerWasPutBack,
  runtime,
}: Poll): QuietMaildrop | undefined {
  const text = ledger.quiet();
  if (text === undefined || interrupted || ledgerWasPutBack || control.confirmDelete === true)
    return undefined;
  const quiet = JSON.parse(text) as QuietMaildrop;
  const now = runtime.now();
  const age = now - quiet.listedAt;
  const isFresh = age >= 0 && age < QUIET_MS && quiet.polls < QUIET_POLLS;
  const nothingDue = quiet.dueAt === null || now < quiet.dueAt;
  return isFresh && nothingDue && quiet.terms === termsOf(account) ? quiet : undefined;
}

/** The settings that decide about messages: when one of them has changed, everything is looked at anew. */
function termsOf({ host, port, tls, user, auth, deletion, limits, destinations }: Account): string {
  return JSON.stringify([
    host,
    port,
    tls,
    user,
    auth,
    deletion,
    limits.messageOctets ?? null,
    destinations.map(destinationName),
  ]);
}
