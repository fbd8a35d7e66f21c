import { partsOfName } from '../../delivery/settings.ts';
import { groupBy } from '../../group-by.ts';
import type { FoundMessage, RecordId, RecordIdentity } from '../../ledger/record.ts';
import { headerField, headerHash } from '../../message/header-field.ts';
import { withoutMarks, withoutReadersFields } from '../../message/readers-fields.ts';
import type { MessageNumber } from '../../pop3/types.ts';
import type { ListedMessage } from '../listing.ts';

/** What is known of a message that was carried. */
type Candidate = Pick<RecordIdentity, 'octets' | 'messageId' | 'headerSha256'>;

/**
 * Which of the messages are which of the records: the same header and the same size mean the same message; less than
 * that, or a record without a known header, leaves a doubt.
 */
export function matchHeaders<C extends Candidate>(
  messages: readonly ListedMessage[],
  headers: ReadonlyMap<MessageNumber, Buffer>,
  pool: readonly C[],
): { readonly matched: ReadonlyMap<MessageNumber, C>; readonly doubtful: ReadonlySet<MessageNumber> } {
  if (pool.length === 0) return { matched: new Map(), doubtful: new Set() };
  const byHeader = groupBy(pool, ({ headerSha256 }) => headerSha256);
  const headersAs = (header: Buffer | undefined): C[] =>
    byHeader.get((header && headerHash(header, true)) ?? '') ?? [];
  const messageIds = new Set(pool.map(({ messageId }) => messageId));
  const someUnknown = pool.some(({ headerSha256 }) => headerSha256 === undefined);
  const matched = new Map<MessageNumber, C>();
  const doubtful = new Set<MessageNumber>();
  for (const { number, octets } of messages) {
    const header = headers.get(number);
    const alike = headersAs(header);
    const match = alike.find((record) => record.octets === octets);
    // A header without a Message-ID may be that of many messages; one without any is.
    const identifies = header !== undefined && messageIdOf(header) !== '';
    if (identifies && match !== undefined) {
      alike.splice(alike.indexOf(match), 1);
      matched.set(number, match);
    } else if (
      header === undefined ||
      someUnknown ||
      alike.length > 0 ||
      headersAs(withoutMarks(header)).length > 0 ||
      messageIds.has(messageIdOf(header))
    ) {
      doubtful.add(number);
    }
  }
  return { matched, doubtful };
}

/**
 * Which of the messages stand in the destinations already, and what was found of each, place by place: a message stands in a
 * place at most once, and one place may have what another lacks. `isLacking`: whether a place is to be searched for a
 * message.
 */
export function matchPresent(
  messages: readonly ListedMessage[],
  headers: ReadonlyMap<MessageNumber, Buffer>,
  {
    found,
    isLacking,
  }: {
    readonly found: readonly FoundMessage[];
    readonly isLacking: (message: ListedMessage, place: string) => boolean;
  },
): {
  readonly present: ReadonlyMap<MessageNumber, readonly FoundMessage[]>;
  readonly doubtful: ReadonlySet<MessageNumber>;
} {
  const present = new Map<MessageNumber, FoundMessage[]>();
  const doubtful = new Set<MessageNumber>();
  for (const place of new Set(found.map(({ receipt }) => receipt.destination))) {
    const lacking = messages.filter((message) => isLacking(message, place));
    const there = found.filter(({ receipt }) => receipt.destination === place);
    const isMbox = partsOfName(place).type === 'mbox';
    const given = isMbox ? withoutFields(lacking, headers) : { messages: lacking, headers };
    const { matched, doubtful: mayStand } = matchHeaders(
      given.messages,
      given.headers,
      there.map(asCandidate),
    );
    for (const [number, match] of matched) present.set(number, [...(present.get(number) ?? []), match.found]);
    for (const number of mayStand) doubtful.add(number);
  }
  return { present: asListed(present, messages, headers), doubtful };
}

/** As they are told of an mbox: without the fields that mail programs write there, whoever has written them. */
function withoutFields(
  messages: readonly ListedMessage[],
  headers: ReadonlyMap<MessageNumber, Buffer>,
): { readonly messages: readonly ListedMessage[]; readonly headers: ReadonlyMap<MessageNumber, Buffer> } {
  const without = new Map<MessageNumber, Buffer>();
  const shorter = messages.map((message) => {
    const header = headers.get(message.number);
    if (header === undefined) return message;
    const rest = Buffer.from(withoutReadersFields(header.toString('latin1')), 'latin1');
    without.set(message.number, rest);
    const octets = message.octets && message.octets - (header.length - rest.length);
    return { ...message, octets };
  });
  return { messages: shorter, headers: without };
}

/** With the header that the server gives, and the size that it lists: by these each is known from now on. */
function asListed(
  present: ReadonlyMap<MessageNumber, readonly FoundMessage[]>,
  messages: readonly ListedMessage[],
  headers: ReadonlyMap<MessageNumber, Buffer>,
): ReadonlyMap<MessageNumber, readonly FoundMessage[]> {
  const listed = new Map<MessageNumber, readonly FoundMessage[]>();
  for (const { number, octets } of messages) {
    const found = present.get(number);
    const header = headers.get(number);
    if (found === undefined || header === undefined) continue;
    const headerSha256 = headerHash(header, true);
    listed.set(
      number,
      found.map(({ receipt, received }) => ({
        receipt,
        received: { ...received, headerSha256, octets: octets ?? received.octets },
      })),
    );
  }
  return listed;
}

function asCandidate(found: FoundMessage): Candidate & { readonly found: FoundMessage } {
  return { ...found.received, found };
}

/** The records of messages that are not listed under their unique-ids any more. */
export interface Vanished {
  readonly pool: readonly RecordIdentity[];
  /** Those of them that DELE was sent for. */
  readonly deleted: ReadonlySet<RecordId>;
  /** As `keptAre` of `KnownMessages`. */
  readonly keptAre: 'listed' | 'vanished' | undefined;
}

/**
 * Which of the messages are which of the records. A message that DELE was sent for counts as gone, even if QUIT was not
 * answered: what looks the same counts as another copy, since storing it twice is better than losing it. Not so where the
 * server has changed its unique-ids: then the kept messages have vanished too or, where none were kept, all of several
 * deleted ones are back.
 */
export function matchVanished(
  messages: readonly ListedMessage[],
  headers: ReadonlyMap<MessageNumber, Buffer>,
  { pool, deleted, keptAre }: Vanished,
): ReturnType<typeof matchHeaders<RecordIdentity>> & {
  readonly gone: ReadonlySet<RecordId>;
} {
  const all = matchHeaders(messages, headers, pool);
  const vanished = pool.filter(({ id }) => deleted.has(id));
  const areBack = (): boolean => haveComeBack(vanished, messages, { headers, doubtful: all.doubtful });
  const wereRenumbered = keptAre === 'vanished' || (keptAre === undefined && areBack());
  if (deleted.size === 0 || wereRenumbered) return { ...all, gone: new Set() };
  const rest = pool.filter(({ id }) => !deleted.has(id));
  return { ...matchHeaders(messages, headers, rest), gone: deleted };
}

/**
 * Whether all of several deleted messages are listed again, by their headers alone: the sizes that a server lists may change
 * along with its unique-ids. One that no header identifies counts as back where enough messages of its size are in doubt.
 */
function haveComeBack(
  deleted: readonly RecordIdentity[],
  messages: readonly ListedMessage[],
  {
    headers,
    doubtful,
  }: { headers: ReadonlyMap<MessageNumber, Buffer>; doubtful: ReadonlySet<MessageNumber> },
): boolean {
  const ofAnySize = { octets: undefined };
  const { matched } = matchHeaders(
    messages.map((message) => ({ ...message, ...ofAnySize })),
    headers,
    deleted.map((record) => ({ ...record, ...ofAnySize })),
  );
  const back = idsOf([...matched.values()]);
  const inDoubt = messages.filter(({ number }) => doubtful.has(number) && !matched.has(number));
  const sizes = inDoubt.map(({ octets }) => octets);
  const areBack = deleted.every(({ id, octets }) => {
    if (back.has(id)) return true;
    const index = sizes.indexOf(octets);
    if (index >= 0) sizes.splice(index, 1);
    return index >= 0;
  });
  return areBack && deleted.length > 1 && back.size > 0;
}

function idsOf(records: readonly RecordIdentity[]): ReadonlySet<RecordId> {
  return new Set(records.map(({ id }) => id));
}

function messageIdOf(header: Buffer): string {
  return headerField(header, 'Message-ID') ?? '';
}
