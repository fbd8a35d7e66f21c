import { systemCode } from '../errors.ts';
import type { StoredMessage } from './destination.ts';
import { readingFailed } from './errors.ts';
import { StoredFiles, taggedMessages } from './maildir-file.ts';
import { tagOf } from './maildir-name.ts';
import { storedInMbox } from './mbox-messages.ts';
import { destinationName } from './open-destination.ts';
import type { DestinationSettings } from './settings.ts';

/** A destination that is only looked at: nothing is created, locked or written there. */
export interface ReadOnlyDestination {
  readonly name: string;
  readonly hasNames: boolean;
  /** The tags that its names show. */
  tags(): Promise<ReadonlySet<string>>;
  /** As `Destination.messages` gives them; none where there is nothing yet. */
  messages(): AsyncIterable<StoredMessage>;
}

export function readOnly(settings: DestinationSettings): ReadOnlyDestination {
  const name = destinationName(settings);
  if (settings.type === 'mbox') {
    const messages = (): AsyncIterable<StoredMessage> =>
      orNothing(settings.path, storedInMbox(settings.path, name));
    return { name, hasNames: false, tags: () => Promise.resolve(new Set<string>()), messages };
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
  };
}

async function* orNothing<T>(path: string, items: AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
  try {
    yield* items;
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw readingFailed(path, error);
  }
}
