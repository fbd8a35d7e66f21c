import type { ConfigurationDocument } from './document.ts';
import { kindOf, quoted, withoutSecret } from './found.ts';
import type { Problem } from './problem.ts';
import { type Fault, isMapping, type Reading, readMapping } from './reading.ts';
import { ACCOUNT_NAME, accountFields, generalFields } from './schema.ts';
import type { AccountSettings, GeneralSettings } from './settings.ts';

/** An account with its defaults, as far as both are right. */
export interface AccountDraft {
  readonly name: string;
  readonly settings: AccountSettings;
  /** Whether the key was written, in the account or in the defaults, rightly or wrongly. */
  has(key: keyof AccountSettings): boolean;
  /** The keys that lead to where this one was written; to the account, when it was not. */
  keysOf(key: keyof AccountSettings): readonly PropertyKey[];
}

/** The parts of a configuration, before anything is checked that needs more than one of them. */
export interface Draft {
  readonly general: Partial<GeneralSettings>;
  readonly accounts: readonly AccountDraft[];
}

/** Takes note of something wrong at these keys; said twice, it counts once. */
export type Report = (keys: readonly PropertyKey[], message: string) => void;

/** Both ways to take note of a problem. */
export interface Reports {
  readonly report: Report;
  readonly reportFault: (above: readonly PropertyKey[], fault: Fault) => void;
}

/** Reports that know the places, and fill `problems`. */
export function reportInto(problems: Problem[], document: ConfigurationDocument): Reports {
  const said = new Set<string>();
  const add = (problem: Problem): void => {
    const text = `${problem.key}: ${problem.message}`;
    if (!said.has(text)) problems.push(problem);
    said.add(text);
  };
  return {
    report: (keys, message) => add({ key: join(keys), ...document.valueAt(keys), message }),
    reportFault: (above, { keys, ofKey, message }) => {
      const all = [...above, ...keys];
      if (ofKey) add({ key: join(all.slice(0, -1)), ...document.keyAt(all), message });
      else add({ key: join(all), ...document.valueAt(all), message });
    },
  };
}

/** Reads all parts of the file by themselves and merges the defaults into the accounts. */
export function readDraft(whole: unknown, { report, reportFault }: Reports): Draft {
  if (!isMapping(whole)) {
    report([], `expected a mapping with the key "accounts", found ${kindOf(whole)}`);
    return { general: {}, accounts: [] };
  }
  const general = readMapping<GeneralSettings>(generalFields, whole, ['defaults', 'accounts']);
  for (const fault of general.faults) reportFault([], fault);
  const read = (above: readonly PropertyKey[], value: unknown): AccountReading => {
    const reading = readMapping<AccountSettings>(accountFields, value);
    for (const fault of reading.faults) reportFault(above, fault);
    return withUrl(reading, above, report);
  };
  const defaults = read(['defaults'], 'defaults' in whole ? whole['defaults'] : {});

  const accounts: AccountDraft[] = [];
  const { accounts: written } = whole;
  if (!isMapping(written) || Object.keys(written).length === 0) {
    const what = isMapping(written) ? 'an empty one' : kindOf(written);
    report(['accounts'], `expected a mapping with at least one account, by name, found ${what}`);
    return { general: general.values, accounts };
  }
  for (const [name, value] of Object.entries(written)) {
    if (!ACCOUNT_NAME.test(name)) {
      const message = `expected a name of 1 to 64 letters, digits or any of . _ - @ +, found ${quoted(name)}`;
      reportFault([], { keys: ['accounts', name], ofKey: true, message });
    }
    const own = read(['accounts', name], value);
    if (isMapping(value)) accounts.push(mergeDefaults(name, own, defaults));
  }
  return { general: general.values, accounts };
}

/** The keys that a URL stands for. */
const OF_URL = ['host', 'port', 'tls', 'user', 'auth'] as const;

/** `url` as the keys that it stands for, of which none may be written next to it; `pop` leaves `tls` open. */
function withUrl(
  reading: Reading<AccountSettings>,
  above: readonly PropertyKey[],
  report: Report,
): AccountReading {
  const { url, ...values } = reading.values;
  if (url === undefined) {
    // One that is wrong would have said something: nothing is missing because of it.
    const ofUrl = new Set<string>(reading.written.has('url') ? OF_URL : []);
    return { ...reading, written: new Set([...reading.written, ...ofUrl]), ofUrl };
  }
  const said = Object.keys(url);
  for (const key of OF_URL) {
    if (said.includes(key) && reading.written.has(key))
      report([...above, key], `"url" says the ${key} already`);
  }
  const ofUrl = new Set([...said, 'tls'].filter((key) => !reading.written.has(key)));
  const written = new Set([...reading.written, ...ofUrl]);
  return { ...reading, values: { tls: 'starttls', ...values, ...url }, written, ofUrl };
}

/** What was read of an account, with the keys that its URL stands for. */
interface AccountReading extends Reading<AccountSettings> {
  readonly ofUrl: ReadonlySet<string>;
}

/** The account's own keys win; limits and timeouts are merged key by key. */
function mergeDefaults(name: string, own: AccountReading, defaults: AccountReading): AccountDraft {
  const settings: AccountSettings = {
    ...defaults.values,
    ...own.values,
    limits: { ...defaults.values.limits, ...own.values.limits },
    timeouts: { ...defaults.values.timeouts, ...own.values.timeouts },
  };
  return {
    name,
    settings,
    has: (key) => own.written.has(key) || defaults.written.has(key),
    keysOf: (key) => {
      const [reading, above] = own.written.has(key) ? [own, ['accounts', name]] : [defaults, ['defaults']];
      if (!reading.written.has(key)) return ['accounts', name];
      return [...above, reading.ofUrl.has(key) ? 'url' : key];
    },
  };
}

function join(keys: readonly PropertyKey[]): string {
  return keys.map((key) => withoutSecret(String(key))).join('.');
}
