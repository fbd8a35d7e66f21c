import type { Decision } from '../../poll/plan.ts';

type Reason = Decision['reason'];

/** Why a poll would do what it would do, for a row of a preview. */
export const REASON_WORDS: Readonly<Record<Reason, string>> = {
  new: 'new',
  again: 'tried before, or not at all destinations yet',
  compare: 'its unique-id does not tell whether it was carried; its content will',
  short: 'it was stored shorter than listed; should it come whole by now, it is stored once more',
  carried: 'counted as carried already',
  'too-large': 'larger than limits.messageSize',
  quarantined: 'failed too often',
  failed: 'failed just now',
  later: 'over a limit of one poll',
};

/** The same for one message, as the rest of a sentence. */
export const REASON_SENTENCES: Readonly<Record<Reason, string>> = {
  new: 'the ledger does not know its unique-id',
  again: 'an earlier attempt did not end well, or not all places have it yet',
  compare: 'its unique-id does not tell whether it was carried; its content will',
  short: 'it was stored shorter than listed; should it come whole by now, it is stored once more',
  carried: 'it counts as carried already',
  'too-large': 'it is larger than limits.messageSize',
  quarantined: 'it failed too often',
  failed: 'it failed just now',
  later: 'a limit of one poll is reached before its turn; a later poll takes it',
};
