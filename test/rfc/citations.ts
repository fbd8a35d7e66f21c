import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A test that says which requirement of an RFC it shows. */
export interface Citation {
  readonly rfc: number;
  readonly section: string;
  readonly name: string;
  /** The file, and what the test is called. */
  readonly file: string;
  readonly test: string;
}

const CITATION = /^[ \t]*\/\/ RFC (\d+) §([\d.]+) \[([^\]\n]*)\]/gm;
/** The name of a test: a string right behind a parenthesis, followed by the function. */
const TEST_NAME =
  /\(\s*(['"`])((?:\\.|(?!\1)[^\\])*)\1,\s*(?:\{[^}]*\},\s*)?(?:async\b|\(|function\b|\w+ =>|\w+\))/g;

/**
 * The citations in a test file. They are written right above a test, one a line, several names parted by commas:
 * `// RFC 1939 §5 [dele, dele-twice]`.
 */
export function citationsIn(file: string, text: string): Citation[] {
  return [...text.matchAll(CITATION)].flatMap((found) => {
    const [line, rfc = '', section = '', names = ''] = found;
    TEST_NAME.lastIndex = found.index + line.length;
    const test = TEST_NAME.exec(text)?.[2];
    if (test === undefined) return [];
    return names
      .split(',')
      .map((name) => ({ rfc: Number(rfc), section, name: name.trim(), file, test: unescaped(test) }));
  });
}

/** The citations in all tests. */
export function readCitations(): Citation[] {
  return readdirSync('test', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.startsWith('rfc/'))
    .sort()
    .flatMap((name) => citationsIn(join('test', name), readFileSync(join('test', name), 'utf8')));
}

function unescaped(text: string): string {
  return text.replaceAll(/\\(.)/g, '$1');
}
