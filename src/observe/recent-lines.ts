/** How many lines, and how many characters in all of them, are kept for whoever asks later. */
const KEPT_LINES = 1000;
const KEPT_CHARACTERS = 1_000_000;

/** The last lines of the log, and those who follow it. */
export class RecentLines {
  readonly #lines: string[] = [];
  #characters = 0;
  readonly #followers = new Set<(line: string) => void>();

  /** Takes one line, with its end. */
  readonly add = (line: string): void => {
    this.#lines.push(line);
    this.#characters += line.length;
    while (this.#lines.length > KEPT_LINES || this.#characters > KEPT_CHARACTERS) {
      this.#characters -= this.#lines.shift()?.length ?? 0;
    }
    for (const follow of this.#followers) follow(line);
  };

  last(count: number): readonly string[] {
    return count === 0 ? [] : this.#lines.slice(-count);
  }

  /** Gives every line from now on to `follow`, until the signal comes. */
  follow(follow: (line: string) => void, until: AbortSignal): void {
    if (until.aborted) return;
    this.#followers.add(follow);
    until.addEventListener('abort', () => this.#followers.delete(follow), { once: true });
  }
}
