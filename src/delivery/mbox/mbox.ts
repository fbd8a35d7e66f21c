import { type FileHandle, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fsyncDirectory, makeDirectory } from '../../durable/fsync-directory.ts';
import { MailError } from '../../errors.ts';
import type { Runtime } from '../../runtime.ts';
import type {
  Destination,
  Draft,
  Envelope,
  Intent,
  Receipt,
  Recovered,
  StoredMessage,
  StoredState,
  Unfinished,
} from '../destination.ts';
import { deliveryFailed, readingFailed } from '../errors.ts';
import type { MboxSettings } from '../settings.ts';
import { cutBack, missingSeparators, type Written, writeMessages } from './append.ts';
import { MboxDraft } from './draft.ts';
import { refuseForeign } from './foreign.ts';
import { inspectMbox } from './inspect.ts';
import type { MboxRecords } from './intents.ts';
import { removeMboxLeftovers, spoolPath } from './leftovers.ts';
import { refuseReplaced, withLockedMbox } from './lock.ts';
import { fromLine } from './mboxrd.ts';
import { storedInMbox } from './messages.ts';
import { cutOffPiece, recoverAppends } from './recovery.ts';

/** How often an append is begun anew because somebody else has written to the file in between. */
const GROWTHS_BORNE = 10;

/**
 * By the path of an mbox: what could not be cut off again after an append that failed, and why that append failed. Nothing
 * is put behind it, or it would stay there for ever.
 */
const uncut = new Map<string, { readonly intents: readonly Intent[]; readonly error: unknown }>();

/** What an mbox needs besides its file. */
export interface MboxSurroundings extends MboxRecords {
  readonly runtime: Runtime;
  /** Resolves when the intents are recorded so that they survive loss of power. */
  readonly intend: (intents: readonly Intent[]) => Promise<void>;
  /**
   * What earlier processes meant to append here, for whichever account, without a recorded outcome. Given once, so that
   * nothing that this process appends is measured by it.
   */
  readonly takeUnfinished: () => readonly Intent[];
}

interface Waiting {
  readonly draft: MboxDraft;
  readonly envelope: Envelope;
  readonly resolve: (receipt: Receipt) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * An mbox in the mboxrd dialect. Messages wait outside of it until they are whole; those that wait at the same
 * time are appended under one lock with one fsync. When an append fails the file is cut back to what it was.
 */
export class Mbox implements Destination {
  readonly name: string;
  readonly hasNames = false;
  readonly isReadable = true;
  readonly #path: string;
  readonly #surroundings: MboxSurroundings;
  #waiting: Waiting[] = [];
  #appending = false;

  private constructor(settings: MboxSettings, name: string, surroundings: MboxSurroundings) {
    this.name = name;
    this.#path = settings.path;
    this.#surroundings = surroundings;
  }

  /**
   * Opens the mbox, and creates it and the folders above it where they are missing. Locks it once, to be sure that it can,
   * and to cut off the piece of a message that a killed process or a full disk has left, before anybody puts mail behind it
   * (I3).
   */
  static async open(settings: MboxSettings, name: string, surroundings: MboxSurroundings): Promise<Mbox> {
    try {
      await makeDirectory(dirname(settings.path));
      await removeMboxLeftovers(settings.path, surroundings.runtime);
      await withLockedMbox(settings.path, surroundings.runtime, async (file) => {
        const unfinished = [...surroundings.takeUnfinished(), ...(uncut.get(settings.path)?.intents ?? [])];
        if (unfinished.length > 0) await cutOffPiece(file, unfinished, surroundings);
        uncut.delete(settings.path);
        await refuseForeign(file, settings.path);
      });
      return new Mbox(settings, name, surroundings);
    } catch (error) {
      throw deliveryFailed(settings.path, error);
    }
  }

  begin(): Draft {
    const draft = new MboxDraft(spoolPath(this.#path, this.#surroundings.runtime));
    return {
      write: async (block) => {
        try {
          await draft.write(block);
        } catch (error) {
          throw deliveryFailed(this.#path, error);
        }
      },
      commit: async (envelope) => {
        try {
          await draft.finish();
          return await new Promise<Receipt>((resolve, reject) => {
            this.#waiting.push({ draft, envelope, resolve, reject });
            void this.#appendWaiting();
          });
        } catch (error) {
          throw deliveryFailed(this.#path, error);
        } finally {
          // Its file has no name; nothing is left of it in any case.
          await draft.close().catch(() => undefined);
        }
      },
      discard: () => draft.close(),
    };
  }

  /**
   * The intents say where each message was to stand, and what it was. One that stands there, or elsewhere since a mail
   * program has rewritten the mbox, is delivered; a piece of one at the end of the file is cut off.
   */
  async recover({ intents }: Unfinished): Promise<ReadonlyMap<string, Recovered>> {
    if (intents.length === 0) return new Map();
    try {
      return await withLockedMbox(this.#path, this.#surroundings.runtime, async (file) => {
        const recovered = await recoverAppends(file, intents, this.#surroundings);
        await refuseReplaced(file, this.#path);
        return recovered;
      });
    } catch (error) {
      throw deliveryFailed(this.#path, error);
    }
  }

  async *messages(): AsyncGenerator<StoredMessage, void, undefined> {
    try {
      yield* storedInMbox(this.#path, this.name);
      await withLockedMbox(this.#path, this.#surroundings.runtime, (file) => file.sync());
    } catch (error) {
      throw readingFailed(this.#path, error);
    }
  }

  inspect(receipts: Iterable<Receipt>): AsyncIterable<StoredState> {
    return inspectMbox(this.#path, receipts, this.#surroundings.recordedAs);
  }

  async close(): Promise<void> {
    // Nothing is held open between two appends.
  }

  async #appendWaiting(): Promise<void> {
    if (this.#appending) return;
    this.#appending = true;
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      await this.#append(group);
    }
    this.#appending = false;
  }

  /** One lock for the group. Who cannot have it now will not have it for the next message either: all are told. */
  async #append(group: readonly Waiting[]): Promise<void> {
    try {
      const tellAll = await withLockedMbox(this.#path, this.#surroundings.runtime, (file) =>
        this.#appendWhatFits(file, group),
      );
      for (const tell of tellAll) tell();
    } catch (error) {
      for (const { reject } of [...group, ...this.#waiting.splice(0)]) reject(error);
    }
  }

  /** What does not fit together may fit one by one. Gives what each is to be told when the lock is given back. */
  async #appendWhatFits(file: FileHandle, group: readonly Waiting[]): Promise<(() => void)[]> {
    try {
      const receipts = await this.#appendLocked(file, group);
      return group.map(
        ({ resolve }, index) =>
          () =>
            resolve(receipts[index] as Receipt),
      );
    } catch (error) {
      const [first, ...more] = group;
      if (more.length === 0) return [() => first?.reject(error)];
      const tellAll: (() => void)[] = [];
      for (const one of group) tellAll.push(...(await this.#appendWhatFits(file, [one])));
      return tellAll;
    }
  }

  async #appendLocked(file: FileHandle, group: readonly Waiting[]): Promise<Receipt[]> {
    const left = uncut.get(this.#path);
    if (left !== undefined) throw left.error;
    for (let attempt = 1; attempt < GROWTHS_BORNE; attempt += 1) {
      const receipts = await this.#appendUnlessGrown(file, group);
      if (receipts !== undefined) return receipts;
    }
    throw new MailError('destination-unusable', `${this.#path} grows while it is locked.`, {
      hint: 'Another program writes to it without locking it. The next poll tries again.',
    });
  }

  /** Undefined where the file is longer than it was when the intents were made: what came must not be written over. */
  async #appendUnlessGrown(file: FileHandle, group: readonly Waiting[]): Promise<Receipt[] | undefined> {
    const { size } = await file.stat();
    const separators = '\n'.repeat(await missingSeparators(file, size));
    const date = this.#surroundings.runtime.now();
    const receipts: Receipt[] = [];
    const heads: Buffer[] = [];
    let end = size;
    for (const { draft } of group) {
      const before = receipts.length === 0 ? separators : '';
      const head = Buffer.from(before + fromLine(draft.sender, date), 'latin1');
      const { octets, sha256, unmarkedSha256 } = draft;
      const location = String(end + before.length);
      receipts.push({ destination: this.name, location, octets, sha256, unmarkedSha256 });
      heads.push(head);
      end += head.length + octets + 1;
    }
    const intents = group.map(({ envelope, draft }, index) => ({
      tag: envelope.tag,
      receipt: receipts[index] as Receipt,
      opening: Buffer.concat([Buffer.from(fromLine(draft.sender, date), 'latin1'), draft.opening]),
    }));
    await this.#surroundings.intend(intents);
    if ((await file.stat()).size !== size) return undefined;
    const written: Written = { to: size, pending: Buffer.alloc(0) };
    try {
      await writeMessages(
        file,
        group.map(({ draft }) => draft),
        { heads, written },
      );
      await file.sync();
      // Whoever created it, and died, may not have come to that.
      if (size === 0) await fsyncDirectory(dirname(await realpath(this.#path)));
      await refuseReplaced(file, this.#path);
    } catch (error) {
      if (!(await cutBack(file, { from: size, ...written }))) uncut.set(this.#path, { intents, error });
      throw error;
    }
    return receipts;
  }
}
