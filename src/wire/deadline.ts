import { MailError } from '../errors.ts';
import { timedOut, WireError } from './errors.ts';

export interface DeadlineOptions {
  readonly milliseconds: number;
  /** Completes "No usable answer … while". */
  readonly during: string;
  /** Whoever may end the work from outside. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs `work` under one budget, however many phases it has. The signal it gets is aborted, with the error to
 * raise as its reason, when the budget is spent or the outer signal is aborted.
 */
export async function withDeadline<T>(
  { milliseconds, during, signal }: DeadlineOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(abortReason(signal));
  const timer = setTimeout(() => controller.abort(timedOut(during, milliseconds)), milliseconds);
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted === true) onAbort();
  try {
    controller.signal.throwIfAborted();
    return await work(controller.signal);
  } catch (error) {
    // What the work reports after that is only the echo of the abort.
    controller.signal.throwIfAborted();
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}

/** Why a signal was aborted, as an error of ours. */
export function abortReason(signal: AbortSignal | undefined): MailError {
  if (signal?.reason instanceof MailError) return signal.reason;
  // One that ends a session, so that what it ends has the reason of the signal as its cause, and not this.
  return new WireError('aborted', 'Stopped on request.', {
    hint: 'What was already safe stays safe; the next poll goes on from there.',
    cause: signal?.reason,
  });
}

/** Raises why a signal was aborted, where it was. */
export function throwIfStopped(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw abortReason(signal);
}

/** What a connection ends with when this was the reason. */
export function asWireError(reason: unknown): WireError {
  if (reason instanceof WireError) return reason;
  const { code, message, hint } = reason instanceof MailError ? reason : abortReason(undefined);
  return new WireError(code, message, { hint, cause: reason });
}
