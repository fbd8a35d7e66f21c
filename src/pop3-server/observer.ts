import { MailError, messageOf } from '../errors.ts';
import type { Observe, ServerEvent } from './events.ts';

/**
 * Hands events to `observe`, and keeps what that raises: an expectation of a test that fails there must neither vanish
 * nor end anything but its session.
 */
export class Observer {
  readonly #observe: Observe;
  #raised: { readonly error: unknown } | undefined;

  constructor(observe: Observe) {
    this.#observe = observe;
  }

  /** Never raises: gives the reason to end the session that the event is about, where `observe` has raised something. */
  tell(event: ServerEvent): MailError | undefined {
    try {
      this.#observe(event);
      return undefined;
    } catch (cause) {
      this.#raised ??= { error: cause };
      return raisedIn(event, cause);
    }
  }

  /** Raises what `observe` has raised first, as it is, if it was not raised here before. */
  raiseOnce(): void {
    const raised = this.#raised;
    this.#raised = undefined;
    // oxlint-disable-next-line typescript/only-throw-error -- what it raised is what a test wants to see
    if (raised !== undefined) throw raised.error;
  }
}

function raisedIn({ kind }: ServerEvent, cause: unknown): MailError {
  return new MailError('usage', `The function "observe" raised an error at "${kind}": ${messageOf(cause)}`, {
    cause,
    hint: 'Mend what it says; closing the server raises the same error.',
  });
}
