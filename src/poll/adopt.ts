import { MailError } from '../errors.ts';
import type { Octets, UniqueId } from '../pop3/types.ts';
import type { Account } from './account.ts';
import { takeListing } from './listing.ts';
import type { PollControl } from './poll.ts';
import type { PollDeps } from './poll-account.ts';

/** What `adopt` did. */
export interface Adoption {
  readonly account: string;
  readonly listed: number;
  /** Messages that count as carried from now on. */
  readonly adopted: number;
}

/**
 * Decides what becomes of mail of which the ledger knows nothing: everything that the server lists now counts as carried, is
 * not downloaded, and is never deleted by us; or, with `none`, the next poll carries what it finds nowhere.
 */
export async function adoptAccount(
  account: Account,
  deps: Pick<PollDeps, 'ledgerOf' | 'openSession' | 'runtime'>,
  { none, control }: { none: boolean; control: PollControl },
): Promise<Adoption> {
  const ledger = deps.ledgerOf(account.name);
  await using session = await deps.openSession(account, control.abort);
  const { messages, hasUniqueIds } = await takeListing(session);
  if (!hasUniqueIds) {
    throw new MailError('protocol', 'The server gives no unique-ids, so no message can be adopted.', {
      hint: 'Without them a message is recognised only by its content, when it is retrieved.',
    });
  }
  const sizes = new Map<UniqueId, Octets | undefined>();
  for (const { uid, octets } of none ? [] : messages) if (uid !== undefined) sizes.set(uid, octets);
  const known = ledger.withUniqueIds(sizes.keys());
  const unknown = new Map([...sizes].filter(([uid]) => !known.has(uid)));
  if (none) await ledger.carryUnknown();
  else await ledger.recordAdopted(unknown, deps.runtime.now());
  await session.quit();
  return { account: account.name, listed: messages.length, adopted: unknown.size };
}
