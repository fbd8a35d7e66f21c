import { createHash } from 'node:crypto';
import { type Destination, type Draft, PartlyDelivered, type Receipt } from '../../delivery/destination.ts';
import { MessageNotTaken } from '../../delivery/handed-over/handed-over.ts';
import { asMailError, MailError } from '../../errors.ts';
import { BodyHash } from '../../message/body-hash.ts';
import { headerField, headerHash } from '../../message/header-field.ts';
import { CrlfToLf } from '../../message/line-endings.ts';
import { MessageStart } from '../../message/message-start.ts';
import { Sha256 } from '../../message/sha256.ts';
import type { Octets } from '../../pop3/types.ts';
import type { MessageBody } from '../../pop3-client/given-body.ts';
import { DRAIN_OCTETS } from '../limits.ts';
import { mostOctets } from '../listed-size.ts';
import type { Retrieval } from '../plan.ts';
import { StrayReply } from './stray-reply.ts';

/** A message that has arrived whole and waits, invisible, in each destination. */
export interface Received {
  readonly retrieval: Retrieval;
  readonly drafts: readonly { readonly destination: Destination; readonly draft: Draft }[];
  /** As received, after unstuffing. */
  readonly octets: Octets;
  readonly sha256: string;
  /** With LF in place of CRLF; undefined unless it was asked for. */
  readonly lfSha256: string | undefined;
  readonly messageId: string | undefined;
  /** As `headerHash` makes it. */
  readonly headerSha256: string | undefined;
  /** As `BodyHash` makes them; undefined unless they were asked for. */
  readonly bodySha256: string | undefined;
  readonly unmarkedSha256: string | undefined;
  /** Why it could not be written; then the drafts are discarded already, and the session goes on. */
  readonly failure: MailError | undefined;
}

/** A body that went on far beyond its listed size: cut off, so the session is lost with it. */
export class EndlessMessage extends MailError {
  constructor({ message }: Retrieval, most: Octets) {
    const { number, octets } = message;
    super(
      'message-damaged',
      `Message ${number} did not end after ${most} octets; the server had listed ${octets ?? 'no size'}.`,
      { hint: 'The message stays on the server; look at it with the provider’s web mail.' },
    );
  }
}

/** A message that may hold the reply to the next command: what comes after it cannot be trusted either. */
export class RunOnMessage extends MailError {
  constructor({ message: { number } }: Retrieval) {
    super('protocol', `Message ${number} may run on into the reply to the next command.`, {
      hint: 'It is asked for again, alone, so that nothing else can end it.',
    });
  }
}

/** A message that may be the reply to another command: what comes after it may be, too. */
export class ReplyInDoubt extends RunOnMessage {
  override readonly message: string;
  readonly retrieval: Retrieval;

  constructor(retrieval: Retrieval, what = 'came with the size of another one') {
    super(retrieval);
    this.retrieval = retrieval;
    this.message = `Message ${retrieval.message.number} ${what}.`;
  }
}

/** Where a message goes, and what is worked out of it on the way. */
export interface ReceiveOptions {
  readonly destinations: readonly Destination[];
  /** Whether commands were under way behind it, so that it may run on into a reply. */
  readonly pipelined: boolean;
  /** Whether it is to be compared with what stands at the destinations. */
  readonly isToBeFound: boolean;
  /** Whether it is to be compared with what was carried under another header. */
  readonly withBody: boolean;
  readonly onOctets: (octets: number) => void;
}

/**
 * Reads a message body into a draft at each destination, never more than a block of it in memory (I7). Raises
 * what ends the session: the wire's failure, or `message-damaged` when the body does not end where it should.
 */
export async function receive(
  retrieval: Retrieval,
  body: MessageBody,
  { destinations, pipelined, isToBeFound, withBody, onOctets }: ReceiveOptions,
): Promise<Received> {
  const drafts = destinations.map((destination) => ({ destination, draft: destination.begin() }));
  const hash = new Sha256();
  const withLf = isToBeFound ? { hash: createHash('sha256'), endings: new CrlfToLf() } : undefined;
  const bodyHash = withBody ? new BodyHash() : undefined;
  const most = mostOctets(retrieval.message.octets);
  const stray = pipelined ? new StrayReply(retrieval.message.octets) : undefined;
  const start = new MessageStart();
  let octets = 0;
  let drained = 0;
  let failure: MailError | undefined;
  try {
    for await (const block of body) {
      start.push(block);
      octets += block.length;
      onOctets(block.length);
      if (octets > most) throw new EndlessMessage(retrieval, most);
      if (stray?.push(block) === true) throw new RunOnMessage(retrieval);
      if (failure === undefined) {
        hash.update(block);
        withLf?.hash.update(withLf.endings.convert(block));
        bodyHash?.update(block);
        const writing = write(drafts, block);
        if (writing !== undefined) failure = await writing;
      } else {
        drained += block.length;
        if (drained > DRAIN_OCTETS) throw failure;
      }
    }
    if (stray?.mayBeIn(octets) === true) throw new RunOnMessage(retrieval);
  } catch (error) {
    await discardAll(drafts);
    throw error;
  }
  if (failure !== undefined) await discardAll(drafts);
  const beginning = start.whole();
  const messageId = headerField(beginning, 'Message-ID');
  const headerSha256 = headerHash(beginning, beginning.length === octets);
  withLf?.hash.update(withLf.endings.end());
  const lfSha256 = withLf?.hash.digest('hex');
  const { body: bodySha256, unmarked: unmarkedSha256 } = bodyHash?.digest() ?? {};
  const hashes = { sha256: hash.digest(), lfSha256, headerSha256, bodySha256, unmarkedSha256 };
  return { retrieval, drafts, octets, ...hashes, messageId, failure };
}

/** Removes what was written of a message. */
export async function discardAll(drafts: Received['drafts']): Promise<void> {
  await Promise.all(drafts.map(({ draft }) => draft.discard().catch(() => undefined)));
}

/**
 * Makes the drafts visible in all destinations that lack the message; never rejects. Readable places come first, all at the
 * same time. Then mail is handed over, to one after the other, since that cannot be taken back. Of several failures, one
 * that concerns more than this message counts.
 */
export async function commitAll(
  { drafts, sha256 }: Received,
  tag: string,
  have: readonly string[],
): Promise<{ receipts: Receipt[]; failure: MailError | undefined }> {
  const unwanted = drafts.filter(({ destination }) => have.includes(destination.name));
  if (unwanted.length > 0) await discardAll(unwanted);
  const wanting = drafts.filter(({ destination }) => !have.includes(destination.name));
  const places = wanting.filter(({ destination }) => destination.isReadable);
  const envelope = { tag, sha256, have };
  const results = await Promise.allSettled(places.map(({ draft }) => draft.commit(envelope)));
  for (const { destination, draft } of wanting) {
    if (destination.isReadable) continue;
    if (results.some(isOfMore)) await draft.discard().catch(() => undefined);
    else results.push(...(await Promise.allSettled([draft.commit(envelope)])));
  }
  const receipts = results.flatMap(receiptsOf);
  const failed = results.find(isOfMore) ?? results.find(({ status }) => status === 'rejected');
  return { receipts, failure: failed?.status === 'rejected' ? asMailError(failureOf(failed)) : undefined };
}

function receiptsOf(result: PromiseSettledResult<Receipt>): readonly Receipt[] {
  if (result.status === 'fulfilled') return [result.value];
  return result.reason instanceof PartlyDelivered ? result.reason.receipts : [];
}

function failureOf({ reason }: PromiseRejectedResult): unknown {
  return reason instanceof PartlyDelivered ? reason.failure : reason;
}

/** Whether a delivery has failed for a reason that concerns more than this message. */
function isOfMore(result: PromiseSettledResult<Receipt>): boolean {
  return result.status === 'rejected' && !(failureOf(result) instanceof MessageNotTaken);
}

/** Undefined where nobody has to wait. */
function write(drafts: Received['drafts'], block: Buffer): Promise<MailError | undefined> | undefined {
  const writing = drafts.map(({ draft }) => draft.write(block)).filter((one) => one !== undefined);
  return writing.length === 0 ? undefined : firstFailure(writing);
}

/** Waits for all of them, also when one has failed: a draft that is still writing cannot be discarded. */
async function firstFailure(writing: readonly Promise<void>[]): Promise<MailError | undefined> {
  const results = await Promise.allSettled(writing);
  const failed = results.find((result) => result.status === 'rejected');
  return failed === undefined ? undefined : asMailError(failed.reason);
}
