import type { Destination } from '../../src/delivery/destination.ts';
import { type ErrorCode, MailError } from '../../src/errors.ts';
import { destinationWith } from './ferry.ts';

/** A destination that takes every message, and keeps none. */
export function refusing(destination: Destination, code: ErrorCode = 'disk-full'): Destination {
  const commit = (): Promise<never> => Promise.reject(new MailError(code, 'It takes no mail.'));
  return destinationWith(destination, { begin: () => ({ ...destination.begin(), commit }) });
}
