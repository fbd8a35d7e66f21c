import { existsSync } from 'node:fs';
import type { FolderMark } from '../durable/file-mark.ts';
import { callsFor } from '../durable/folder-calls.ts';
import { systemCode } from '../errors.ts';
import type { Receipt, StoredMessage, StoredState } from './destination.ts';
import { readingFailed } from './errors.ts';
import { handedOver, nothing } from './handed-over/handed-over.ts';
import { inspectMaildir } from './maildir/inspect.ts';
import { tagOf } from './maildir/names.ts';
import { StoredFiles, taggedMessages } from './maildir/stored-files.ts';
import { inspectMbox } from './mbox/inspect.ts';
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
   * As `Destination.inspect`, where something was delivered. Raises `destination-unusable` where it is not there any more, as
   * on a disk that is not mounted.
   */
  inspect(receipts: Iterable<Receipt>): AsyncIterable<StoredState>;
}

/** A destination to look at, by its settings; it need not be there yet. `folder`: the one that an mbox was in, where that was noted. */
export function readOnly(settings: DestinationSettings, folder?: FolderMark): ReadOnlyDestination {
  const name = destinationName(settings);
  if (!isPlace(settings))
    return { name, hasNames: false, tags: noTags, messages: nothing, inspect: handedOver };
  if (settings.type === 'mbox') {
    const messages = (): AsyncIterable<StoredMessage> =>
      orNothing(settings.path, storedInMbox(settings.path, name));
    const inspect = (receipts: Iterable<Receipt>): AsyncIterable<StoredState> =>
      ifThere(settings, inspectMboxOrNone(settings.path, receipts), folder);
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
    inspect: (receipts) => ifThere(settings, inspectMaildir(settings.path, receipts)),
  };
}

/** The same of several, with what a ledger knows of their folders, where there is one. */
export function readOnlyAll(
  all: readonly DestinationSettings[],
  ledger: { folderOf(destination: string): FolderMark | undefined } | undefined,
): readonly ReadOnlyDestination[] {
  return all.map((settings) => readOnly(settings, ledger?.folderOf(destinationName(settings))));
}

function noTags(): Promise<ReadonlySet<string>> {
  return Promise.resolve(new Set());
}

/** Mail programs remove an mbox that is empty. */
async function* inspectMboxOrNone(
  path: string,
  receipts: Iterable<Receipt>,
): AsyncGenerator<StoredState, void, undefined> {
  if (existsSync(path)) yield* inspectMbox(path, receipts);
  else for (const _ of receipts) yield 'missing';
}

async function* ifThere<T>(
  settings: PlaceSettings,
  items: AsyncIterable<T>,
  folder?: FolderMark,
): AsyncGenerator<T, void, undefined> {
  await assertThere(settings, await callsFor(settings.path), { folder });
  yield* items;
}

async function* orNothing<T>(path: string, items: AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
  try {
    yield* items;
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw readingFailed(path, error);
  }
}
