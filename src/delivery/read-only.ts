import { existsSync } from 'node:fs';
import type { FolderMark } from '../durable/file-mark.ts';
import { callsFor } from '../durable/folder-calls.ts';
import { asMailError, systemCode } from '../errors.ts';
import type { Receipt, RecordedReceipts, StoredMessage, StoredState } from './destination.ts';
import { readingFailed } from './errors.ts';
import { handedOver, nothing } from './handed-over/handed-over.ts';
import { inspectMaildir } from './maildir/inspect.ts';
import { tagOf } from './maildir/names.ts';
import { StoredFiles, taggedMessages } from './maildir/stored-files.ts';
import { inspectMbox, type RecordedAs } from './mbox/inspect.ts';
import { storedInMbox } from './mbox/messages.ts';
import { assertThere } from './open-destination.ts';
import {
  type DestinationSettings,
  destinationName,
  type ImapSettings,
  isPlace,
  type PlaceSettings,
} from './settings.ts';

/** A destination that is only looked at: nothing is created, locked or written there. */
export interface ReadOnlyDestination {
  readonly name: string;
  /** As in `Destination`. */
  readonly hasNames: boolean;
  /** The tags that its names show. */
  tags(): Promise<ReadonlySet<string>>;
  /**
   * How many messages were delivered there by one of us, as their names show, that no record of any account stands for. None where
   * names tell nothing.
   */
  unrecorded(): Promise<number>;
  /** As `Destination.messages` gives them; none where there is nothing yet. */
  messages(): AsyncIterable<StoredMessage>;
  /**
   * As `Destination.inspect`. Raises `destination-unusable` where something was delivered and it is not there any more, as on a
   * disk that is not mounted.
   */
  inspect(receipts: Iterable<Receipt>): AsyncIterable<StoredState>;
  /** As in `Destination`. */
  abandon?(): void;
}

/** What a ledger knows of a place, by the name of the destination. */
export interface PlaceRecords extends RecordedReceipts {
  /** Whether anything was delivered there. */
  used(destination: string): boolean;
  /** The folder that an mbox was in, where that was noted. */
  folderOf(destination: string): FolderMark | undefined;
}

type Look = (receipts: Iterable<Receipt>) => AsyncIterable<StoredState>;

/** A destination of an account to look at, by its settings; it need not be there yet. */
export function readOnly(
  settings: DestinationSettings,
  records: PlaceRecords,
  account: string,
): ReadOnlyDestination {
  const name = destinationName(settings);
  if (!isPlace(settings)) {
    const look = settings.type === 'imap' ? lookOverImap(settings, records) : { inspect: handedOver };
    return { name, hasNames: false, tags: noTags, unrecorded: none, messages: nothing, ...look };
  }
  const inspectWith =
    (look: Look): Look =>
    (receipts) =>
      ifThere(settings, receipts, { look, records, account });
  if (settings.type === 'mbox') {
    const recordedAs: RecordedAs = (hashes) => records.recordedAs(name, hashes);
    const messages = (): AsyncIterable<StoredMessage> =>
      orNothing(settings.path, storedInMbox(settings.path, name));
    const inspect = inspectWith((receipts) => inspectMboxOrNone(settings.path, receipts, recordedAs));
    return { name, hasNames: false, tags: noTags, unrecorded: none, messages, inspect };
  }
  const files = new StoredFiles(settings.path, settings.lineEndings);
  return {
    name,
    hasNames: true,
    tags: async () => {
      const tags = (await tagged(files, settings.path)).map(tagOf);
      return new Set(tags.filter((tag) => tag !== undefined));
    },
    unrecorded: async () => {
      const locations = await tagged(files, settings.path);
      const known = new Set(records.recordedAt(name, locations).map(({ location }) => location));
      return locations.filter((location) => !known.has(location)).length;
    },
    messages: () => orNothing(settings.path, taggedMessages(files, name)),
    inspect: inspectWith((receipts) => inspectMaildir(settings.path, receipts)),
  };
}

/** The same of several. */
export function readOnlyAll(
  all: readonly DestinationSettings[],
  records: PlaceRecords,
  account: string,
): readonly ReadOnlyDestination[] {
  return all.map((settings) => readOnly(settings, records, account));
}

function noTags(): Promise<ReadonlySet<string>> {
  return Promise.resolve(new Set());
}

function none(): Promise<number> {
  return Promise.resolve(0);
}

/** The names that show a tag; none where there is nothing yet. */
async function tagged(files: StoredFiles, path: string): Promise<readonly string[]> {
  const locations = await files.locations().catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return [];
    throw readingFailed(path, error);
  });
  return locations.filter((location) => tagOf(location) !== undefined);
}

/** Each time in a session of its own. What speaks the protocol is loaded when it is wanted. */
function lookOverImap(
  settings: ImapSettings,
  records: RecordedReceipts,
): Required<Pick<ReadOnlyDestination, 'inspect' | 'abandon'>> {
  const name = destinationName(settings);
  const abandoned = new AbortController();
  async function* inspect(receipts: Iterable<Receipt>): AsyncGenerator<StoredState, void, undefined> {
    const { ImapSession } = await import('./handed-over/imap/session.ts');
    const { statesInMailbox } = await import('./handed-over/imap/states.ts');
    const session = new ImapSession(settings);
    const giveUp = (): void => session.giveUp();
    if (abandoned.signal.aborted) giveUp();
    abandoned.signal.addEventListener('abort', giveUp);
    try {
      const recordedAt = (locations: readonly string[]): readonly Receipt[] =>
        records.recordedAt(name, locations);
      yield* statesInMailbox(receipts, settings, { session, recordedAt });
    } finally {
      abandoned.signal.removeEventListener('abort', giveUp);
      await session.close();
    }
  }
  return { inspect, abandon: () => abandoned.abort() };
}

/** Mail programs remove an mbox that is empty. */
async function* inspectMboxOrNone(
  path: string,
  receipts: Iterable<Receipt>,
  recordedAs: RecordedAs,
): AsyncGenerator<StoredState, void, undefined> {
  if (existsSync(path)) yield* inspectMbox(path, receipts, recordedAs);
  else for (const _ of receipts) yield 'missing';
}

/** Where nothing was ever delivered, nothing need be there. */
async function* ifThere(
  settings: PlaceSettings,
  receipts: Iterable<Receipt>,
  {
    look,
    records,
    account,
  }: { readonly look: Look; readonly records: PlaceRecords; readonly account: string },
): AsyncGenerator<StoredState, void, undefined> {
  const name = destinationName(settings);
  const where = { account, folder: records.folderOf(name) };
  const unusable = await assertThere(settings, await callsFor(settings.path), where).catch(asMailError);
  if (unusable === undefined) yield* look(receipts);
  else if (records.used(name)) throw unusable;
  else for (const _ of receipts) yield 'missing';
}

async function* orNothing<T>(path: string, items: AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
  try {
    yield* items;
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw readingFailed(path, error);
  }
}
