import { describe, expect, test } from 'vitest';
import type { Recovered } from '../../../src/delivery/destination.ts';
import { tagFor } from '../../../src/poll/identity.ts';
import { SIZE_DRIFT_OCTETS } from '../../../src/poll/limits.ts';
import type { ListedMessage, Listing } from '../../../src/poll/listing.ts';
import { hasSizeOf, tellApart } from '../../../src/poll/recognition/named.ts';
import { Unrecorded } from '../../../src/poll/recognition/unrecorded.ts';
import type { MessageNumber, UniqueId } from '../../../src/pop3/types.ts';

const listed = (octets: number | undefined): ListedMessage => ({
  number: 1 as MessageNumber,
  octets,
  uid: 'u1' as UniqueId,
  twin: false,
});

/** What stands somewhere with so many octets, which had come with so many. */
const standing = (stored: number, received: number): Recovered =>
  ({ receipt: { octets: stored }, received: { octets: received } }) as Recovered;

describe('I1, I8: what stands under the name of a listed message', () => {
  test('may have any size between those with and without CRs, and what servers write into it besides', () => {
    const there = standing(1000, 1040);
    const [least, most] = [1000 - SIZE_DRIFT_OCTETS, 1040 + SIZE_DRIFT_OCTETS];
    const fits = (octets: number | undefined): boolean => hasSizeOf(listed(octets), there);
    expect([least, 1000, 1040, most].map(fits)).toEqual([true, true, true, true]);
    expect([least - 1, most + 1, undefined].map(fits)).toEqual([false, false, false]);
  });

  test('may be another message where one of two places has it with another size', () => {
    const messages = { numbered: () => listed(1000) } as unknown as Listing['messages'];
    const unrecorded = new Unrecorded({ messages } as Listing, 'work', [1 as MessageNumber]);
    const tag = tagFor({ account: 'work', uid: listed(1000).uid, occurrence: 0 });
    const [same, other] = [standing(980, 1000), standing(98_000, 100_000)];
    const doubtfulOf = (...recovered: Recovered[]): readonly Recovered[] =>
      tellApart(
        { unrecorded, named: new Map([[tag, recovered]]) },
        { isLacking: true, mistrustsNames: false },
      ).doubtful;
    expect(doubtfulOf(same, same)).toEqual([]);
    expect(doubtfulOf(same, other)).toEqual([same, other]);
  });
});
