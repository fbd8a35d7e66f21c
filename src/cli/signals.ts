import { setMaxListeners } from 'node:events';
import { constants } from 'node:os';
import type { PollControl } from '../poll/poll.ts';

/** How long what is under way may take after the first signal, in milliseconds. */
const GRACE_MS = 5000;

/** Turns SIGINT and SIGTERM into the end of polls; disposing it gives the signals back. */
export interface SignalControl extends PollControl, Disposable {
  /** 128 + the number of the signal that came, if one did. */
  readonly status: number | undefined;
}

let lastStatus: number | undefined;

/** 128 + the number of the signal that came last while polls were controlled; undefined when none did. */
export function signalStatus(): number | undefined {
  return lastStatus;
}

/** The first signal ends polls properly, the second one, or the end of the grace time, breaks them off. */
export function signalControl(): SignalControl {
  const stop = new AbortController();
  const abort = new AbortController();
  // Every poll under way listens to them.
  setMaxListeners(0, stop.signal, abort.signal);
  let status: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (stop.signal.aborted) abort.abort();
    status ??= 128 + constants.signals[signal];
    lastStatus = status;
    stop.abort();
    timer ??= setTimeout(() => abort.abort(), GRACE_MS).unref();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  return {
    stop: stop.signal,
    abort: abort.signal,
    get status() {
      return status;
    },
    [Symbol.dispose]: () => {
      clearTimeout(timer);
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    },
  };
}
