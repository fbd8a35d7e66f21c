/** A value as Python writes it. */
export type PythonValue = string | number | boolean | null | readonly PythonValue[];

const STRING = /^[rRuUbB]{0,2}(?:'((?:[^'\\]|\\[^])*)'|"((?:[^"\\]|\\[^])*)")/;
const NUMBER = /^-?\d+/;
const NAMES: Readonly<Record<string, PythonValue>> = { True: true, False: false, None: null };

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  '\\': '\\',
  "'": "'",
  '"': '"',
};

/**
 * Reads a literal of Python as data: texts, whole numbers, True, False, None, and tuples or lists of these. Undefined
 * for anything else: getmail runs such values as code, and we never do.
 */
export function readPythonLiteral(text: string): PythonValue | undefined {
  const reader = new Reader(text);
  const value = reader.sequence('');
  return reader.failed ? undefined : value;
}

class Reader {
  #rest: string;
  failed = false;

  constructor(text: string) {
    this.#rest = text;
  }

  /** Values separated by commas, up to `end`; one without a comma is that value itself, as in Python. */
  sequence(end: string): PythonValue {
    const values: PythonValue[] = [];
    let commas = 0;
    for (;;) {
      this.#skipBlank();
      if (end === '' ? this.#rest === '' : this.#rest.startsWith(end)) break;
      if (this.failed || this.#rest === '') return this.#fail();
      if (values.length > commas) return this.#fail();
      values.push(this.#value());
      this.#skipBlank();
      if (this.#rest.startsWith(',')) {
        this.#rest = this.#rest.slice(1);
        commas += 1;
      }
    }
    this.#rest = this.#rest.slice(end.length);
    const [only] = values;
    if (values.length === 1 && commas === 0 && end !== ']' && only !== undefined) return only;
    return values.length === 0 && end === '' ? this.#fail() : values;
  }

  #value(): PythonValue {
    const [open] = this.#rest;
    if (open === '(' || open === '[') {
      this.#rest = this.#rest.slice(1);
      return this.sequence(open === '(' ? ')' : ']');
    }
    const number = NUMBER.exec(this.#rest)?.[0];
    if (number !== undefined) return Number(this.#take(number));
    const name = /^[A-Za-z]+(?!['"A-Za-z])/.exec(this.#rest)?.[0];
    if (name !== undefined && name in NAMES) return NAMES[this.#take(name)] ?? null;
    return this.#text();
  }

  /** Texts that follow one another are one. */
  #text(): PythonValue {
    let text = '';
    let count = 0;
    for (let found = STRING.exec(this.#rest); found !== null; found = STRING.exec(this.#rest)) {
      const [whole, single, double] = found;
      const inside = single ?? double ?? '';
      const raw = /^[uUbB]?[rR]/.test(whole);
      text += raw ? inside : inside.replaceAll(/\\([^])/g, (both, letter: string) => ESCAPES[letter] ?? both);
      this.#take(whole);
      this.#skipBlank();
      count += 1;
    }
    return count === 0 ? this.#fail() : text;
  }

  #take(text: string): string {
    this.#rest = this.#rest.slice(text.length);
    return text;
  }

  /** Blanks, and comments up to the end of their line. */
  #skipBlank(): void {
    this.#rest = this.#rest.replace(/^(?:\s+|#[^\n]*)+/, '');
  }

  #fail(): PythonValue {
    this.failed = true;
    this.#rest = '';
    return null;
  }
}
