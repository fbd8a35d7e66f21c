import type { AccountConfiguration } from '../config/configuration.ts';
import { asMailError, MailError } from '../errors.ts';
import { dayOf } from '../ledger/ledger.ts';
import type { PollControl } from '../poll/poll.ts';
import { notBegun } from '../poll/poll-all.ts';
import type { PollReport } from '../poll/report.ts';
import { countFromNow } from './after-mail.ts';
import type { DaemonDeps } from './deps.ts';
import { Member } from './member.ts';
import { isStillStopped, pollOnce } from './poll-member.ts';
import type { Standing } from './standing.ts';
import { parseReport } from './status.ts';

export interface LonePoll {
  readonly control: PollControl;
  /** Whether somebody asked for just this account now, and so for another login. */
  readonly insists: boolean;
  /** Is told of the report where no poll was begun. */
  readonly notBegun: (report: PollReport) => void;
}

/** One login a day locks no account, and nobody may be there to say that the server has been mended. */
const AGAIN_MS = 86_400_000;

/**
 * Polls once without a daemon. Heeds and keeps what a daemon would of refused logins, so that no number of these polls gets
 * the account locked, either. Never raises for what the account runs into.
 */
export async function pollAlone(
  configuration: AccountConfiguration,
  { control, insists, notBegun: tell }: LonePoll,
  deps: Pick<DaemonDeps, 'runtime' | 'poll' | 'ledger'>,
): Promise<PollReport> {
  const { account } = configuration;
  const { runtime, poll, ledger } = deps;
  try {
    const day = dayOf(runtime.now());
    const member = new Member(configuration, ledger.account(account.name), day);
    const now = runtime.now();
    if (!insists && (await isStillStopped(member, now, control.stop)) && !isDueAgain(member.standing, now)) {
      const left = notBegun(account, leftAlone(member, day));
      tell(left);
      return left;
    }
    await countFromNow(member, now);
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

function isDueAgain({ notBefore = 0 }: Standing, now: number): boolean {
  // Far ahead, it was noted before the clock was set back.
  return Math.abs(now - notBefore) >= AGAIN_MS;
}

function leftAlone({ name, ledger }: Member, day: number): MailError {
  const hint = parseReport(ledger.summary(day).lastReport)?.error?.hint ?? undefined;
  return new MailError(
    'login-refused',
    'The login was refused so often that it is tried only once a day, before the provider locks the account.',
    { hint: [hint, `To try it now: mailferry fetch ${name}`].filter(Boolean).join(' ') },
  );
}
