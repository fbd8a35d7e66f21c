import { describe, expect, test } from 'vitest';
import type { Account } from '../../src/poll/account.ts';
import { pollAll } from '../../src/poll/poll-all.ts';
import { type PollReport, Tally } from '../../src/poll/report.ts';
import { NO_TIMINGS } from '../../src/poll/timings.ts';

const account = (name: string, host: string): Account => ({ name, host }) as Account;
const report = ({ name }: Account): PollReport =>
  new Tally().report(name, { durationMs: 0, timings: NO_TIMINGS });
const NEVER = { stop: new AbortController().signal, abort: new AbortController().signal };

/** Polls that each last until they are let go; the most that ran at a time, in all and per host. */
class Polls {
  readonly begun: string[] = [];
  most = 0;
  readonly mostOf: Map<string, number> = new Map();
  readonly #running: Account[] = [];
  readonly #gates = new Map<string, () => void>();

  readonly poll = async (one: Account): Promise<PollReport> => {
    this.begun.push(one.name);
    this.#running.push(one);
    this.most = Math.max(this.most, this.#running.length);
    const ofHost = this.#running.filter(({ host }) => host === one.host).length;
    this.mostOf.set(one.host, Math.max(this.mostOf.get(one.host) ?? 0, ofHost));
    await new Promise<void>((resolve) => this.#gates.set(one.name, resolve));
    this.#running.splice(this.#running.indexOf(one), 1);
    return report(one);
  };

  async finish(name: string): Promise<void> {
    this.#gates.get(name)?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('pollAll', () => {
  test('reports in the order of the accounts, however they end', async () => {
    const polls = new Polls();
    const accounts = ['a', 'b', 'c'].map((name) => account(name, name));
    const all = pollAll(accounts, polls.poll, { concurrency: { accounts: 16, perHost: 4 }, control: NEVER });
    for (const name of ['c', 'a', 'b']) await polls.finish(name);
    expect((await all).map((it) => it.account)).toEqual(['a', 'b', 'c']);
  });

  test('polls as many as allowed at a time, in all and of one host', async () => {
    const polls = new Polls();
    const accounts = Array.from({ length: 30 }, (_, index) => account(`${index}`, `host${index % 3}`));
    const all = pollAll(accounts, polls.poll, { concurrency: { accounts: 5, perHost: 2 }, control: NEVER });
    for (let turn = 0; turn < 30; turn += 1) await polls.finish(polls.begun[turn] ?? '');
    expect(await all).toHaveLength(30);
    expect(polls.most).toBe(5);
    expect(Math.max(...polls.mostOf.values())).toBe(2);
    expect(new Set(polls.begun).size).toBe(30);
  });

  test('does not let a host that hangs hold up the others', async () => {
    const polls = new Polls();
    const accounts = [
      ...['a1', 'a2', 'a3'].map((name) => account(name, 'a')),
      account('b', 'b'),
      account('c', 'c'),
    ];
    const all = pollAll(accounts, polls.poll, { concurrency: { accounts: 2, perHost: 1 }, control: NEVER });
    await polls.finish('b');
    await polls.finish('c');
    expect(polls.begun).toEqual(['a1', 'b', 'c']);
    for (const name of ['a1', 'a2', 'a3']) await polls.finish(name);
    expect(await all).toHaveLength(5);
  });

  test('begins nothing after a stop, and says so of each', async () => {
    const stop = new AbortController();
    const polls = new Polls();
    const accounts = ['a', 'b', 'c'].map((name) => account(name, name));
    const control = { ...NEVER, stop: stop.signal };
    const all = pollAll(accounts, polls.poll, { concurrency: { accounts: 1, perHost: 1 }, control });
    stop.abort();
    await polls.finish('a');
    expect(await all).toMatchObject([
      { account: 'a', outcome: 'ok' },
      { account: 'b', outcome: 'failed', error: { code: 'aborted' } },
      { account: 'c', outcome: 'failed', error: { code: 'aborted' } },
    ]);
    expect(polls.begun).toEqual(['a']);
  });

  test('of no accounts is nothing', async () => {
    const all = pollAll([], new Polls().poll, { concurrency: { accounts: 16, perHost: 4 }, control: NEVER });
    expect(await all).toEqual([]);
  });
});
