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

  test('says what it still waits for when all is here, since a server may take long to delete', () => {
    expect(progressLine({ ...STATE, carried: 300, received: 10_000_000 })).toMatch(/ ending the session$/);
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

interface Watched {
  readonly drawn: string[];
  readonly lines: string[];
  readonly runtime: FakeRuntime;
  readonly progress: Progress;
  /** What a person sees now, line by line. */
  readonly seen: () => readonly string[];
}

function watched(interactive = true, columns = 60): Watched {
  const drawn: string[] = [];
  const lines: string[] = [];
  const runtime = new FakeRuntime();
  runtime.advance(1_000_000);
  const terminal: Terminal = {
    out: () => undefined,
    err: (line) => void lines.push(line),
    style: (_, text) => text,
    colours: false,
    interactive,
    columns,
    draw: (text) => void drawn.push(text),
  };
  const progress = new Progress(terminal, runtime);
  return { drawn, lines, runtime, progress, seen: () => (drawn.at(-1) ?? '').split('\n') };
}

describe('Progress', () => {
  test('draws not more than ten times a second, within the columns of the terminal', () => {
    const { drawn, runtime, progress } = watched();
    progress.planned('work', 10, 10_000);
    for (let count = 0; count < 1000; count += 1) {
      runtime.advance(1);
      progress.received('work', 10);
    }
    const lines = drawn.filter((text) => !text.startsWith('\r'));
    expect(lines.length).toBeGreaterThan(8);
    expect(lines.length).toBeLessThan(12);
    for (const text of lines) expect(text.length).toBeLessThan(60);
  });

  test('is silent when there is nothing to do', () => {
    const { drawn, progress } = watched();
    progress.loggedIn('work');
    progress.planned('work', 0, 0);
    progress.carried('work');
    progress.tick();
    progress.clear();
    expect(drawn).toEqual([]);
  });

  test('where nobody watches, writes a plain line every half minute and draws nothing', () => {
    const { drawn, lines, runtime, progress } = watched(false);
    progress.planned('work', 10, 10_000);
    for (let second = 0; second < 65; second += 1) {
      runtime.advance(1000);
      progress.received('work', 100);
    }
    progress.clear();
    expect(drawn).toEqual([]);
    expect(lines).toEqual([
      '… 0 of 10 messages, 3.0 KB of 10.0 KB, 1:10 left',
      '… 0 of 10 messages, 6.0 KB of 10.0 KB, 40.0 s left',
    ]);
  });

  test('takes its lines away once', () => {
    const { drawn, progress } = watched();
    progress.planned('work', 10, 10_000);
    progress.clear();
    progress.clear();
    expect(drawn.slice(1)).toEqual(['\r\u001b[0J']);
  });

  test('adds up the accounts, and the sessions of each', () => {
    const { runtime, progress, seen } = watched(true, 100);
    progress.planned('work', 3, 3000);
    progress.planned('home', 1, 1000);
    for (let count = 0; count < 2; count += 1) {
      progress.received('work', 1000);
      progress.carried('work');
    }
    progress.planned('work', 1, 1000);
    runtime.advance(200);
    progress.received('work', 0);
    expect(seen()).toEqual([
      'work                  2/3 messages  2.0 KB',
      'home                  0/1 message  0 B',
      expect.stringContaining(' 50%  2/4 messages'),
    ]);
  });

  test('says what is waited for, and for how long', () => {
    const { runtime, progress, seen } = watched(true, 100);
    progress.planned('work', 3, 3000);
    progress.loggedIn('home');
    runtime.advance(4000);
    progress.received('work', 1);
    progress.tick();
    expect(seen().slice(0, 2)).toEqual([
      'work                  0/3 messages  1 B',
      'home                  waiting for the listing (4.0 s)',
    ]);
    runtime.advance(5000);
    progress.tick();
    expect(seen()[0]).toContain('waiting for the server (5.0 s)');
  });

  test('clears all rows of lines that a narrower terminal has wrapped', () => {
    const { drawn, progress } = watched(true, 40);
    progress.planned('work', 3, 3000);
    progress.clear();
    expect(drawn.at(-1)).toBe('\r\u001b[0J');
  });
});
