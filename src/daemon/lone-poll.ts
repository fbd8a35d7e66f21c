import type { AccountConfiguration } from '../config/configuration.ts';
import { asMailError, MailError } from '../errors.ts';
import { dayOf } from '../ledger/ledger.ts';
import type { PollControl } from '../poll/poll.ts';
import { notBegun } from '../poll/poll-all.ts';
import type { PollReport } from '../poll/report.ts';
import type { DaemonDeps } from './deps.ts';
import { Member } from './member.ts';
import { parseReport } from './status.ts';
import { isStillStopped, pollOnce } from './visit.ts';

export interface LonePoll {
  readonly control: PollControl;
  /** Whether somebody asked for just this account, and so for another login. */
  readonly named: boolean;
  /** Is told of the report where no poll was begun. */
  readonly notBegun: (report: PollReport) => void;
}

/**
 * Polls once where no daemon does, and heeds and keeps what a daemon would of refused logins, so that no number of these
 * gets the account locked either. Never raises for what the account suffers.
 */
export async function pollAlone(
  configuration: AccountConfiguration,
  { control, named, notBegun: tell }: LonePoll,
  deps: Pick<DaemonDeps, 'runtime' | 'poll' | 'ledger'>,
): Promise<PollReport> {
  const { account } = configuration;
  const { runtime, poll, ledger } = deps;
  try {
    const day = dayOf(runtime.now());
    const member = new Member(configuration, ledger.account(account.name), day);
    if (!named && (await isStillStopped(member, runtime.now()))) {
      const left = notBegun(account, leftAlone(member, day));
      tell(left);
      return left;
    }
    const before = JSON.stringify(member.standing);
    const { report, standing } = await pollOnce(member, control, { runtime, poll });
    // Other failures are a daemon's to count: it is the one that waits longer after each.
    const counts = report.outcome !== 'failed' || report.error?.code === 'login-refused';
    // What cannot be noted costs one more login at most; that the ledger has no room is in the report.
    if (counts && JSON.stringify(standing) !== before) await member.note(standing).catch(() => undefined);
    return report;
  } catch (thrown) {
    const failed = notBegun(account, asMailError(thrown));
    tell(failed);
    return failed;
  }
}

function leftAlone({ name, ledger }: Member, day: number): MailError {
  const hint = parseReport(ledger.summary(day).lastReport)?.error?.hint ?? undefined;
  return new MailError(
    'login-refused',
    'The login was refused so often that it is not tried any more, before the provider locks the account.',
    { hint: [hint, `To try it once more: mailferry fetch ${name}`].filter(Boolean).join(' ') },
  );
}
