/**
 * Things by their keys, each under all that it has. All mail may have one Message-ID, or one size: what is looked for among much is
 * looked for by both, so that each need not be compared with each.
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
