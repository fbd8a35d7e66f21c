import type * as z from 'zod';
import { kindOf, quoted } from './found.ts';
import { nearest } from './nearest.ts';
import { otherWord, switchesChecksOff } from './other-words.ts';

/** What is wrong at some keys below the value that was read. */
export interface Fault {
  readonly keys: readonly PropertyKey[];
  /** The place is that of the key, not of its value. */
  readonly ofKey: boolean;
  readonly message: string;
}

/** A mapping, as far as it is right. */
export interface Reading<T> {
  readonly values: Partial<T>;
  /** Every known key that was written, also where its value is wrong. */
  readonly written: ReadonlySet<string>;
  readonly faults: readonly Fault[];
}

type Fields<T> = { readonly [K in keyof T]-?: () => z.ZodType };
type Issue = z.core.$ZodIssue;

/** Reads each key by itself, so that one that is wrong hides nothing else. `others` are known keys that are left alone. */
export function readMapping<T>(
  fields: Fields<T>,
  value: unknown,
  others: readonly string[] = [],
): Reading<T> {
  const values: Record<string, unknown> = {};
  const written = new Set<string>();
  if (!isMapping(value)) {
    const message = `expected a mapping of keys, found ${kindOf(value)}`;
    return { values: {}, written, faults: [{ keys: [], ofKey: false, message }] };
  }
  const faults: Fault[] = [];
  const table = new Map<string, () => z.ZodType>(Object.entries(fields));
  const known = [...table.keys(), ...others];
  for (const [key, raw] of Object.entries(value)) {
    const field = table.get(key);
    if (known.includes(key)) written.add(key);
    else faults.push(unknownKey([], key, known));
    if (field === undefined) continue;
    // A check is used for one file, so that code made for it would never pay.
    const result = field().safeParse(raw, { jitless: true });
    if (result.success) values[key] = result.data;
    else faults.push(...result.error.issues.flatMap((issue) => faultsOf(issue, [key])));
  }
  return { values: values as Partial<T>, written, faults };
}

/** True for what a mapping of the file became. */
export function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function faultsOf(issue: Issue, above: readonly PropertyKey[]): readonly Fault[] {
  const keys = [...above, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => unknownKey(keys, key, issue.message.split(' ')));
  }
  if (issue.code === 'invalid_union') {
    // The forms of a value differ in kind (text, mapping, list). Where one fits in kind, only its faults are of interest.
    const fitting = issue.errors.filter((branch) => !branch.some(isOfOtherKind));
    const [only] = fitting;
    if (fitting.length === 1 && only !== undefined) return only.flatMap((inner) => faultsOf(inner, keys));
  }
  return [{ keys, ofKey: false, message: issue.message }];
}

function isOfOtherKind(issue: Issue): boolean {
  return issue.path.length === 0 && (issue.code === 'invalid_type' || issue.code === 'invalid_value');
}

function unknownKey(above: readonly PropertyKey[], key: string, known: readonly string[]): Fault {
  const suggestion = otherWord(key, known) ?? nearest(key, known);
  const remedy =
    suggestion === undefined
      ? `known here: ${known.join(', ')}`
      : `${switchesChecksOff(key) ? 'certificates are always checked; ' : ''}did you mean ${quoted(suggestion)}?`;
  return { keys: [...above, key], ofKey: true, message: `unknown key ${quoted(key)}; ${remedy}` };
}
