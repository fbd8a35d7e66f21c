const UNITS = [
  ['TB', 1000 ** 4],
  ['TiB', 1024 ** 4],
  ['GB', 1000 ** 3],
  ['GiB', 1024 ** 3],
  ['MB', 1000 ** 2],
  ['MiB', 1024 ** 2],
  ['KB', 1000],
  ['KiB', 1024],
  ['B', 1],
] as const;

/**
 * A size such as `50MB`, `1GiB` or `123` in octets: a whole number and a unit in upper or lower case, with at most a
 * space between; without a unit, octets. KB, MB, GB and TB count in thousands, KiB, MiB, GiB and TiB in 1024s.
 * Undefined when the text is something else, or more than a number can hold exactly.
 */
export function parseSize(text: string): number | undefined {
  const [, digits, unit] = /^(\d+) ?([A-Za-z]*)$/.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const factor = unit === '' ? 1 : UNITS.find(([name]) => name.toLowerCase() === unit?.toLowerCase())?.[1];
  if (factor === undefined) return undefined;
  const octets = Number(digits) * factor;
  return Number.isSafeInteger(octets) ? octets : undefined;
}

/** Octets for people, in decimal units: `999 B`, `12.3 MB`. */
export function octetsText(octets: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let value = octets;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.5 ? 0 : 1;
  return `${value.toFixed(digits)} ${units[unit]}`;
}
