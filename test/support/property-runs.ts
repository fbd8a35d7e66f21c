/**
 * How many inputs a property test tries: `normal` ones in `npm test`, many more in `npm run fuzz`. fast-check prints
 * the seed of a failure.
 */
export function propertyRuns(normal: number): { readonly numRuns: number } {
  const wanted = Number(process.env['FUZZ_RUNS'] ?? 0);
  return { numRuns: Math.max(normal, wanted) };
}
