import { describe, expect, test } from 'vitest';
import type { ListedMessage } from '../../../src/poll/listing.ts';
import type { Retrieval } from '../../../src/poll/plan.ts';
import { RetrievalWindow } from '../../../src/poll/retrieval/window.ts';
import type { MessageNumber } from '../../../src/pop3/types.ts';
import type { MessageBody, Transaction } from '../../../src/pop3-client/index.ts';
import { PIPELINE_COMMANDS, PIPELINE_OCTETS } from '../../../src/wire/limits.ts';

function retrievals(...octets: (number | undefined)[]): Retrieval[] {
  return octets.map((size, index) => {
    const number = (index + 1) as MessageNumber;
    const message: ListedMessage = { number, octets: size, uid: undefined, twin: false };
    return { action: 'retrieve', message, reason: 'new', record: undefined, alone: false };
  });
}

/** A session that answers each RETR with an empty body, and the commands that it got. */
function session(pipelining: boolean): { commands: string[]; session: Transaction } {
  const commands: string[] = [];
  const body: MessageBody = (async function* () {
    // No octets.
  })();
  const fake = {
    pipelining,
    retr: (number: MessageNumber) => {
      commands.push(`RETR ${number}`);
      return Promise.resolve(body);
    },
    noop: () => {
      commands.push('NOOP');
      return Promise.resolve();
    },
  };
  return { commands, session: fake as unknown as Transaction };
}

const HALF = PIPELINE_OCTETS / 2;

describe('RetrievalWindow', () => {
  test.each<[string, boolean, (number | undefined)[], string[]]>([
    ['one command where the server does not pipeline', false, [1, 1, 1], ['RETR 1']],
    ['as many octets as allowed', true, [HALF, HALF, 1, 1], ['RETR 1', 'RETR 2']],
    ['one that is too large alone', true, [PIPELINE_OCTETS * 3, 1], ['RETR 1']],
    ['none that is too large behind others', true, [1, PIPELINE_OCTETS * 3], ['RETR 1']],
    ['all of the small ones, and a proof behind them', true, [1, undefined], ['RETR 1', 'RETR 2', 'NOOP']],
  ])('sends %s before the first reply', async (_, pipelining, sizes, expected) => {
    const { commands, session: fake } = session(pipelining);
    await new RetrievalWindow(fake, retrievals(...sizes)).next();
    expect(commands).toEqual(expected);
  });

  // RFC 2449 §6.6 [pipelining-window]
  test('sends as many commands as allowed before the first reply', async () => {
    const { commands, session: fake } = session(true);
    await new RetrievalWindow(
      fake,
      retrievals(...Array.from({ length: PIPELINE_COMMANDS + 100 }, () => 1)),
    ).next();
    expect(commands).toHaveLength(PIPELINE_COMMANDS);
  });

  test.each([true, false])(
    'asks for all in order, then for one proof that the server is in step',
    async (pipelining) => {
      const { commands, session: fake } = session(pipelining);
      const window = new RetrievalWindow(fake, retrievals(HALF, HALF, HALF));
      const numbers: number[] = [];
      for (let arrival = await window.next(); arrival !== undefined; arrival = await window.next()) {
        numbers.push(arrival.retrieval.message.number);
      }
      expect(numbers).toEqual([1, 2, 3]);
      expect(commands).toEqual(['RETR 1', 'RETR 2', 'RETR 3', 'NOOP']);
      expect(window.unsent).toBe(0);
    },
  );

  test('asks for nothing more after a stop, and proves what has come', async () => {
    const { commands, session: fake } = session(false);
    const window = new RetrievalWindow(fake, retrievals(1, 1, 1));
    await window.next();
    window.stop();
    expect(await window.next()).toBeUndefined();
    expect(commands).toEqual(['RETR 1', 'NOOP']);
    expect(window.unsent).toBe(2);
  });

  test('asks nothing at all for nothing', async () => {
    const { commands, session: fake } = session(true);
    expect(await new RetrievalWindow(fake, []).next()).toBeUndefined();
    expect(commands).toEqual([]);
  });

  test.each<[string, number, boolean]>([
    ['tells of one that is under way', 1 - PIPELINE_COMMANDS, true],
    ['tells of one that came shortly before', PIPELINE_COMMANDS, true],
    ['does not tell of one that came long ago', PIPELINE_COMMANDS + 1, false],
    ['does not tell of one that was not asked for yet', -PIPELINE_COMMANDS, false],
  ])('the size of another message %s', async (_, distance, expected) => {
    const { session: fake } = session(true);
    const sizes = Array.from({ length: PIPELINE_COMMANDS * 3 }, () => 10);
    const at = PIPELINE_COMMANDS + 1;
    sizes[at - distance] = 20;
    const all = retrievals(...sizes);
    const window = new RetrievalWindow(fake, all);
    for (let come = 0; come <= at; come += 1) await window.next();
    expect(window.othersOfSize(all[at] as Retrieval, 20).length > 0).toBe(expected);
  });
});
