import { sha256 as sha256Of } from '../message/sha256.ts';
import type { UniqueId } from '../pop3/types.ts';

/** Who a message is, as far as is known before or after it was retrieved. */
export interface Identity {
  readonly account: string;
  readonly uid: UniqueId | undefined;
  /** SHA-256 of the received octets, where the unique-id alone does not settle it. */
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
  return sha256Of(Buffer.from(parts.join('\0'))).slice(0, 20);
}
