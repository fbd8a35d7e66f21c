import { expect, test } from 'vitest';
import { asMailError, MailError } from '../src/errors.ts';

/** Fails, and again when what it has opened is closed. */
async function failTwice(): Promise<never> {
  using _ = {
    [Symbol.dispose]: () => {
      throw new MailError('ledger', 'It cannot be closed either.');
    },
  };
  await using __ = {
    [Symbol.asyncDispose]: () => Promise.reject(new Error('EROFS: read-only file system, unlink')),
  };
  throw new MailError('destination-io', 'The file system is read-only.');
}

test('what has failed first is told, where closing what was opened fails as well', async () => {
  const thrown = await failTwice().catch((error: unknown) => error);
  expect(asMailError(thrown)).toMatchObject({
    code: 'destination-io',
    message: 'The file system is read-only.',
  });
});
