import type { HistoryEntry } from '../../ledger/history.ts';
import { isoTime } from '../../runtime.ts';

/** What the ledger has noted of a message, as `history` and `explain` give it to programs. Stable and documented. */
export function historyJson(entry: HistoryEntry): unknown {
  const { id: _, places, triedAt, deliveredAt, deleSentAt, missingAt, goneAt, ...more } = entry;
  return {
    ...more,
    places: places.map(({ unmarkedSha256: __, ...place }) => place),
    triedAt: isoTime(triedAt),
    deliveredAt: isoTime(deliveredAt),
    deleSentAt: isoTime(deleSentAt),
    missingAt: isoTime(missingAt),
    goneAt: isoTime(goneAt),
  };
}
