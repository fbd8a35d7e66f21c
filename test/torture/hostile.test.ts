import { describe, expect, it } from 'vitest';
import { ENCRYPTION } from './hostile/encryption.ts';
import { LISTINGS } from './hostile/listings.ts';
import { MESSAGES } from './hostile/messages.ts';
import { hostilePage } from './hostile/page.ts';
import { play } from './hostile/play.ts';
import type { Scenario } from './hostile/scenario.ts';
import { SESSIONS } from './hostile/sessions.ts';
import { FULL } from './scale.ts';

const GROUPS: readonly (readonly [string, readonly Scenario[]])[] = [
  ['The session', SESSIONS],
  ['The listings', LISTINGS],
  ['The messages', MESSAGES],
  ['The encryption', ENCRYPTION],
];

/** In the short form the program runs for every so manieth scenario, the others run in this process. */
const BY_PROGRAM = 16;

describe('docs/hostile-servers.md', () => {
  it('says what the scenarios show', async () => {
    await expect(hostilePage(GROUPS)).toMatchFileSnapshot('../../docs/hostile-servers.md');
  });
});

describe.each(GROUPS)('%s: the server', (_, scenarios) => {
  for (const [index, scenario] of scenarios.entries()) {
    if (scenario.slow === true && !FULL) continue;
    it.concurrent(scenario.title, async ({ expect: expectHere, task }) => {
      const { outcome, gotPassword, wrong } = await play(scenario, FULL || index % BY_PROGRAM === 0);
      task.meta.figures = `exit ${outcome.status}, ${outcome.code ?? 'nothing wrong'}`;
      expectHere(wrong).toEqual([]);
      expectHere(outcome).toEqual({ polls: 1, ...scenario.outcome });
      if (scenario.noPassword === true) expectHere(gotPassword).toBe(false);
    });
  }
});
