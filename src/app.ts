import type { AccountConfiguration, Configuration } from './config/configuration.ts';
import type { Destination } from './delivery/destination.ts';
import { openDestination } from './delivery/open-destination.ts';
import { destinationName } from './delivery/settings.ts';
import type { AccountLedger } from './ledger/ledger.ts';
import { SqliteLedger } from './ledger/sqlite-ledger.ts';
import type { Logger } from './observe/logger.ts';
import type { Account } from './poll/account.ts';
import type { Adoption } from './poll/adopt.ts';
import type { PollObserver } from './poll/observer.ts';
import type { PollControl } from './poll/poll.ts';
import { type PollDeps, pollAccount } from './poll/poll-account.ts';
import { pollAll } from './poll/poll-all.ts';
import type { Preview } from './poll/preview.ts';
import type { Refetch, RefetchWanted } from './poll/refetch.ts';
import type { PollReport } from './poll/report.ts';
import { openSession } from './pop3-client/open-session.ts';
import type { SessionOptions } from './pop3-client/options.ts';
import { type Runtime, systemRuntime } from './runtime.ts';

export interface AppOptions {
  readonly configuration: Configuration;
  /** Time, randomness and process. Default: the real ones. */
  readonly runtime?: Runtime | undefined;
  /** Is told what happens meanwhile. Default: nobody is. */
  readonly observer?: PollObserver | undefined;
  /** Sees each line of each session at its trace level, without secrets and message bodies. */
  readonly logger?: Logger | undefined;
  /** Makes the TCP connections. */
  readonly dial?: SessionOptions['dial'];
}

/** The composition root: a configuration made into something that polls. Owns the ledger until it is closed. */
export class App implements Disposable {
  readonly #configuration: Configuration;
  readonly #ledger: SqliteLedger;
  readonly #deps: PollDeps;
  #isClosed = false;

  private constructor(ledger: SqliteLedger, options: AppOptions) {
    const { configuration, runtime = systemRuntime, observer = {}, logger, dial } = options;
    this.#configuration = configuration;
    this.#ledger = ledger;
    const names = configuration.accounts.map(({ account }) => account.name);
    this.#deps = {
      runtime,
      observer,
      ledgerOf: (account) => ledger.account(account, names),
      openSession: (account, signal, how) =>
        connectTo(account, { signal, ...how, logger, dial, ahead: true }),
      openDestinations: (account, accountLedger) =>
        openDestinations(account, accountLedger, { runtime, spoolFolder: configuration.stateDir }),
    };
  }

  /** Opens the ledger. Raises `already-running` when another Mailferry has it. */
  static async open(options: AppOptions): Promise<App> {
    const { configuration, runtime = systemRuntime, observer } = options;
    const ledger = await SqliteLedger.open(configuration.stateDir, runtime);
    if (ledger.replaced !== undefined) observer?.noticed?.('ledger', replacedNotice(ledger.replaced));
    return new App(ledger, options);
  }

  /**
   * Polls these accounts once, several at a time. Never raises for what one account suffers. Without `control` nothing
   * stops it before its end.
   */
  poll(accounts: readonly AccountConfiguration[], wanted: Partial<PollControl> = {}): Promise<PollReport[]> {
    const { concurrency } = this.#configuration;
    const control = wholeControl(wanted);
    return pollAll(
      accounts.map(({ account }) => stoppable(account, control)),
      (account) => pollAccount(account, this.#deps, control),
      { concurrency, control },
    );
  }

  /** Polls one account once. Never raises for what it suffers. */
  pollOne({ account }: AccountConfiguration, wanted: Partial<PollControl> = {}): Promise<PollReport> {
    const control = wholeControl(wanted);
    return pollAccount(stoppable(account, control), this.#deps, control);
  }

  /** The ledger that this process owns. */
  get ledger(): Pick<SqliteLedger, 'account' | 'summaries' | 'followClock'> {
    return {
      account: this.#deps.ledgerOf,
      summaries: (day) => this.#ledger.summaries(day),
      followClock: (set) => this.#ledger.followClock(set),
    };
  }

  /** What a poll of this account would do now; raises what is wrong with its destinations before the server is asked. Changes nothing. */
  async preview({ account }: AccountConfiguration, wanted: Partial<PollControl> = {}): Promise<Preview> {
    const control = wholeControl(wanted);
    const ledger = this.#deps.ledgerOf(account.name);
    const { assertUsable } = await import('./delivery/assert-usable.ts');
    for (const settings of account.destinations) {
      const name = destinationName(settings);
      const folder = ledger.folderOf(name);
      await assertUsable(settings, { usedBefore: ledger.used(name), account: account.name, folder });
    }
    // It brings the parser of headers, which a poll does without.
    const { previewAccount } = await import('./poll/preview.ts');
    return previewAccount(stoppable(account, control), this.#deps, control);
  }

  /** Counts what the server lists as carried, or with `none` as not carried. Downloads nothing. */
  async adopt(
    { account }: AccountConfiguration,
    how: { none: boolean; control: PollControl },
  ): Promise<Adoption> {
    const { adoptAccount } = await import('./poll/adopt.ts');
    return adoptAccount(stoppable(account, how.control), this.#deps, how);
  }

  /** Lets the next poll deliver once more what its destinations have lost. Raises `ledger-lost` as `refuseUnknownAccount` does. */
  async refetch({ account }: AccountConfiguration, how: RefetchWanted): Promise<readonly Refetch[]> {
    const { refetchMissing } = await import('./poll/refetch.ts');
    const { refuseUnknownAccount } = await import('./poll/unknown-account.ts');
    const ledger = this.#deps.ledgerOf(account.name);
    await refuseUnknownAccount(account, ledger);
    const destinations = await this.#deps.openDestinations(account, ledger);
    try {
      const places = this.#ledger.placesOf(account.name);
      const formerPlaces = places.filter((place) => destinations.every(({ name }) => name !== place));
      return await refetchMissing(destinations, ledger, { ...how, formerPlaces });
    } finally {
      for (const destination of destinations) await destination.close();
    }
  }

  /** Gives the ledger back to whoever comes next, as the end of `using` does; a second time it does nothing. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#ledger.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** Signals that nobody aborts, where none are given. */
function wholeControl(wanted: Partial<PollControl>): PollControl {
  const never = new AbortController().signal;
  return { ...wanted, stop: wanted.stop ?? never, abort: wanted.abort ?? never };
}

/**
 * An account whose password and way are not waited for any more when a stop comes, since then there is no session yet that would
 * have to end properly.
 */
export function stoppable(account: Account, { stop }: PollControl): Account {
  const { password, preconnect } = account;
  return { ...account, password: () => password(stop), preconnect: preconnect && (() => preconnect(stop)) };
}

function replacedNotice(path: string): string {
  return `The ledger was damaged and is worked out anew from the destinations; the old one is ${path}.`;
}

/** Opens a session as a poll of this account does: the password first, since somebody may have to be asked, then the way. */
export async function connectTo(
  account: Account,
  {
    logger,
    dial,
    ...how
  }: Pick<SessionOptions, 'signal' | 'watch' | 'transcript' | 'ahead' | 'expected' | 'dial'> & {
    logger?: Logger | undefined;
  },
): Promise<Awaited<ReturnType<typeof openSession>>> {
  const { host, port, tls, ca, line, user, auth, allowCleartext, timeouts } = account;
  const password = await account.password();
  await account.preconnect?.();
  return openSession({
    host,
    port,
    tls,
    ca,
    ...line,
    user,
    password,
    auth,
    allowCleartext,
    timeouts,
    transcript: logger && ((side, text) => logger.trace({ account: account.name, side }, text)),
    // A line that was begun ahead has not come by a way that was opened since.
    dial: account.preconnect === undefined ? dial : undefined,
    ...how,
  });
}

async function openDestinations(
  account: Account,
  ledger: AccountLedger,
  around: { readonly runtime: Runtime; readonly spoolFolder: string },
): Promise<readonly Destination[]> {
  const opened: Destination[] = [];
  try {
    for (const settings of account.destinations) {
      const name = destinationName(settings);
      opened.push(
        await openDestination(settings, {
          ...around,
          intend: (intents) => ledger.intend(name, intents),
          takeUnfinished: () => ledger.takeUnfinishedAppends(name),
          recordedAt: (locations) => ledger.recordedAt(name, locations),
          recordedAs: (hashes) => ledger.recordedAs(name, hashes),
          usedBefore: ledger.used(name),
          folder: {
            known: ledger.folderOf(name),
            note: (folder, changedAt) => ledger.noteFolder(name, folder, changedAt),
          },
          account: account.name,
        }),
      );
    }
    return opened;
  } catch (error) {
    for (const destination of opened) await destination.close();
    throw error;
  }
}
