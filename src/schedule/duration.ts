const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
] as const;

/**
 * A length of time such as `500ms`, `30s`, `5m`, `2h` or `30d` in milliseconds: a whole number and its unit, with at
 * most a space between. Undefined when the text is something else, or more than a number can hold exactly.
 */
export function parseDuration(text: string): number | undefined {
  const [, digits, unit] = /^(\d+) ?(ms|s|m|h|d)$/.exec(text) ?? [];
  const factor = UNITS.find(([name]) => name === unit)?.[1];
  if (digits === undefined || factor === undefined) return undefined;
  const milliseconds = Number(digits) * factor;
  return Number.isSafeInteger(milliseconds) ? milliseconds : undefined;
}

/** The shortest text that `parseDuration` reads as this many milliseconds, in one unit: 90,000 is `90s`. */
export function formatDuration(milliseconds: number): string {
  const [name, factor] = UNITS.find(([, size]) => milliseconds >= size && milliseconds % size === 0) ?? [
    'ms',
    1,
  ];
  return `${milliseconds / factor}${name}`;
}
