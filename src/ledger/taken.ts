import type { Receipt } from '../delivery/destination.ts';

/** What a record or an intent stands for in a destination. */
export interface Taken extends Pick<Receipt, 'location'> {
  /** Of the stored octets; undefined where that is not known, as the place alone tells: the name of a file is given once. */
  readonly sha256: string | undefined;
}

/** Of what was found in destinations, that which nothing of what is taken there stands for. */
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
 * Of what was found in a destination whose places change, an mbox that its owner has removed mail from, that which no
 * record stands for: for each record whose place is not its own any more, one message that equals it is left out. A
 * message that was never carried would count as carried by the moved copy of another, and be deleted (I1).
 */
export function withoutMoved<Found extends { readonly receipt: Pick<Receipt, 'location' | 'sha256'> }>(
  found: readonly Found[],
  taken: readonly Taken[],
): readonly Found[] {
  const places = new Set(found.map(({ receipt }) => standsAs(receipt)));
  const inPlace = new Set(taken.map(standsAs).filter((place) => places.has(place)));
  const moved = new Map<string, number>();
  for (const record of taken) {
    const { sha256 } = record;
    if (sha256 === undefined || inPlace.has(standsAs(record))) continue;
    moved.set(sha256, (moved.get(sha256) ?? 0) + 1);
  }
  return found.filter(({ receipt }) => {
    if (inPlace.has(standsAs(receipt))) return false;
    const left = moved.get(receipt.sha256) ?? 0;
    moved.set(receipt.sha256, left - 1);
    return left <= 0;
  });
}
