import { constants } from 'node:os';

/**
 * What can go wrong, as stable codes that scripts may rely on. The exit status of each is in
 * `cli/exit-status.ts`; the order from harmless to severe is there too.
 */
export type ErrorCode =
  | 'message-refused'
  | 'message-damaged'
  | 'message-changed'
  | 'deletion-unconfirmed'
  | 'maildrop-busy'
  | 'login-delay'
  | 'server-temporary'
  | 'already-running'
  | 'after-mail-failed'
  | 'preconnect-failed'
  | 'unreachable'
  | 'timeout'
  | 'connection-lost'
  | 'protocol'
  | 'tls'
  | 'login-refused'
  | 'destination-locked'
  | 'destination-unusable'
  | 'destination-io'
  | 'disk-full'
  | 'ledger'
  | 'ledger-damaged'
  | 'ledger-lost'
  | 'secret-unavailable'
  | 'config'
  | 'usage'
  | 'aborted'
  | 'internal';

export interface MailErrorOptions {
  /** One sentence that says what to do about it. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

/**
 * The base of every error that Mailferry raises on purpose. `message` is one sentence that says what is wrong,
 * `hint` one that says what to do. Neither ever holds a secret (I5).
 */
export class MailError extends Error {
  /** What has gone wrong, for programs: it stays the same when the words change. */
  readonly code: ErrorCode;
  /** One sentence that says what to do about it, where that is known. */
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: MailErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.name = new.target.name;
    this.code = code;
    this.hint = options.hint;
  }
}

/** What a thrown value says, whatever it is. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/**
 * Any thrown value as a `MailError`; what is not one of ours is a bug of ours, and keeps its cause. Where something has failed, and
 * closing what was opened for it as well, it is the first of both that tells what is wrong.
 */
export function asMailError(thrown: unknown): MailError {
  if (thrown instanceof MailError) return thrown;
  if (isSuppressing(thrown)) return asMailError(thrown.suppressed);
  return new MailError('internal', `Unexpected error: ${messageOf(thrown)}`, {
    cause: thrown,
    hint: 'This is a bug in Mailferry; please report it with the output of --log-level debug.',
  });
}

/** What leaves a scope of `using` after two failures. Node 20 has no class for it. */
function isSuppressing(thrown: unknown): thrown is Error & { readonly suppressed: unknown } {
  return thrown instanceof Error && thrown.name === 'SuppressedError' && 'suppressed' in thrown;
}

/** The `code` of a system error (`ENOSPC`, `ECONNREFUSED`, …), or undefined. */
export function systemCode(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || !('code' in thrown)) return undefined;
  // Node has no name for this one, and calls it an unknown system error.
  if ('errno' in thrown && thrown.errno === -constants.errno.EDQUOT) return 'EDQUOT';
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}

/** For a promise's `catch`: that a file is not there is what was wanted; raises any other error. */
export function ignoreMissing(error: unknown): undefined {
  if (systemCode(error) !== 'ENOENT') throw error;
}

/** Resolves to undefined when `act` finds that a file or its folder is not there. */
export async function ifThere<T>(act: Promise<T>): Promise<T | undefined> {
  try {
    return await act;
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}
