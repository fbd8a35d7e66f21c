import { existsSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { createServer } from '../../src/pop3-server/index.ts';
import { runProgram, writeConfiguration } from '../support/program.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { pollInProcess } from './in-process.ts';
import { shortMessages } from './mail.ts';
import { concurrently, FULL } from './scale.ts';
import { type Deliver, MAILDIR, MBOX, whatIsWrong } from './stored.ts';

// Thousands of polls in which no power is lost: in memory their fsyncs cost nothing.
if (existsSync('/dev/shm')) process.env['TMPDIR'] = '/dev/shm';

const MAIL = shortMessages(20);

interface Run {
  readonly deliver: Deliver;
  readonly deletion: 'after-delivery' | 'never';
  /** Whether the server deletes what was marked when the line drops (against RFC 1939 §6, as some do). */
  readonly commit: boolean;
  readonly pipelining: boolean;
  /** Every so manieth octet in the whole matrix, and in the short form. */
  readonly steps: readonly [number, number];
}

const DEFAULTS: Omit<Run, 'commit' | 'steps'> = {
  deliver: MAILDIR,
  deletion: 'after-delivery',
  pipelining: true,
};

const RUNS: readonly (readonly [string, Run])[] = [
  ['a Maildir, deletions forgotten', { ...DEFAULTS, commit: false, steps: [1, 97] }],
  ['a Maildir, deletions committed', { ...DEFAULTS, commit: true, steps: [1, 97] }],
  ['a Maildir, without PIPELINING', { ...DEFAULTS, pipelining: false, commit: true, steps: [3, 197] }],
  ['a Maildir, delete: never', { ...DEFAULTS, deletion: 'never', commit: false, steps: [3, 197] }],
  ['an mbox, deletions committed', { ...DEFAULTS, deliver: MBOX, commit: true, steps: [11, 499] }],
  [
    'both at once, deletions forgotten',
    { ...DEFAULTS, deliver: [MAILDIR, MBOX], commit: false, steps: [11, 499] },
  ],
];

const SESSION_LIMIT = 1 << 20;

describe('I3: the server cuts the first session after its n-th octet, then polls to completion', () => {
  /** How many octets the server sends in a whole session, for each kind of run. */
  const sessions = new Map<Run, number>();

  beforeAll(async () => {
    for (const [, run] of RUNS) {
      let [fails, works] = [0, SESSION_LIMIT];
      while (works - fails > 1) {
        const middle = Math.floor((fails + works) / 2);
        await using trial = await startTrial(run, middle);
        if ((await pollInProcess(trial.folder)).outcome === 'ok') works = middle;
        else fails = middle;
      }
      sessions.set(run, works);
    }
  });

  it.for(RUNS)('%s', async ([, run], { task }) => {
    const octets = sessions.get(run) ?? 0;
    expect(octets).toBeGreaterThan(2000);
    const step = run.steps[FULL ? 0 : 1];
    const cuts = Array.from({ length: Math.ceil((octets + 1) / step) }, (_, index) => index * step);
    const wrong = await concurrently(cuts, async (afterOctets) => {
      await using trial = await startTrial(run, afterOctets);
      const { outcome } = await pollInProcess(trial.folder);
      const early = outcome === 'ok' && afterOctets < octets ? ['the first poll said ok'] : [];
      const end = isEndOf(trial, outcome !== 'failed') ? [] : [`${outcome}, ${trial.left()} left`];
      return [...early, ...end, ...(await trial.complete())].map(
        (text) => `${text}, cut after ${afterOctets}`,
      );
    });
    task.meta.figures = `${cuts.length} cuts in ${octets} octets`;
    expect(wrong.flat()).toEqual([]);
  });

  it('a sample of it through the program', async ({ task }) => {
    const octets = sessions.get(RUNS[0]![1]) ?? 0;
    const count = FULL ? 60 : 3;
    const cuts = Array.from({ length: count }, (_, index) => Math.floor(((index + 0.5) * octets) / count));
    const wrong = await concurrently(cuts, async (afterOctets) => {
      await using trial = await startTrial({ ...DEFAULTS, commit: afterOctets % 2 === 0 }, afterOctets);
      const { status } = await runProgram(['fetch', '--quiet'], { cwd: trial.folder });
      const isTold = status === 65 || status === 69;
      const exit = isTold && isEndOf(trial, status === 65) ? [] : [`exit ${status}, ${trial.left()} left`];
      return [...exit, ...(await trial.complete())].map((text) => `${text}, cut after ${afterOctets}`);
    });
    task.meta.figures = `${cuts.length} cuts`;
    expect(wrong.flat()).toEqual([]);
  });
});

/**
 * A line that is cut at a DELE costs one message its deletion, and the poll goes on; one that is cut elsewhere ends it, with all mail
 * on the server, or none where it was the answer to QUIT.
 */
function isEndOf(trial: Trial, wentOn: boolean): boolean {
  const left = trial.left();
  return trial.keeps || (wentOn ? left <= 1 : left === MAIL.length || left === 0);
}

interface Trial extends AsyncDisposable {
  readonly folder: string;
  /** Whether nothing is to be deleted. */
  readonly keeps: boolean;
  /** How many messages are on the server. */
  left(): number;
  /** Polls once more, which must do all that is left; what is wrong then. */
  complete(): Promise<string[]>;
}

async function startTrial(
  { deliver, deletion, commit, pipelining }: Omit<Run, 'steps'>,
  afterOctets: number,
): Promise<Trial> {
  const folder = await temporaryFolder();
  const server = await createServer({
    users: { alice: { password: 'secret', messages: MAIL } },
    without: pipelining ? [] : ['PIPELINING'],
    faults: [{ do: 'cut', afterOctets, commit, sessions: 1 }],
  });
  await writeConfiguration(folder.path, { port: server.address.port, deliver, delete: deletion });
  const left = (): number => server.maildrop('alice').messages.length;
  return {
    folder: folder.path,
    keeps: deletion === 'never',
    left,
    complete: async () => {
      const wrong: string[] = [];
      const { outcome, error } = await pollInProcess(folder.path);
      if (outcome !== 'ok') wrong.push(`the poll after it was ${outcome}: ${error?.message}`);
      const { fetched } = await pollInProcess(folder.path);
      if (fetched > 0) wrong.push(`${fetched} fetched by a third poll`);
      if (left() !== (deletion === 'never' ? MAIL.length : 0)) wrong.push(`${left()} messages on the server`);
      return [...wrong, ...(await whatIsWrong(folder.path, deliver, MAIL))];
    },
    [Symbol.asyncDispose]: async () => {
      await server.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}
