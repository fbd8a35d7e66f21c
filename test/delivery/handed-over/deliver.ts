import type { Destination, Receipt } from '../../../src/delivery/destination.ts';
import { type DestinationSurroundings, openDestination } from '../../../src/delivery/open-destination.ts';
import type { DestinationSettings } from '../../../src/delivery/settings.ts';
import { sha256 } from '../../../src/message/sha256.ts';
import type { TemporaryFolder } from '../../support/temporary-folder.ts';
import { surroundings } from '../surroundings.ts';

/** Opens a destination that mail was handed to before; what waits does so in the folder. Of what is there nothing is recorded. */
export function openTaker(
  folder: TemporaryFolder,
  settings: DestinationSettings,
  more: Partial<DestinationSurroundings> = {},
): Promise<Destination> {
  const around = { ...surroundings(), spoolFolder: folder.path, usedBefore: true, account: 'work', ...more };
  return openDestination(settings, around);
}

/** Hands a message over, in blocks as they come from a server; of a text each character is an octet (latin1). */
export async function deliver(
  destination: Destination,
  message: Buffer | string,
  tag = 'abcd',
): Promise<Receipt> {
  const octets = typeof message === 'string' ? Buffer.from(message, 'latin1') : message;
  const draft = destination.begin();
  for (let at = 0; at < octets.length; at += 50_000) await draft.write(octets.subarray(at, at + 50_000));
  return draft.commit({ tag, sha256: sha256(octets) });
}
