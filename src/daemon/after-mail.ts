import type { AfterMail } from '../config/configuration.ts';
import { asMailError, type MailError } from '../errors.ts';
import { dayOf } from '../ledger/ledger.ts';
import { reportedError } from '../poll/report.ts';
import { randomShare } from '../runtime.ts';
import { pauseAfter } from '../schedule/back-off.ts';
import type { DaemonDeps } from './deps.ts';
import type { Member } from './member.ts';

/** A command that is owed to accounts, in the order of the configuration, and how many messages have come for them. */
export interface OwedCommand {
  /** The same for all accounts that name the same command. May hold a secret, as the command may: never shown (I5). */
  readonly id: string;
  readonly afterMail: AfterMail;
  readonly members: readonly Member[];
  readonly messages: number;
}

/** The commands that are owed to these accounts: each once, however many name it. */
export function owedCommands(members: Iterable<Member>): readonly OwedCommand[] {
  const owed = new Map<string, OwedCommand>();
  for (const member of members) {
    const { afterMail } = member.configuration;
    if (afterMail === undefined || member.untold === 0) continue;
    const id = idOf(afterMail);
    const known = owed.get(id);
    owed.set(id, {
      id,
      // They may name different limits for it.
      afterMail:
        known !== undefined && known.afterMail.limitMs > afterMail.limitMs ? known.afterMail : afterMail,
      members: [...(known?.members ?? []), member],
      messages: (known?.messages ?? 0) + member.untold,
    });
  }
  return [...owed.values()];
}

function idOf({ command }: AfterMail): string {
  return JSON.stringify(command);
}

/**
 * Notes before a poll from where on mail counts as new for the command of its account. That is in the ledger, as the
 * messages are: neither a kill nor a failure loses the command that is owed for them.
 */
export async function countFromNow(member: Member, now: number): Promise<void> {
  const isWanted = member.configuration.afterMail !== undefined;
  if (isWanted === (member.standing.told !== undefined)) return;
  try {
    member.delivered = deliveredBy(member, now);
    const told = isWanted ? member.delivered : undefined;
    await member.note({ ...member.standing, told, afterMailTrouble: undefined });
  } catch {
    // That the ledger has no room, or is gone, is for the poll to say.
  }
}

/** Counts after a poll what has been delivered by then. */
export function countDelivered(member: Member, now: number): void {
  if (member.standing.told !== undefined) member.delivered = deliveredBy(member, now);
}

function deliveredBy({ ledger }: Member, now: number): number {
  return ledger.summary(dayOf(now)).delivered.messages;
}

interface OwedRun extends Pick<DaemonDeps, 'log'> {
  readonly stop: AbortSignal;
  /** Whether a member is still the one that its account is known by: another one may have noted something since. */
  readonly isCurrent?: ((member: Member) => boolean) | undefined;
}

/**
 * Runs a command, and notes for its accounts how it went. Resolves to what went wrong, if anything did; that is `aborted`
 * where `stop` has ended the command, which stays owed as it was. Never rejects.
 */
export async function runOwed(
  { afterMail, members, messages }: OwedCommand,
  { stop, log, isCurrent = () => true }: OwedRun,
): Promise<MailError | undefined> {
  // What comes while it runs, it may not have seen.
  const delivered = new Map(members.map((member) => [member, member.delivered]));
  const accounts = members.map(({ name }) => name);
  const { said = '', error } = await afterMail.run({ accounts, messages }, stop).then(
    (text) => ({ said: text, error: undefined }),
    (thrown: unknown) => ({ said: undefined, error: asMailError(thrown) }),
  );
  if (error?.code === 'aborted') return error;
  if (error === undefined) {
    const heard = said === '' ? '' : ` It said: ${said}`;
    log('info', `The afterMail command has run for ${accounts.join(', ')}.${heard}`);
  }
  for (const [member, told] of delivered) {
    if (!isCurrent(member)) continue;
    const { standing } = member;
    const failures = (standing.afterMailTrouble?.failures ?? 0) + 1;
    const noted = member.note(
      error === undefined
        ? { ...standing, told, afterMailTrouble: undefined }
        : { ...standing, afterMailTrouble: { failures, error: reportedError(error) } },
    );
    await noted.catch((thrown: unknown) => log('warn', asMailError(thrown).message, member.name));
  }
  return error;
}

export interface AfterMailDeps
  extends Pick<DaemonDeps, 'runtime' | 'log'>,
    Required<Pick<OwedRun, 'isCurrent'>> {
  /** Ends what runs. */
  readonly abort: AbortSignal;
  /** A command has ended, well or not. */
  readonly ended: (members: readonly Member[]) => void;
}

/**
 * The commands after mail of a daemon. No command runs twice at the same time; for mail that came while it ran, it runs once
 * more. One that fails is left alone for longer each time.
 */
export class AfterMailCommands {
  readonly #deps: AfterMailDeps;
  readonly #running = new Map<string, Promise<void>>();
  /** Until when commands that have failed are left alone, by the clock that never jumps. */
  readonly #resting = new Map<string, number>();

  constructor(deps: AfterMailDeps) {
    this.#deps = deps;
  }

  /** Begins what is owed, as far as it does not run yet. */
  look(members: Iterable<Member>): void {
    const now = this.#deps.runtime.monotonic();
    for (const owed of owedCommands(members)) {
      if (this.#running.has(owed.id) || (this.#resting.get(owed.id) ?? now) > now) continue;
      this.#running.set(owed.id, this.#run(owed));
    }
  }

  /** Tries again at once what has failed: somebody may have mended it. */
  forgive(): void {
    this.#resting.clear();
  }

  /** Resolves when none runs any more. */
  async ended(): Promise<void> {
    await Promise.all(this.#running.values());
  }

  async #run(owed: OwedCommand): Promise<void> {
    const { runtime, log, abort, isCurrent, ended } = this.#deps;
    const error = await runOwed(owed, { stop: abort, log, isCurrent });
    this.#running.delete(owed.id);
    this.#resting.delete(owed.id);
    if (error !== undefined && error.code !== 'aborted') {
      const failures = Math.max(
        ...owed.members.map(({ standing }) => standing.afterMailTrouble?.failures ?? 1),
      );
      const chance = randomShare(runtime);
      this.#resting.set(owed.id, runtime.monotonic() + pauseAfter({ failures, refused: false }, chance));
      const names = owed.members.map(({ name }) => name).join(', ');
      log('warn', `${error.message} (${names}) ${error.hint ?? ''}`.trim());
    }
    ended(owed.members);
  }
}
