import { setTimeout as wait } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { createServer } from '../../src/pop3-server/index.ts';
import { runProgram, startProgram, writeConfiguration } from '../support/program.ts';
import { requirePrograms } from '../support/programs.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { pollInProcess } from './in-process.ts';
import { type Call, type Interruption, runInterrupted, withoutFrames } from './interruption.ts';
import { fewMessages } from './mail.ts';
import { concurrently, FULL, SEED, seededRandom, slice } from './scale.ts';
import { DESTINATIONS, type Deliver, whatIsWrong } from './stored.ts';

type Deletion = 'after-delivery' | 'never' | { readonly after: string };

interface Run {
  readonly deliver: Deliver;
  readonly deletion: Deletion;
}

const DELETIONS: readonly Deletion[] = ['after-delivery', 'never', { after: '30m' }];
const RUNS = DESTINATIONS.flatMap(([name, deliver]) =>
  DELETIONS.map((deletion) => ({ name: `${name}, delete: ${JSON.stringify(deletion)}`, deliver, deletion })),
);

/** In one run of the short form. */
const SHORT_KILLS = 4;

/** Of so many kills one is followed by a poll of the program itself before those in this process. */
const BY_PROGRAM = 8;

describe('I3: SIGKILL at every call that writes, then polls to completion', () => {
  beforeEach(requirePrograms('cc'));

  it.for(slice(RUNS, 3))('$name', async ({ deliver, deletion }, { task }) => {
    const run = { deliver, deletion };
    const { calls } = await killed(run, { how: 'kill', at: 0 });
    expect(calls.length).toBeGreaterThan(100);
    const points = slice(interruptions(calls, deletion), SHORT_KILLS);
    const outcomes = await concurrently(points, (point) => killed(run, point));
    const wrong = outcomes.flatMap(({ wrong: what, calls: made }, index) => {
      const last = made.at(-1);
      return what.map(
        (text) => `${text} after ${JSON.stringify(points[index])} at ${last?.name} ${last?.path}`,
      );
    });
    const kills = outcomes.filter(({ signal }) => signal === 'SIGKILL').length;
    task.meta.figures = `${kills} kills among ${calls.length} calls`;
    expect(wrong).toEqual([]);
    expect(kills).toBeGreaterThan(points.length / 2);
  });
});

describe('I3: SIGKILL at random times, then polls to completion', () => {
  it.for(DESTINATIONS)('%s', async ([, deliver], { task }) => {
    const random = seededRandom(SEED);
    const times = Array.from({ length: FULL ? 60 : 1 }, () => 250 + random() * 500);
    const wrong = await concurrently(times, async (milliseconds) => {
      await using trial = await startTrial({ deliver, deletion: 'after-delivery' });
      const { process: child, ended } = startProgram(['fetch'], { cwd: trial.folder });
      await wait(milliseconds);
      child.kill('SIGKILL');
      await ended;
      return (await trial.complete()).map((text) => `${text} after ${milliseconds} ms of seed ${SEED}`);
    });
    task.meta.figures = `${times.length} kills, seed ${SEED}`;
    expect(wrong.flat()).toEqual([]);
  });
});

/** What to do at which call; in the less usual runs not at every write to the write-ahead log. */
function interruptions(calls: readonly Call[], deletion: Deletion): Interruption[] {
  const chosen = deletion === 'after-delivery' ? calls : withoutFrames(calls);
  return chosen.flatMap(({ ordinal, name, path }): Interruption[] => {
    if (!name.startsWith('pwrite')) return [{ how: 'kill', at: ordinal }];
    if (path.startsWith('state/')) return [{ how: ordinal % 2 === 0 ? 'kill' : 'torn', at: ordinal }];
    return [
      { how: 'kill', at: ordinal },
      { how: 'torn', at: ordinal },
    ];
  });
}

interface Outcome {
  readonly signal: NodeJS.Signals | null;
  readonly calls: readonly Call[];
  readonly wrong: readonly string[];
}

async function killed(run: Run, interruption: Interruption): Promise<Outcome> {
  await using trial = await startTrial(run);
  const { signal, calls } = await runInterrupted(['fetch'], trial.folder, interruption);
  return { signal, calls, wrong: await trial.complete(interruption.at % BY_PROGRAM === 0) };
}

interface Trial extends AsyncDisposable {
  readonly folder: string;
  /** Polls until nothing is left to do, three times at most; what is wrong then. */
  complete(byProgram?: boolean): Promise<string[]>;
}

/** A maildrop and a destination; with a retention also five messages that are due to be deleted. */
async function startTrial({ deliver, deletion }: Run): Promise<Trial> {
  const folder = await temporaryFolder();
  const old = typeof deletion === 'object' ? fewMessages(5, 100) : [];
  const fresh = fewMessages(10);
  const server = await createServer({ users: { alice: { password: 'secret', messages: old } } });
  await writeConfiguration(folder.path, { port: server.address.port, deliver, delete: deletion });
  if (old.length > 0) await pollInProcess(folder.path, -1);
  for (const message of fresh) server.maildrop('alice').add(message);

  const complete = async (byProgram = true): Promise<string[]> => {
    const wrong: string[] = [];
    const remaining = deletion === 'never' ? fresh.length : 0;
    for (let polls = 0; polls < 3; polls += 1) {
      if (byProgram) {
        const { status, stderr } = await runProgram(['fetch'], { cwd: folder.path });
        if (status !== 0) wrong.push(`a poll ended with ${status}: ${stderr}`);
      }
      // The clock runs ahead, so that every retention is over.
      const { outcome, error, skipped } = await pollInProcess(folder.path, 1 + polls);
      if (outcome !== 'ok') wrong.push(`a poll was not ok: ${error?.message}`);
      else if (skipped > 0) wrong.push(`a poll was ok, with ${skipped} messages left undone`);
      if (outcome === 'ok' && server.maildrop('alice').messages.length === remaining) break;
    }
    const { fetched } = await pollInProcess(folder.path, 4);
    if (fetched > 0) wrong.push(`${fetched} fetched again`);
    const left = server.maildrop('alice').messages.length;
    if (left !== remaining) wrong.push(`${left} messages on the server, not ${remaining}`);
    return [...wrong, ...(await whatIsWrong(folder.path, deliver, [...old, ...fresh]))];
  };
  return {
    folder: folder.path,
    complete,
    [Symbol.asyncDispose]: async () => {
      await server.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}
