const MINUTE_MS = 60_000;

/** What providers ask for between two logins, by the end of the host's name; they lock out who comes more often. */
const MINIMUM: readonly (readonly [string, number])[] = [
  ['pop.gmail.com', 15 * MINUTE_MS],
  ['pop.googlemail.com', 15 * MINUTE_MS],
  ['pop3.web.de', 15 * MINUTE_MS],
  ['ovh.net', MINUTE_MS],
  ['luxsci.com', MINUTE_MS],
];

/** The shortest time between two polls that the provider of a host is known to want, in milliseconds; 0: none known. */
export function providerMinimum(host: string): number {
  const name = host.toLowerCase().replace(/\.$/, '');
  return MINIMUM.find(([end]) => name === end || name.endsWith(`.${end}`))?.[1] ?? 0;
}
