import { existsSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { requirePrograms } from '../support/programs.ts';
import { KINDS } from './chance/kinds.ts';
import { Story } from './chance/story.ts';
import { concurrently, FULL, SEED } from './scale.ts';

// No power is lost here: in memory the fsyncs of so many polls cost nothing.
if (existsSync('/dev/shm')) process.env['TMPDIR'] = '/dev/shm';

const STORIES = Number(process.env['MAILFERRY_TORTURE_STORIES'] ?? (FULL ? 300 : 4));

describe('I1: one trouble after the other, as chance has it, and then none', () => {
  beforeEach(requirePrograms('cc'));

  it.for(KINDS)('$name', async (kind, { task }) => {
    const seeds = Array.from({ length: STORIES }, (_, index) => SEED + index);
    const wrong = await concurrently(seeds, async (seed) => {
      await using story = await Story.begin(seed, kind);
      return await story.run();
    });
    task.meta.figures = `${seeds.length} stories from seed ${SEED}`;
    expect(wrong.flat()).toEqual([]);
  });
});
