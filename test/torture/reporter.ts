import type { SerializedError } from 'vitest';
import type { Reporter, TestCase, TestModule } from 'vitest/node';

declare module 'vitest' {
  interface TaskMeta {
    /** What a scenario counted, as shown behind its name. */
    figures?: string;
  }
}

const MARKS: Readonly<Record<string, string>> = { passed: 'ok  ', failed: 'FAIL', skipped: 'skip' };

/** One line per scenario, what went wrong below it, and totals at the end. */
// oxlint-disable-next-line import/no-default-export -- vitest takes reporters so
export default class ScenarioReporter implements Reporter {
  readonly #began = performance.now();
  readonly #counts = new Map<string, number>();

  onTestCaseResult(test: TestCase): void {
    const result = test.result();
    this.#counts.set(result.state, (this.#counts.get(result.state) ?? 0) + 1);
    const { figures } = test.meta();
    const note = result.state === 'skipped' ? result.note : figures;
    const seconds = ((test.diagnostic()?.duration ?? 0) / 1000).toFixed(1);
    say(
      `${MARKS[result.state] ?? '?   '} ${test.fullName}${note === undefined ? '' : `: ${note}`} (${seconds} s)`,
    );
    for (const { message, diff } of result.errors ?? []) say(indented(diff ?? message));
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const errors = [...unhandled, ...modules.flatMap((module) => module.errors())];
    for (const { message, stack } of errors) say(indented(stack ?? message));
    const counts = [...this.#counts].map(([state, count]) => `${count} ${state}`).join(', ');
    const minutes = ((performance.now() - this.#began) / 60_000).toFixed(1);
    say(
      `\n${counts || 'nothing ran'}${errors.length > 0 ? `, ${errors.length} errors` : ''}; ${minutes} min`,
    );
  }
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, '     ');
}
