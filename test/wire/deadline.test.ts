import { describe, expect, test } from 'vitest';
import { MailError } from '../../src/errors.ts';
import { abortReason, withDeadline } from '../../src/wire/deadline.ts';

const never = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('the echo of the abort')));
  });

describe('withDeadline', () => {
  test('gives the result of the work', async () => {
    expect(await withDeadline({ milliseconds: 1000, during: 'testing' }, () => Promise.resolve(7))).toBe(7);
  });

  test('gives the error of the work', async () => {
    const error = new Error('work');
    await expect(
      withDeadline({ milliseconds: 1000, during: 'testing' }, () => Promise.reject(error)),
    ).rejects.toBe(error);
  });

  test('raises its own reason when the budget is spent, not what the work says then', async () => {
    await expect(withDeadline({ milliseconds: 20, during: 'testing' }, never)).rejects.toMatchObject({
      code: 'timeout',
      message: 'No usable answer for 0.02 s while testing.',
    });
  });

  test('ends when the outer signal does, with its reason', async () => {
    const outer = new AbortController();
    const reason = new MailError('timeout', 'because');
    const work = withDeadline({ milliseconds: 10_000, during: 'testing', signal: outer.signal }, never);
    outer.abort(reason);
    await expect(work).rejects.toBe(reason);
  });

  test('does not begin the work when the outer signal is aborted already', async () => {
    let begun = false;
    const work = withDeadline({ milliseconds: 1000, during: 'testing', signal: AbortSignal.abort() }, () => {
      begun = true;
      return Promise.resolve();
    });
    await expect(work).rejects.toMatchObject({ code: 'aborted' });
    expect(begun).toBe(false);
  });

  test('leaves no listener at the outer signal', async () => {
    const outer = new AbortController();
    const listeners: unknown[] = [];
    outer.signal.addEventListener = (...[, listener]: unknown[]) => void listeners.push(listener);
    outer.signal.removeEventListener = (...[, listener]: unknown[]) =>
      void listeners.splice(listeners.indexOf(listener), 1);
    await withDeadline({ milliseconds: 1000, during: 'testing', signal: outer.signal }, () =>
      Promise.resolve(),
    );
    expect(listeners).toEqual([]);
  });
});

test('abortReason is an error of ours, whatever the reason was', () => {
  expect(abortReason(AbortSignal.abort('text')).code).toBe('aborted');
  expect(abortReason(undefined).code).toBe('aborted');
});
