import { createHash } from 'node:crypto';
import type { Runtime } from '../runtime.ts';
import type { Maildrop, ReportTrouble, StoredMessage } from './maildrop.ts';
import { leaveOut } from './message-file.ts';
import type { Popped } from './personality.ts';
import { octetsOf } from './trusted-maildrop.ts';

const DAY_MS = 86_400_000;

/**
 * A maildrop as Gmail shows it: what was fetched whole or deleted is not listed again, though it stays. `recent` is
 * the same maildrop with all that came of late, fetched or not. What was fetched is known for as long as these live.
 */
export function poppedViews(
  inner: Maildrop,
  { listed, recentDays }: Popped,
  runtime: Pick<Runtime, 'now'>,
): { readonly usual: Maildrop; readonly recent: Maildrop } {
  const popped = new Set<string>();
  const pop = (messages: readonly StoredMessage[]): Promise<void> => {
    for (const { uid } of messages) popped.add(uid);
    return Promise.resolve();
  };
  return {
    usual: {
      list: async (report) =>
        (await inner.list(report)).filter(({ uid }) => !popped.has(uid)).slice(0, listed),
      retrieved: pop,
      remove: pop,
    },
    recent: {
      list: async (report) => {
        const since = runtime.now() - recentDays * DAY_MS;
        return (await inner.list(report)).filter(({ receivedAt = since }) => receivedAt >= since);
      },
      retrieved: pop,
      remove: pop,
    },
  };
}

/** A maildrop whose unique-ids are made of the content alone, so that equal messages have the same one. */
export class ContentIds implements Maildrop {
  readonly #inner: Maildrop;

  constructor(inner: Maildrop) {
    this.#inner = inner;
  }

  /** Reads every message; one that cannot be read has no unique-id, and is left out. */
  async list(report?: ReportTrouble): Promise<readonly StoredMessage[]> {
    const renamed: Renamed[] = [];
    for (const message of await this.#inner.list(report)) {
      const uid = await contentId(message).catch((error: unknown) => leaveOut(error, report));
      if (uid !== undefined) renamed.push(new Renamed(message, uid));
    }
    return renamed;
  }

  remove(messages: readonly StoredMessage[]): Promise<void> {
    return this.#inner.remove(
      messages.flatMap((message) => (message instanceof Renamed ? [message.inner] : [])),
    );
  }
}

async function contentId(message: StoredMessage): Promise<string> {
  const hash = createHash('sha256');
  for await (const block of octetsOf(message)) hash.update(block);
  return hash.digest('hex').slice(0, 16);
}

class Renamed implements StoredMessage {
  readonly inner: StoredMessage;
  readonly uid: string;

  constructor(inner: StoredMessage, uid: string) {
    this.inner = inner;
    this.uid = uid;
  }

  get octets(): number {
    return this.inner.octets;
  }

  read(): AsyncIterable<Uint8Array> {
    return this.inner.read();
  }
}
