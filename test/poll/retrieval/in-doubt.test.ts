import type { FileHandle } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { Destination } from '../../../src/delivery/destination.ts';
import { HandedOver, MaybeTaken } from '../../../src/delivery/handed-over/handed-over.ts';
import { Ferry, killedBeforeRecording, mail, serve } from '../ferry.ts';
import { AFTER_DELIVERY } from '../policies.ts';

/** Somebody who takes mail and can tell, when in doubt, what he has taken; once he takes a message and does not say so. */
class Keeper {
  readonly taken: string[] = [];
  /** Of the message of which he does not say that he has taken it. */
  silentOf: string | undefined;
  #isDoubted = false;

  readonly doubt = (): void => {
    this.#isDoubted = true;
  };

  readonly take = async (_: unknown, file: FileHandle): Promise<string> => {
    const message = await file.readFile('utf8');
    if (!(this.#isDoubted && this.taken.includes(message))) this.taken.push(message);
    if (this.silentOf === undefined || !message.includes(this.silentOf)) return message;
    throw new MaybeTaken('destination-locked', 'The line broke before the answer.');
  };

  /** A poll opens its destinations anew, with no doubt. */
  open(ferry: Ferry): readonly Destination[] {
    this.#isDoubted = false;
    const spoolPath = (): string => ferry.folder.at('state', '.spool');
    return [new HandedOver({ name: 'mda:keeper', lineEndings: 'as-received', spoolPath, taker: this })];
  }
}

const MESSAGES = ['one', 'two', 'three'].map((name) => mail(name));

async function ferryTo(address: { host: string; port: number }, keeper: Keeper): Promise<Ferry> {
  const ferry = await Ferry.to(address, { account: AFTER_DELIVERY, destinations: ['mda'] });
  ferry.wrapDestinations = () => keeper.open(ferry);
  return ferry;
}

const once = [...MESSAGES].sort();

describe('I3: a message that may have been taken is there once', () => {
  test('though a limit keeps the next poll from it, since it is tried last', async () => {
    await using server = await serve(...MESSAGES);
    const keeper = new Keeper();
    await using ferry = await ferryTo(server.address, keeper);
    keeper.silentOf = 'one';
    expect(await ferry.poll()).toMatchObject({ outcome: 'failed', fetched: 0 });
    keeper.silentOf = undefined;
    const limits = { ...ferry.account.limits, messagesPerPoll: 2 };
    expect(await ferry.poll({ limits })).toMatchObject({ outcome: 'ok', fetched: 2, skipped: 1 });
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', deleted: 1 });
    expect(keeper.taken.sort()).toEqual(once);
  });

  test('though the server does not give it to the next poll', async () => {
    await using server = await serve(...MESSAGES);
    const keeper = new Keeper();
    await using ferry = await ferryTo(server.address, keeper);
    ferry.wrapLedger = killedBeforeRecording;
    await ferry.poll();
    ferry.wrapLedger = (ledger) => ledger;
    await ferry.restart();
    expect(keeper.taken).toEqual([MESSAGES[0]]);
    server.setFaults([{ do: 'refuse', command: 'RETR', messages: [1], text: 'not now' }]);
    expect(await ferry.poll()).toMatchObject({ outcome: 'partial', deleted: 2, skipped: 1 });
    server.setFaults([]);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', deleted: 1 });
    expect(keeper.taken.sort()).toEqual(once);
  });
});

test('a message that is too large leaves no doubt about those that come later', async () => {
  await using server = await serve(...MESSAGES, mail('four', 'four '.repeat(500)));
  const keeper = new Keeper();
  await using ferry = await ferryTo(server.address, keeper);
  const limits = { ...ferry.account.limits, messageOctets: 1000 };
  expect(await ferry.poll({ limits })).toMatchObject({ outcome: 'ok', fetched: 3, tooLarge: 1 });
  expect(await ferry.ledger.openPoll()).toMatchObject({ inDoubt: false });
});
