import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { MailError } from '../../src/errors.ts';
import { Outbox, type UnsentNotice } from '../../src/notices/outbox.ts';
import type { NoticeTarget } from '../../src/notices/targets.ts';
import { Secret } from '../../src/secret.ts';

function notice(
  title: string,
  places?: readonly string[],
  left: UnsentNotice['left'] = () => undefined,
): UnsentNotice {
  return { notice: { kind: 'failing', account: 'a', title, text: '', bad: true, at: 0 }, places, left };
}
const url = (): Promise<Secret> => Promise.resolve(new Secret('http://x/'));
const WEBHOOK: NoticeTarget = { type: 'webhook', url };
const WEBHOOK_2: NoticeTarget = { type: 'webhook', url };
const NTFY: NoticeTarget = { type: 'ntfy', url, token: undefined };

const CLOSE_LIMIT_MS = 5000;

/** An outbox whose places fail as often as the test says, and whose pauses take no time. */
class Sent {
  readonly sent: string[] = [];
  readonly pauses: number[] = [];
  readonly troubles: string[] = [];
  failures = 0;
  /** Those that take nothing. */
  readonly broken = new Set<NoticeTarget>();
  /** Whether a pause lasts until something ends it. */
  untilWoken = false;
  /** Whether the end waits for as long as it takes. */
  patient = true;
  /** Holds back every sending until it resolves. */
  gate: Promise<void> = Promise.resolve();
  readonly outbox: Outbox;

  constructor(...targets: readonly NoticeTarget[]) {
    this.outbox = new Outbox(targets, {
      context: { hostName: 'h', env: {} },
      send: async (target, { title }) => {
        await this.gate;
        this.failures -= 1;
        if (this.failures >= 0 || this.broken.has(target)) throw new MailError('unreachable', 'No.');
        this.sent.push(`${target.type} ${title}`);
      },
      onTrouble: (message) => void this.troubles.push(message),
      pause: (milliseconds, signal) => {
        if (milliseconds === CLOSE_LIMIT_MS) {
          return new Promise((resolve) => {
            if (this.patient) signal.addEventListener('abort', () => resolve());
            else resolve();
          });
        }
        this.pauses.push(milliseconds);
        if (!this.untilWoken || signal.aborted) return Promise.resolve();
        return new Promise((resolve) => {
          signal.addEventListener('abort', () => resolve());
        });
      },
    });
  }

  /** Lets it work until that is so. */
  async woken(done: () => boolean): Promise<void> {
    while (!done()) await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('the outbox', () => {
  test('sends every notice to every place, in order', async () => {
    const it = new Sent(WEBHOOK, NTFY);
    for (const title of ['1', '2']) it.outbox.add(notice(title));
    await it.outbox.close();
    expect(it.sent.sort()).toEqual(['ntfy 1', 'ntfy 2', 'webhook 1', 'webhook 2']);
  });

  test('tries again after growing pauses, for a day, and then goes on with the next', async () => {
    const it = new Sent(WEBHOOK);
    it.failures = 27;
    it.outbox.add(notice('lost'));
    it.outbox.add(notice('next'));
    await it.woken(() => it.sent.length > 0);
    expect(it.pauses.slice(0, 4)).toEqual([10_000, 60_000, 600_000, 3_600_000]);
    expect(it.pauses.reduce((sum, pause) => sum + pause)).toBeGreaterThan(23 * 3_600_000);
    expect(it.sent).toEqual(['webhook next']);
    expect(it.troubles.at(-1)).toBe('A notice could not be sent by webhook: No. Given up.');
  });

  test('tries what waits once more when it is closed, and waits for nothing', async () => {
    const it = new Sent(WEBHOOK);
    it.failures = 1000;
    for (const title of ['1', '2']) it.outbox.add(notice(title));
    await it.outbox.close();
    expect(it.pauses.length).toBeLessThanOrEqual(1);
  });

  test('does not wait at the end for a place that does not answer, and says what is lost', async () => {
    const it = new Sent(WEBHOOK);
    it.patient = false;
    it.gate = once(new AbortController().signal, 'abort').then(() => undefined);
    for (const title of ['1', '2']) it.outbox.add(notice(title));
    await it.outbox.close();
    expect(it.sent).toEqual([]);
    expect(it.troubles).toHaveLength(2);
  });

  test('keeps no more than a hundred notices for a place that takes none', async () => {
    const it = new Sent(WEBHOOK);
    const gate = new AbortController();
    it.gate = once(gate.signal, 'abort').then(() => undefined);
    for (let count = 0; count < 150; count += 1) it.outbox.add(notice(String(count)));
    gate.abort();
    await it.outbox.close();
    expect(it.sent.length).toBeLessThanOrEqual(101);
    expect(it.sent).toContain('webhook 149');
    expect(it.troubles).toHaveLength(50);
  });

  test('sends to other places from a reload on', async () => {
    const it = new Sent(WEBHOOK);
    it.outbox.targets = [NTFY];
    it.outbox.add(notice('1'));
    await it.outbox.close();
    expect(it.sent).toEqual(['ntfy 1']);
  });

  test('sends what waits to where a place is now, at once and with new tries, once a reload has moved it', async () => {
    const it = new Sent(WEBHOOK, NTFY);
    it.broken.add(WEBHOOK);
    it.untilWoken = true;
    for (const title of ['1', '2']) it.outbox.add(notice(title));
    await it.woken(() => it.pauses.length === 1);
    it.outbox.targets = [WEBHOOK_2, NTFY];
    await it.woken(() => it.sent.length === 4);
    expect(it.pauses).toEqual([10_000]);
    expect(it.sent.sort()).toEqual(['ntfy 1', 'ntfy 2', 'webhook 1', 'webhook 2']);
  });

  test('gives up what waits for a place that is gone, and says so', async () => {
    const it = new Sent(WEBHOOK);
    it.broken.add(WEBHOOK);
    it.untilWoken = true;
    const left: (readonly string[])[] = [];
    it.outbox.add(notice('1', undefined, (places) => void left.push(places)));
    await it.woken(() => it.pauses.length === 1);
    it.outbox.targets = [NTFY];
    await it.outbox.close();
    expect([left, it.sent]).toEqual([[[]], []]);
    expect(it.troubles.at(-1)).toMatch(/by webhook: the configuration names it no longer\. Given up\.$/);
  });

  test('tells which places have not taken it yet, and sends it to those alone that are named', async () => {
    const it = new Sent(WEBHOOK, NTFY, WEBHOOK_2);
    const left: (readonly string[])[] = [];
    it.outbox.add(notice('1', ['webhook 2', 'ntfy 1'], (places) => void left.push(places)));
    await it.outbox.close();
    expect(it.sent.sort()).toEqual(['ntfy 1', 'webhook 1']);
    expect(left).toEqual([['webhook 2'], []]);
  });

  test('counts what nobody has taken when it is closed neither as taken nor as given up', async () => {
    const it = new Sent(WEBHOOK);
    it.failures = 1000;
    const left: (readonly string[])[] = [];
    it.outbox.add(notice('1', undefined, (places) => void left.push(places)));
    await it.outbox.close();
    expect(left).toEqual([]);
    expect(it.troubles.at(-1)).toMatch(/It is tried again at the next start\.$/);
  });

  test('is done at once with what no place wants', () => {
    const left: (readonly string[])[] = [];
    new Sent().outbox.add(notice('1', undefined, (places) => void left.push(places)));
    expect(left).toEqual([[]]);
  });
});
