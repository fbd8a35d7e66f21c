/** Gives the items in arrays of so many, the last one shorter. */
export function* chunksOf<T>(items: Iterable<T>, length: number): Iterable<readonly T[]> {
  let chunk: T[] = [];
  for (const item of items) {
    chunk.push(item);
    if (chunk.length < length) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}
