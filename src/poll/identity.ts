import type { AccountLedger } from '../ledger/ledger.ts';
import { sha256Start } from '../message/sha256.ts';
import type { UniqueId } from '../pop3/types.ts';
import type { ListedMessage } from './listing.ts';
import { hasMereNumber } from './mere-number.ts';
import { isNowhere } from './record-state.ts';

/** How many octets of the hash a tag holds; it is written in hexadecimal. */
const TAG_OCTETS = 10;

/** Who a message is, as far as is known before or after it was retrieved. */
export interface Identity {
  readonly account: string;
  readonly uid: UniqueId | undefined;
  /** SHA-256 of the received octets, where the unique-id alone does not tell who it is. */
  readonly sha256?: string | undefined;
  /** How many messages of this very identity there were before. */
  readonly occurrence: number;
}

/**
 * A short hash of a message's identity. A destination that can, shows it in the name it gives, so that a message
 * delivered but not recorded is recognised after a crash (I3). 80 bits; it reveals nothing of the unique-id.
 */
export function tagFor({ account, uid, sha256, occurrence }: Identity): string {
  const parts = [account, uid ?? '', sha256 ?? '', String(occurrence)];
  return sha256Start(Buffer.from(parts.join('\0')), TAG_OCTETS);
}

/**
 * The identity of a message that only its content told from others. If nothing was ever stored under its unique-id, that
 * alone is its identity, by which it is found again when the ledger is lost. Otherwise the content belongs to it; and where
 * the unique-id is a mere number, which may be another one next time, the content is all of it. `equal`: how many records of
 * this content it might have been.
 */
export function comparedIdentity(
  message: ListedMessage,
  { sha256, equal }: { readonly sha256: string; readonly equal: number },
  ledger: Pick<AccountLedger, 'withUniqueId' | 'withContent'>,
): Omit<Identity, 'account'> {
  const { uid, twin } = message;
  if (hasMereNumber(message) && !twin)
    return { uid: undefined, sha256, occurrence: ledger.withContent(sha256).length };
  const isFirst = uid !== undefined && !twin && ledger.withUniqueId(uid).every(isNowhere);
  return isFirst ? { uid, occurrence: 0 } : { uid, sha256, occurrence: equal };
}
