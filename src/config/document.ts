import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  visit,
  type YAMLError,
} from 'yaml';
import { type Problem } from './problem.ts';

/** A position in a text, both from 1. */
interface Place {
  readonly line: number;
  readonly column: number;
}

/** A configuration as plain values, which still knows where each of them was written. */
export interface ConfigurationDocument {
  readonly value: unknown;
  /** The place of the value at these keys, or of its key if it has parts or is empty; else of what is around it. */
  valueAt(keys: readonly PropertyKey[]): Place;
  /** The place of the key itself, the last of these. */
  keyAt(keys: readonly PropertyKey[]): Place;
}

/** No tags, keys as they are written, and errors as codes and positions. */
const DATA_ONLY = {
  resolveKnownTags: false,
  stringKeys: true,
  // It would compare each key of a map with all others; see `findFaults`.
  uniqueKeys: false,
  prettyErrors: false,
  logLevel: 'error',
} as const;

/** More would only be echoes of the first. */
const MAX_SYNTAX_PROBLEMS = 10;

/**
 * Reads YAML 1.2, and JSON as a part of it, as data only: no tags, no merging, no references to other files. Calls
 * `report` for each thing that is wrong, and returns undefined if there was any. The library's own messages may quote
 * the text, and the text may hold passwords, so that none of them is passed on (I5).
 */
export function readDocument(
  text: string,
  report: (problem: Problem) => void,
): ConfigurationDocument | undefined {
  const lines = new LineCounter();
  const place = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  let document: Document;
  let value: unknown;
  try {
    document = parseDocument(text, { ...DATA_ONLY, lineCounter: lines });
    const faults = findFaults(document);
    for (const [offset, message] of new Map(faults.slice(0, MAX_SYNTAX_PROBLEMS))) {
      report({ key: '', ...place(offset), message });
    }
    if (faults.length > 0) return undefined;
    value = document.toJS({ maxAliasCount: 100 });
  } catch {
    // Nesting that ends the stack, or aliases that multiply without end.
    report({
      key: '',
      line: 1,
      column: 1,
      message: 'the file is nested too deeply or repeats itself too often',
    });
    return undefined;
  }
  return {
    value,
    valueAt: (keys) => place(find(document, keys).value),
    keyAt: (keys) => place(find(document, keys).key),
  };
}

/** An offset, and what is wrong there. */
type Fault = readonly [number, string];

function findFaults(document: Document): readonly Fault[] {
  const broken = [
    ...document.errors,
    ...document.warnings.filter(({ code }) => code === 'TAG_RESOLVE_FAILED'),
  ];
  if (broken.length > 0) {
    return broken.map(({ pos, code }) => [pos[0], EXPLANATIONS[code]]);
  }
  const faults: Fault[] = [];
  visit(document, {
    Alias: (_, alias) => {
      const offset = alias.range?.[0] ?? 0;
      const [start, , end] = alias.resolve(document)?.range ?? [];
      if (start === undefined || end === undefined) {
        faults.push([offset, UNKNOWN_ALIAS]);
      } else if (start <= offset && offset < end) {
        faults.push([offset, 'this * stands for what it is part of']);
      }
    },
    Map: (_, { items }) => {
      const seen = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        if (seen.has(key.value)) faults.push([startOf(key) ?? 0, EXPLANATIONS.DUPLICATE_KEY]);
        seen.add(key.value);
      }
    },
    Pair: (_, { key }) => {
      // JavaScript gives this key a meaning of its own; as an account it would vanish in silence (I9).
      if (isScalar(key) && key.value === '__proto__') {
        faults.push([startOf(key) ?? 0, 'this key cannot be used; choose another name']);
      }
    },
  });
  return faults;
}

/** Offsets of the key and the value at the end of the path, as far as it exists. */
function find(document: Document, keys: readonly PropertyKey[]): { key: number; value: number } {
  let node: unknown = document.contents;
  let key = startOf(node) ?? 0;
  let value = key;
  for (const segment of keys) {
    // A value that was written elsewhere and is only referred to: its inside has its own place.
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair: Pair | undefined = node.items.find(
        (item) => isScalar(item.key) && item.key.value === segment,
      );
      if (pair === undefined) return { key, value: key };
      key = startOf(pair.key) ?? key;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(segment)];
      key = startOf(node) ?? key;
    } else {
      break;
    }
    value = isAtom(node) ? (startOf(node) ?? key) : key;
  }
  return { key, value };
}

/** What is better found by its own place than by that of its key: neither a whole mapping or list, nor nothing at all. */
function isAtom(node: unknown): boolean {
  return isAlias(node) || (isScalar(node) && node.source !== '');
}

function startOf(node: unknown): number | undefined {
  if (!isScalar(node) && !isMap(node) && !isSeq(node) && !isAlias(node)) return undefined;
  return (node satisfies Node).range?.[0];
}

const QUOTE_TAG = 'tags are not used here; put text that begins with ! or & in quotes';
const QUOTE_KEY =
  'this cannot be a key: a line is indented too far, or text with a colon and a space in it needs quotes';
const MISPLACED = 'this does not belong here; text with special characters must be in quotes';
const UNKNOWN_ALIAS =
  'this * stands for a name set with & before, and there is none; put text that begins with * in quotes';

const EXPLANATIONS: Readonly<Record<YAMLError['code'], string>> = {
  ALIAS_PROPS: UNKNOWN_ALIAS,
  BAD_ALIAS: UNKNOWN_ALIAS,
  BAD_COLLECTION_TYPE: QUOTE_TAG,
  BAD_DIRECTIVE: MISPLACED,
  BAD_DQ_ESCAPE: 'this backslash has no meaning within double quotes; use single quotes, or write it twice',
  BAD_INDENT: 'the indentation does not fit the lines around it, or a bracket is not closed',
  BAD_PROP_ORDER: QUOTE_TAG,
  BAD_SCALAR_START: 'text cannot begin with this character; put it in quotes',
  BLOCK_AS_IMPLICIT_KEY: QUOTE_KEY,
  BLOCK_IN_FLOW: MISPLACED,
  DUPLICATE_KEY: 'this key is already there above; keep one of the two',
  IMPOSSIBLE: MISPLACED,
  KEY_OVER_1024_CHARS: QUOTE_KEY,
  MISSING_CHAR: 'something is missing here: a quote, a bracket, a comma, or a colon and a space',
  MULTILINE_IMPLICIT_KEY: QUOTE_KEY,
  MULTIPLE_ANCHORS: QUOTE_TAG,
  MULTIPLE_DOCS: 'a second document begins here; one file holds one configuration',
  MULTIPLE_TAGS: QUOTE_TAG,
  NON_STRING_KEY: 'a key must be plain text',
  RESOURCE_EXHAUSTION: 'the file is nested too deeply',
  TAB_AS_INDENT: 'a tab cannot indent; use spaces',
  TAG_RESOLVE_FAILED: QUOTE_TAG,
  UNEXPECTED_TOKEN: MISPLACED,
};
