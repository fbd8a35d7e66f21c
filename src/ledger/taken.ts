import { contentOf, type Receipt } from '../delivery/destination.ts';

/** What a record or an intent stands for in a destination. */
export interface Taken extends Pick<Receipt, 'location'> {
  /** The hash of the stored octets; undefined where it is not known: then the place alone tells, as the name of a file does. */
  readonly sha256: string | undefined;
  readonly unmarkedSha256?: string | undefined;
}

/** Leaves out of what was found in destinations what some record or intent stands for already. */
export function withoutTaken<Found extends { readonly receipt: Receipt }>(
  found: readonly Found[],
  takenIn: (destination: string) => readonly Taken[],
): readonly Found[] {
  const destinations = new Set(found.map(({ receipt }) => receipt.destination));
  const places = new Map([...destinations].map((one) => [one, new Set(takenIn(one).map(standsAs))]));
  return found.filter(({ receipt }) => {
    const taken = places.get(receipt.destination);
    return taken?.has(standsAs(receipt)) !== true && taken?.has(receipt.location) !== true;
  });
}

/** One text for a place and what stands there. */
function standsAs({ location, sha256 }: Taken): string {
  return sha256 === undefined ? location : `${location} ${sha256}`;
}

/**
 * The same for a destination whose places change: an mbox that its owner has removed mail from. For each record that does
 * not stand at its place any more, one message that equals it, except for what mail programs write into a header, is left
 * out. Otherwise the moved copy of one message would make an equal one that was never carried count as carried, and it would
 * be deleted (I1).
 */
export function withoutMoved<
  Found extends { readonly receipt: Pick<Receipt, 'location' | 'sha256' | 'unmarkedSha256'> },
>(found: readonly Found[], taken: readonly Taken[]): readonly Found[] {
  const places = new Set(found.map(({ receipt }) => standsAs(receipt)));
  const inPlace = new Set(taken.map(standsAs).filter((place) => places.has(place)));
  const moved = new Map<string, number>();
  for (const record of taken) {
    const { sha256, unmarkedSha256 } = record;
    if (sha256 === undefined || inPlace.has(standsAs(record))) continue;
    const content = contentOf({ sha256, unmarkedSha256 });
    moved.set(content, (moved.get(content) ?? 0) + 1);
  }
  return found.filter(({ receipt }) => {
    if (inPlace.has(standsAs(receipt))) return false;
    const content = contentOf(receipt);
    const left = moved.get(content) ?? 0;
    moved.set(content, left - 1);
    return left <= 0;
  });
}
