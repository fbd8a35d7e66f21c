import { lookAtLedger, SqliteLedger } from '../ledger/sqlite-ledger.ts';
import type { Peer, SeenMessage } from '../peers/peer.ts';
import type { Account } from '../poll/account.ts';
import { refuseUnknownAccount } from '../poll/unknown-account.ts';
import { parseUniqueId } from '../pop3/unique-id.ts';
import type { Runtime } from '../runtime.ts';
import { MAX_UNIQUE_ID_OCTETS } from '../wire/limits.ts';

/** What a peer remembers of an account. */
export interface Memory {
  readonly account: string;
  readonly seen: readonly SeenMessage[];
}

/**
 * Notes in the ledger what a peer remembers as fetched, so that it is not downloaded again. What the ledger knows
 * already stays as it is. Resolves to how many messages were new to it, by account. Raises `already-running` when
 * another Mailferry owns the ledger.
 */
export async function takeOver(
  stateDir: string,
  { peer, memories, runtime }: { peer: Peer; memories: readonly Memory[]; runtime: Runtime },
): Promise<ReadonlyMap<string, number>> {
  using ledger = await SqliteLedger.open(stateDir, runtime);
  const taken = new Map<string, number>();
  for (const { account, seen } of memories) {
    const messages = seen.flatMap(({ uid, seenAt }) => {
      const unique = parseUniqueId(uid, MAX_UNIQUE_ID_OCTETS);
      return unique === undefined ? [] : [{ uid: unique, seenAt: seenAt ?? runtime.now() }];
    });
    taken.set(account, await ledger.account(account).recordImported(messages, peer));
  }
  return taken;
}

/**
 * What the ledger knows as carried and still on the server, for another program to remember; a daemon may be at work meanwhile.
 * Raises `ledger-lost` as `refuseUnknownAccount` does, before the other program forgets all and fetches all once more.
 */
export async function remembered(
  stateDir: string,
  { accounts, runtime }: { accounts: readonly Account[]; runtime: Runtime },
): Promise<readonly Memory[]> {
  using ledger = await lookAtLedger(stateDir, runtime);
  for (const account of accounts) await refuseUnknownAccount(account, ledger.account(account.name));
  return accounts.map(({ name: account }) => {
    const seen: SeenMessage[] = [];
    for (const [uid, records] of ledger.account(account).listed()) {
      const carried = records.filter(({ outcome }) => outcome === 'delivered' || outcome === 'adopted');
      // One of several messages with this unique-id that was not carried would be left behind for good.
      if (carried.length === 0 || carried.length < records.length) continue;
      seen.push({ uid, seenAt: Math.min(...carried.map(({ triedAt }) => triedAt)) });
    }
    return { account, seen };
  });
}
