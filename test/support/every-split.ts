/**
 * Calls `check` with the same octets in every way that a network could cut them in two, whole, and one octet at
 * a time; `how` names the way for the failure's message.
 */
export function everySplit(octets: Buffer, check: (blocks: readonly Buffer[], how: string) => void): void {
  check([octets], 'whole');
  check(
    Array.from(octets, (_, at) => octets.subarray(at, at + 1)),
    'one octet at a time',
  );
  for (let at = 1; at < octets.length; at += 1) {
    check([octets.subarray(0, at), octets.subarray(at)], `cut at ${at} of ${octets.length}`);
  }
}

/** `octets` in blocks of these lengths, over and over; a length of 0 gives an empty block. */
export function inBlocks(octets: Buffer, lengths: readonly number[]): Buffer[] {
  const blocks: Buffer[] = [];
  let at = 0;
  for (let turn = 0; at < octets.length; turn += 1) {
    const length = lengths[turn % lengths.length] ?? 1;
    blocks.push(octets.subarray(at, at + length));
    at += length;
    if (turn > octets.length * 2 + 10) return [...blocks, octets.subarray(at)];
  }
  return blocks;
}
