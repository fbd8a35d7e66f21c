/**
 * Things by their keys, each under all of its keys. All mail in an mbox may have one Message-ID, or one size: where much is
 * looked for in much, both make the key, so that not each has to be compared with each.
 */
export function groupsOf<T>(
  things: Iterable<T>,
  keysOf: (thing: T) => readonly string[],
): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const thing of things)
    for (const key of new Set(keysOf(thing))) {
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [thing]);
      else group.push(thing);
    }
  return groups;
}

/** A key for mail of this Message-ID and size in octets. */
export function likeness(messageId: string, octets: number): string {
  return `${octets} ${messageId}`;
}
