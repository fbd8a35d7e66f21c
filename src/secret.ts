/** The environment of a program: without these variables, which hold the password of some account (I5). */
export function withoutSecrets(
  env: Readonly<Record<string, string | undefined>>,
  withheld: ReadonlySet<string>,
): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !withheld.has(name)));
}

/**
 * A value that must never be seen (I5). Whatever prints, formats, logs or serialises it gets `[secret]` or nothing; only
 * `reveal`, called where the value goes onto the wire, gives it out.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value itself: for where it goes out, and nowhere else. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }
}
