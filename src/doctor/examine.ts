import { stoppable } from '../app.ts';
import type { AccountConfiguration, Configuration } from '../config/configuration.ts';
import { providerOfHost } from '../config/providers.ts';
import { octetsText } from '../config/size.ts';
import { askDaemon } from '../daemon/control-client.ts';
import { asMailError, type MailError } from '../errors.ts';
import { SqliteLedger } from '../ledger/sqlite-ledger.ts';
import { takeListing } from '../poll/listing.ts';
import { retrievalsOf } from '../poll/plan.ts';
import type { PollControl } from '../poll/poll.ts';
import { type Preview, previewAccount } from '../poll/preview.ts';
import type { Transaction } from '../pop3-client/transaction.ts';
import type { Runtime } from '../runtime.ts';
import { formatDuration } from '../schedule/duration.ts';
import { countText } from '../wire/text.ts';
import { examineDestination, examineStateFolder } from './places.ts';
import { examineCommand } from './program.ts';
import { examineSession, type OpenSession } from './session.ts';
import { doubtful, type Examination, good, type Step, wrong } from './step.ts';

export interface ExaminationTools {
  readonly open: OpenSession;
  readonly control: PollControl;
  readonly runtime: Runtime;
}

/**
 * Looks at everything that a poll of these accounts needs, in the order in which a poll needs it, and stops at the
 * first thing of each account that is wrong. Sends neither RETR nor DELE. Never raises for what it finds.
 */
export async function examine(
  configuration: Configuration,
  accounts: readonly AccountConfiguration[],
  tools: ExaminationTools & { readonly onDone: (examination: Examination) => void },
): Promise<readonly Examination[]> {
  const ledger = await openLedger(configuration.stateDir, tools.runtime);
  try {
    const done: Examination[] = [];
    for (const account of accounts) {
      const steps = await examineAccount(account, { ...tools, ledger, configuration });
      const examination = {
        account: account.account.name,
        healthy: steps.every(({ state }) => state !== 'wrong'),
        steps,
      };
      tools.onDone(examination);
      done.push(examination);
    }
    return done;
  } finally {
    ledger.readable?.close();
  }
}

/** The ledger as far as it can be had: to own, or only to look at while another process owns it. */
interface OpenedLedger {
  readonly readable: SqliteLedger | undefined;
  /** Why it cannot be owned, if it cannot. */
  readonly refusal: MailError | undefined;
}

async function openLedger(stateDir: string, runtime: Runtime): Promise<OpenedLedger> {
  try {
    return { readable: await SqliteLedger.open(stateDir, runtime), refusal: undefined };
  } catch (thrown) {
    const refusal = asMailError(thrown);
    if (refusal.code !== 'already-running') return { readable: undefined, refusal };
    return openBeside(stateDir, runtime, refusal);
  }
}

function openBeside(stateDir: string, runtime: Runtime, refusal: MailError): OpenedLedger {
  try {
    return { readable: SqliteLedger.openToRead(stateDir, runtime), refusal };
  } catch (thrown) {
    return { readable: undefined, refusal: asMailError(thrown) };
  }
}

/** A daemon that is at work with the ledger is as it should be; anybody else is in the way. */
async function examineLedger({ refusal }: OpenedLedger, { stateDir, daemon }: Configuration): Promise<Step> {
  if (refusal === undefined) return examineStateFolder(stateDir);
  if (refusal.code !== 'already-running') return wrong('ledger', refusal);
  try {
    const answer = await askDaemon(daemon.controlSocket, { method: 'GET', path: '/status' });
    return answer === undefined
      ? wrong('ledger', refusal)
      : good('ledger', `the daemon is at work with ${stateDir}`);
  } catch (stuck) {
    return wrong('ledger', asMailError(stuck));
  }
}

async function examineAccount(
  configured: AccountConfiguration,
  {
    ledger,
    configuration,
    ...tools
  }: ExaminationTools & { readonly ledger: OpenedLedger; readonly configuration: Configuration },
): Promise<readonly Step[]> {
  const { open, control, runtime } = tools;
  const account = stoppable(configured.account, control);
  const { steps: sessionSteps, session } = await examineSession(account, {
    open,
    signal: control.abort,
    runtime,
  });
  const steps = [...sessionSteps];
  if (session === undefined) return steps;
  const capabilities = session.capabilities;
  const known = ledger.readable;
  const listing = await examineListing(account, { session, ledger: known, ...tools });
  const refusal = listing.steps.find(({ state }) => state === 'wrong');
  if (refusal !== undefined && refusal.step !== 'destination') return [...steps, ...listing.steps];
  if (refusal === undefined) steps.push(...listing.steps);
  for (const settings of account.destinations) {
    const step = await examineDestination(settings, {
      account: account.name,
      runtime,
      ledger: known?.account(account.name),
      octets: listing.octets,
    });
    steps.push(step);
    if (step.state === 'wrong') return steps;
  }
  if (refusal !== undefined) return [...steps, refusal];
  steps.push(await examineLedger(ledger, configuration));
  if (steps.at(-1)?.state === 'wrong') return steps;
  const loginDelay = Number(capabilities?.get('LOGIN-DELAY')?.[0] ?? 0) * 1000;
  steps.push(scheduleStep(configured, { loginDelay, now: runtime.now() }));
  const { afterMail } = configured;
  if (afterMail !== undefined)
    steps.push(
      (await examineCommand('afterMail', afterMail)) ??
        good('afterMail', 'the command was not run; it is when mail has come'),
    );
  return steps;
}

async function examineListing(
  account: AccountConfiguration['account'],
  {
    session,
    ledger,
    control,
    runtime,
  }: ExaminationTools & { readonly session: Transaction; readonly ledger: SqliteLedger | undefined },
): Promise<{ steps: readonly Step[]; octets: number }> {
  try {
    if (ledger === undefined) {
      const { messages, hasUniqueIds } = await takeListing(session);
      await session.quit();
      return { steps: [listingStep(messages.length, hasUniqueIds)], octets: 0 };
    }
    const deps = {
      runtime,
      ledgerOf: (name: string) => ledger.account(name),
      openSession: () => Promise.resolve(session),
    };
    const preview = await previewAccount(account, deps, control);
    const { decisions } = preview;
    const hasUniqueIds = decisions.length === 0 || decisions.some(({ message }) => message.uid !== undefined);
    const octets = retrievalsOf(decisions).reduce((sum, { message }) => sum + (message.octets ?? 0), 0);
    return { steps: [listingStep(decisions.length, hasUniqueIds), planStep(preview, octets)], octets };
  } catch (thrown) {
    const error = asMailError(thrown);
    // The plan of an account that the ledger does not know depends on what stands at its destinations.
    const step = error.code.startsWith('destination-') ? 'destination' : 'listing';
    return { steps: [wrong(step, error)], octets: 0 };
  } finally {
    await session.close();
  }
}

function listingStep(messages: number, hasUniqueIds: boolean): Step {
  const found = countText(messages, 'message');
  if (hasUniqueIds) return good('listing', found);
  return doubtful(
    'listing',
    `${found}, without unique-ids`,
    'Each poll downloads all of them to see which are new; "delete: after-delivery" avoids that.',
  );
}

function planStep({ decisions, deletions, deletesRetrieved }: Preview, octets: number): Step {
  const retrievals = retrievalsOf(decisions).length;
  const deleted = deletions.size + (deletesRetrieved ? retrievals : 0);
  return good(
    'plan',
    `a poll would carry ${countText(retrievals, 'message')} (${octetsText(octets)}) and delete ${deleted.toLocaleString('en-US')} on the server`,
  );
}

function scheduleStep(
  { account, schedule }: AccountConfiguration,
  { loginDelay, now }: { loginDelay: number; now: number },
): Step {
  const first = schedule.next(new Date(now));
  const gap = schedule.next(first).getTime() - first.getTime();
  const provider = providerOfHost(account.host);
  const least = Math.max(loginDelay, (provider?.minimumMinutes ?? 0) * 60_000);
  const found = `${schedule.text}; next ${first.toLocaleString('sv-SE')}`;
  if (gap >= least) return good('schedule', found);
  const who = loginDelay >= least ? 'the server' : (provider?.name ?? 'the provider');
  return doubtful(
    'schedule',
    `${found}, but ${who} wants ${formatDuration(least)} between two logins`,
    `Set: schedule: every ${formatDuration(least)}`,
  );
}
