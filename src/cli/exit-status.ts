import type { ErrorCode } from '../errors.ts';

/** The exit status of each error, by sysexits (documented in the README; scripts rely on it). */
const STATUS: Readonly<Record<ErrorCode, number>> = {
  'message-refused': 65,
  'message-damaged': 65,
  'message-changed': 65,
  'deletion-unconfirmed': 65,
  'maildrop-busy': 75,
  'login-delay': 75,
  'server-temporary': 75,
  'already-running': 75,
  'destination-locked': 75,
  'after-mail-failed': 75,
  'preconnect-failed': 69,
  unreachable: 69,
  timeout: 69,
  'connection-lost': 69,
  protocol: 76,
  tls: 76,
  'login-refused': 77,
  'destination-unusable': 73,
  'destination-io': 74,
  'disk-full': 74,
  ledger: 74,
  'ledger-damaged': 74,
  'ledger-lost': 74,
  'secret-unavailable': 78,
  config: 78,
  usage: 64,
  aborted: 75,
  internal: 70,
};

/** From harmless to severe. */
const SEVERITY = [0, 65, 75, 69, 76, 77, 73, 74, 78, 64, 70];

/** What the statuses mean, for `--help`. */
export const EXIT_STATUS_HELP = `
Exit status (the worst over all accounts):
  0   every account polled, every message handled; also when nothing was new
  65  some messages could not be carried; the rest are safe
  75  try later: maildrop or mbox in use, login delay, another Mailferry at
      work; or all mail is safe, and the afterMail command failed
  69  server not reached, or it stopped answering; preconnect failed
  76  server broke the protocol, or TLS could not be verified
  77  login refused
  73  destination cannot be created or opened
  74  destination cannot be written: disk full or failing
  78  configuration wrong
  64  command line wrong
  70  a bug of ours
Ended by a signal: 128 + its number.`;

/** The exit status for an error. */
export function statusOf(code: ErrorCode): number {
  return STATUS[code];
}

/** The worst of several exit statuses. */
export function worstStatus(statuses: readonly number[]): number {
  return statuses.reduce((worst, it) => (SEVERITY.indexOf(it) > SEVERITY.indexOf(worst) ? it : worst), 0);
}
