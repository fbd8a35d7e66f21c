import type { AccountConfiguration } from '../config/configuration.ts';
import type { Account } from '../poll/account.ts';
import type { PollControl } from '../poll/poll.ts';
import type { PollReport } from '../poll/report.ts';
import { randomShare } from '../runtime.ts';
import type { Secret } from '../secret.ts';
import { countDelivered, countFromNow } from './after-mail.ts';
import type { DaemonDeps } from './deps.ts';
import type { Member } from './member.ts';
import { afterPoll, isStopped, keyOf, renewed, type Standing, saltOf } from './standing.ts';

/** Polls once, and notes what follows for the next time. */
export async function pollMember(
  member: Member,
  control: PollControl,
  { runtime, poll, log }: Pick<DaemonDeps, 'runtime' | 'poll' | 'log'>,
): Promise<PollReport> {
  await countFromNow(member, runtime.now());
  const { report, standing } = await pollOnce(member, control, { runtime, poll });
  const now = runtime.now();
  member.lastPollAt = now;
  member.lastReport = report;
  if (report.outcome !== 'failed') {
    member.lastSuccessAt = now;
    member.owedAt = undefined;
  }
  countDelivered(member, now);
  await member.note({ ...standing, loginDelayMs: member.facts?.loginDelayMs ?? standing.loginDelayMs });
  if (isStopped(standing)) {
    log('warn', 'Login refused; it is not tried any more until something changes.', member.name);
  }
  return report;
}

/** Polls once. Gives also what follows for the next time, which is not noted yet. */
export async function pollOnce(
  member: Member,
  control: PollControl,
  { runtime, poll }: Pick<DaemonDeps, 'runtime' | 'poll'>,
): Promise<{ readonly report: PollReport; readonly standing: Standing }> {
  const account = await withRenewed(member.configuration);
  const { refusedKey } = member.standing;
  const salt = refusedKey === undefined ? runtime.randomHex(8) : saltOf(refusedKey);
  let key: string | undefined;
  const password = async (signal?: AbortSignal): Promise<Secret> => {
    const secret = await account.password(signal);
    key = keyOf(account, secret, salt);
    return secret;
  };
  const report = await poll({ ...member.configuration, account: { ...account, password } }, control);
  const chance = randomShare(runtime);
  return { report, standing: afterPoll(member.standing, { report, key, now: runtime.now(), chance }) };
}

/** A certificate that somebody has renewed on disk counts at once, as a changed password does. */
async function withRenewed({ account, renewed: files }: AccountConfiguration): Promise<Account> {
  const ca = (await files?.anchors?.()) ?? account.ca;
  const clientCertificate = (await files?.own?.()) ?? account.line.clientCertificate;
  return { ...account, ca, line: { ...account.line, clientCertificate } };
}

/**
 * Whether a stopped account stays stopped. Only its password is fetched: if that, or its server, is another one, the account
 * is tried again. Raises what fetching the password raises; `stop` ends the wait for it.
 */
export async function isStillStopped(member: Member, now: number, stop: AbortSignal): Promise<boolean> {
  const { standing } = member;
  if (!isStopped(standing)) return false;
  if (standing.refusedKey !== undefined && !(await hasOtherPassword(member, stop))) return true;
  const again = renewed(member.standing, now);
  if (again === undefined) return true;
  await member.note(again);
  return false;
}

/**
 * Whether a login would use something else than the one that was refused; false where that is not known. Raises what
 * fetching the password raises; `stop` ends the wait for it.
 */
export async function hasOtherPassword(
  { standing: { refusedKey }, configuration: { account } }: Member,
  stop: AbortSignal,
): Promise<boolean> {
  if (refusedKey === undefined) return false;
  const secret = await account.password(stop);
  return keyOf(account, secret, saltOf(refusedKey)) !== refusedKey;
}
