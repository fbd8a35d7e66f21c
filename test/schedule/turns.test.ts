import { describe, expect, test } from 'vitest';
import { type Turn, Turns } from '../../src/schedule/turns.ts';

/** Asks for turns that last until they are let go. */
class Asked {
  readonly begun: string[] = [];
  readonly turns: Turns;
  readonly #ends = new Map<string, () => void>();

  constructor(accounts: number, perHost: number) {
    this.turns = new Turns({ accounts, perHost });
  }

  ask(name: string, more: Partial<Turn> = {}): void {
    void this.turns.run({ host: name.slice(0, 1), ...more }, async () => {
      this.begun.push(name);
      await new Promise<void>((resolve) => this.#ends.set(name, resolve));
    });
  }

  async end(name: string): Promise<void> {
    this.#ends.get(name)?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('turns', () => {
  test('are never all for one host, which may hang', async () => {
    const asked = new Asked(3, 3);
    for (const name of ['a1', 'a2', 'a3', 'b1', 'c1']) asked.ask(name);
    await asked.end('b1');
    expect(asked.begun).toEqual(['a1', 'a2', 'b1', 'c1']);
    expect([asked.turns.running, asked.turns.waiting]).toEqual([3, 1]);
  });

  test('come in the order in which they were asked for, the urgent ones first', async () => {
    const asked = new Asked(1, 1);
    for (const name of ['a', 'b', 'c']) asked.ask(name);
    for (const name of ['x', 'y']) asked.ask(name, { urgent: true });
    for (const name of ['a', 'x', 'y', 'b', 'c']) await asked.end(name);
    expect(asked.begun).toEqual(['a', 'x', 'y', 'b', 'c']);
  });

  test('go round the hosts that wait, so that one with many accounts does not hold up the others', async () => {
    const asked = new Asked(1, 1);
    for (const name of ['a1', 'a2', 'a3', 'b1', 'c1']) asked.ask(name);
    for (const name of ['a1', 'a2', 'b1', 'c1', 'a3']) await asked.end(name);
    expect(asked.begun).toEqual(['a1', 'a2', 'b1', 'c1', 'a3']);
  });

  test('leave half of the places to hosts that answer, however many do not', () => {
    const asked = new Asked(4, 4);
    for (const name of ['a', 'b', 'c', 'd']) asked.ask(name, { suspect: true });
    for (const name of ['e', 'f', 'g']) asked.ask(name);
    expect(asked.begun).toEqual(['a', 'b', 'e', 'f']);
  });

  test('come first for whom somebody waits', async () => {
    const asked = new Asked(1, 1);
    for (const name of ['a', 'b']) asked.ask(name);
    asked.ask('c', { urgent: true });
    await asked.end('a');
    await asked.end('c');
    expect(asked.begun).toEqual(['a', 'c', 'b']);
  });

  test('begin at once when more of them are allowed', () => {
    const asked = new Asked(1, 1);
    for (const name of ['a', 'b']) asked.ask(name);
    asked.turns.limits = { accounts: 2, perHost: 1 };
    expect(asked.begun).toEqual(['a', 'b']);
  });

  test('free their place also when they fail, and give the error to who asked', async () => {
    const { turns } = new Asked(1, 1);
    await expect(turns.run({ host: 'a' }, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await expect(turns.run({ host: 'a' }, () => Promise.resolve(1))).resolves.toBe(1);
  });
});
