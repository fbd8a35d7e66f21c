import { expect, test, vi } from 'vitest';
import { SESSION_MESSAGES } from '../../../src/poll/limits.ts';
import { Ferry, mail, storedAll } from '../ferry.ts';
import { AFTER_DELIVERY } from '../policies.ts';
import { patientServer } from './patient-server.ts';

// So many as a session really takes would be 25,000 files and deletions.
vi.mock(import('../../../src/poll/limits.ts'), async (original) => ({
  ...(await original()),
  SESSION_MESSAGES: 50 as never,
}));

test('I9: a full session is not called fine where the server wants time between two logins', async () => {
  const messages = Array.from({ length: SESSION_MESSAGES + 20 }, (_, index) => mail(`${index}`));
  await using server = await patientServer(messages);
  await using ferry = await Ferry.to(server, { account: AFTER_DELIVERY });
  expect(await ferry.poll()).toMatchObject({
    outcome: 'partial',
    fetched: SESSION_MESSAGES,
    skipped: 20,
    error: { code: 'login-delay' },
  });
  expect(ferry.takeCommands().filter((line) => line === 'STAT')).toHaveLength(1);
  ferry.runtime.advance(60_000);
  expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 20, skipped: 0 });
  expect(await ferry.mail()).toEqual(storedAll(...messages));
});
