import { MailError } from '../../errors.ts';
import { LINE_END_OCTETS, SizeExperience } from '../listed-size.ts';
import { hasMereNumber } from '../mere-number.ts';
import type { Poll } from '../poll.ts';
import { wasTriedNow } from '../record-state.ts';
import { discardAll, type Received } from './receive.ts';
import { refuseMessage } from './refuse.ts';

/**
 * Whether a message may have been cut on its way. One that came as short in an earlier poll, or was carried so, is all that the
 * server has of it. One that was asked for since it is here in part must be whole, whatever the server's habits.
 */
export function mayBeCut(
  { octets, sha256, retrieval: { message, reason } }: Received,
  { ledger, sizes, startedAt, runtime }: Pick<Poll, 'ledger' | 'sizes' | 'startedAt' | 'runtime'>,
): boolean {
  const compared = { listed: message.octets ?? octets, octets };
  if (reason === 'short') return new SizeExperience([]).isShort(compared);
  const now = runtime.now();
  return (
    sizes.isShort(compared) &&
    !ledger.withContent(sha256).some((record) => !wasTriedNow(record, { startedAt, now }))
  );
}

/** Notes the size of a message that counts as whole, but for one that was asked for since it is here in part. */
export function noteWhole({ octets, retrieval: { message, reason } }: Received, sizes: SizeExperience): void {
  if (reason !== 'short') sizes.note({ listed: message.octets ?? octets, octets });
}

/**
 * Whether a message that seems new may be one of which a part was stored: TOP may have given another header than that of
 * the part, so that only the content tells (I8).
 */
export function mayBeOfPart({ octets, retrieval: { message, reason } }: Received): boolean {
  if (reason !== 'new' || hasMereNumber(message)) return false;
  return octets + LINE_END_OCTETS < (message.octets ?? 0);
}

/** Leaves a message that may be cut on the server. */
export async function refuseCut({ drafts, octets, sha256, retrieval }: Received, poll: Poll): Promise<void> {
  await discardAll(drafts);
  const { number, octets: listed } = retrieval.message;
  const error = new MailError(
    'message-damaged',
    `Message ${number} came with ${octets} octets, but is listed with ${listed ?? octets}.`,
    { hint: 'It stays on the server, and is taken as it is when it comes the same in another poll.' },
  );
  await refuseMessage(retrieval, error, poll, { sha256 });
}
