import { describe, expect, test } from 'vitest';
import { Progress, progressLine } from '../../src/cli/progress.ts';
import type { Terminal } from '../../src/cli/terminal.ts';
import { FakeRuntime } from '../support/fake-runtime.ts';

const STATE = { messages: 300, octets: 10_000_000, carried: 120, received: 4_000_000, elapsedMs: 2000 };

describe('progressLine', () => {
  test('shows how far it is, how fast, and how long it takes', () => {
    expect(progressLine(STATE)).toBe(
      '██████████░░░░░░░░░░░░░░  40%  120/300 messages  4.0 MB  2.0 MB/s  3.0 s left',
    );
  });

  test.each<[string, Partial<typeof STATE>, string]>([
    [
      'nothing yet',
      { carried: 0, received: 0, elapsedMs: 0 },
      '░░░░░░░░░░░░░░░░░░░░░░░░   0%  0/300 messages',
    ],
    ['all of it', { carried: 300, received: 10_000_000 }, '████████████████████████ 100%  300/300 messages'],
    ['more octets than listed', { received: 99_000_000 }, '████████████████████████ 100%'],
    ['no octets listed', { octets: 0, carried: 150 }, '████████████░░░░░░░░░░░░  50%'],
    ['nothing planned', { octets: 0, messages: 0, carried: 0 }, '░░░░░░░░░░░░░░░░░░░░░░░░   0%'],
    ['nearly all', { received: 9_999_999 }, '████████████████████████  99%'],
  ])('makes sense of %s', (_, changes, beginning) => {
    const line = progressLine({ ...STATE, ...changes });
    expect(line.slice(0, beginning.length)).toBe(beginning);
    expect(line).not.toMatch(/NaN|Infinity|-/);
  });
});

function watched(interactive = true): { drawn: string[]; runtime: FakeRuntime; progress: Progress } {
  const drawn: string[] = [];
  const runtime = new FakeRuntime();
  runtime.advance(1_000_000);
  const terminal: Terminal = {
    out: () => undefined,
    err: () => undefined,
    style: (_, text) => text,
    colours: false,
    interactive,
    columns: 60,
    draw: (text) => void drawn.push(text),
  };
  return { drawn, runtime, progress: new Progress(terminal, runtime) };
}

describe('Progress', () => {
  test('draws not more than ten times a second, within the columns of the terminal', () => {
    const { drawn, runtime, progress } = watched();
    progress.planned('work', 10, 10_000);
    for (let count = 0; count < 1000; count += 1) {
      runtime.advance(1);
      progress.received('work', 10);
    }
    expect(drawn.length).toBeGreaterThan(8);
    expect(drawn.length).toBeLessThan(12);
    for (const text of drawn) expect(text.replace('\r\u001b[2K', '').length).toBeLessThan(60);
  });

  test('draws nothing where nobody watches, and nothing when there is nothing to do', () => {
    const unwatched = watched(false);
    unwatched.progress.planned('work', 10, 10_000);
    unwatched.progress.clear();
    const idle = watched();
    idle.progress.planned('work', 0, 0);
    idle.progress.carried('work');
    idle.progress.clear();
    expect([unwatched.drawn, idle.drawn]).toEqual([[], []]);
  });

  test('takes its line away once', () => {
    const { drawn, progress } = watched();
    progress.planned('work', 10, 10_000);
    progress.clear();
    progress.clear();
    expect(drawn.slice(1)).toEqual(['\r\u001b[2K']);
  });

  test('adds up the accounts, and the sessions of each', () => {
    const { drawn, runtime, progress } = watched();
    progress.planned('work', 3, 3000);
    progress.planned('home', 1, 1000);
    for (let count = 0; count < 2; count += 1) {
      progress.received('work', 1000);
      progress.carried('work');
    }
    progress.planned('work', 1, 1000);
    runtime.advance(200);
    progress.received('work', 0);
    expect(drawn.at(-1)).toContain(' 50%  2/4 messages');
  });
});
