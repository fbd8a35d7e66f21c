import { existsSync } from 'node:fs';
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
import { type DestinationSettings, destinationName, isPlace, type PlaceSettings } from './settings.ts';

/** A destination that is only looked at: nothing is created, locked or written there. */
export interface ReadOnlyDestination {
  readonly name: string;
  /** As in `Destination`. */
  readonly hasNames: boolean;
  /** The tags that its names show. */
  tags(): Promise<ReadonlySet<string>>;
  /** As `Destination.messages` gives them; none where there is nothing yet. */
  messages(): AsyncIterable<StoredMessage>;
  /**
   * As `Destination.inspect`. Raises `destination-unusable` where something was delivered and it is not there any more, as on a
   * disk that is not mounted.
   */
  inspect(receipts: Iterable<Receipt>): AsyncIterable<StoredState>;
}

/** A destination to look at, by its settings; it need not be there yet. */
export function readOnly(
  settings: DestinationSettings,
  records: RecordedReceipts & { used(destination: string): boolean },
): ReadOnlyDestination {
  const name = destinationName(settings);
  if (!isPlace(settings))
    return { name, hasNames: false, tags: noTags, messages: nothing, inspect: handedOver };
  const inspectWith =
    (look: (receipts: Iterable<Receipt>) => AsyncIterable<StoredState>) =>
    (receipts: Iterable<Receipt>): AsyncIterable<StoredState> =>
      ifThere(settings, receipts, { look, used: records.used(name) });
  if (settings.type === 'mbox') {
    const recordedAs: RecordedAs = (hashes) => records.recordedAs(name, hashes);
    const messages = (): AsyncIterable<StoredMessage> =>
      orNothing(settings.path, storedInMbox(settings.path, name));
    const inspect = inspectWith((receipts) => inspectMboxOrNone(settings.path, receipts, recordedAs));
    return { name, hasNames: false, tags: noTags, messages, inspect };
  }
  const files = new StoredFiles(settings.path, settings.lineEndings);
  return {
    name,
    hasNames: true,
    tags: async () => {
      const locations = await files.locations().catch((error: unknown) => {
        if (systemCode(error) === 'ENOENT') return [];
        throw readingFailed(settings.path, error);
      });
      return new Set(locations.map(tagOf).filter((tag) => tag !== undefined));
    },
    messages: () => orNothing(settings.path, taggedMessages(files, name)),
    inspect: inspectWith((receipts) => inspectMaildir(settings.path, receipts)),
  };
}

function noTags(): Promise<ReadonlySet<string>> {
  return Promise.resolve(new Set());
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
    used,
  }: {
    readonly look: (receipts: Iterable<Receipt>) => AsyncIterable<StoredState>;
    readonly used: boolean;
  },
): AsyncGenerator<StoredState, void, undefined> {
  const unusable = await assertThere(settings, await callsFor(settings.path)).catch(asMailError);
  if (unusable === undefined) yield* look(receipts);
  else if (used) throw unusable;
  else for (const _ of receipts) yield 'missing';
}

async function* orNothing<T>(path: string, items: AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
  try {
    yield* items;
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw readingFailed(path, error);
  }
}
