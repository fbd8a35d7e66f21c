import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { chunksOf } from '../chunks.ts';
import { Database, type Row } from './database.ts';
import { isCurrent, isReadable } from './migrations.ts';
import type { LedgerRecord, RecordId } from './record.ts';
import { hex, optionalNumber, optionalText } from './rows.ts';

/** What the ledger has noted of one message, for people. Times are milliseconds since 1970. */
export interface HistoryEntry {
  /** Its record. */
  readonly id: RecordId;
  readonly account: string;
  readonly uid: string | null;
  /** As received, and by LIST at that time. */
  readonly octets: number | null;
  readonly listedOctets: number | null;
  readonly sha256: string | null;
  readonly messageId: string | null;
  readonly outcome: LedgerRecord['outcome'];
  /** The program whose memory says that it was carried, where it was not by us. */
  readonly peer: string | null;
  readonly attempts: number;
  readonly lastError: string | null;
  readonly triedAt: number;
  readonly deliveredAt: number | null;
  readonly deleSentAt: number | null;
  /** Since when the server no longer lists it, without our doing. */
  readonly missingAt: number | null;
  /** When the server had confirmed its deletion. */
  readonly goneAt: number | null;
  readonly places: readonly HistoryPlace[];
}

/** Where a message was delivered to. */
export interface HistoryPlace {
  readonly destination: string;
  readonly location: string;
  /** As stored there. */
  readonly octets: number;
  /** Hexadecimal SHA-256 of what is stored there; null where it is that of what was received, which has CRLF in place of each LF. */
  readonly sha256: string | null;
  /** The same without the fields that mail programs write into a header, where it came with such. */
  readonly unmarkedSha256: string | null;
}

/** Which entries are asked for. */
export interface HistoryQuestion {
  readonly accounts: readonly string[];
  /** When it was carried or, if it was not, tried last. */
  readonly since: number;
  readonly until: number;
  /** A part of the unique-id or of the Message-ID. */
  readonly message?: string | undefined;
  /** Also what was never carried by us: adopted, failed, quarantined. */
  readonly all: boolean;
}

/** So many are read at a time, the first of them without knowing how many more there are. */
const PAGE = 500;

/** The form of the ledger that has all the columns of an entry. */
const ENTRIES_SINCE = 5;

const HASHES = `, 'sha256', iif(of_crlf, NULL, lower(hex(delivery.sha256))), 'unmarkedSha256', lower(hex(unmarked_sha256))`;

const NEWEST_FIRST = 'ORDER BY coalesce(delivered_at, tried_at) DESC, message.id DESC';

/** No index has the times: one look at all of them costs less than one at each poll would. */
const FITTING = `
  SELECT message.id FROM message NOT INDEXED
  WHERE account IN (SELECT id FROM account WHERE name IN (SELECT value FROM json_each(?)))
    AND coalesce(delivered_at, tried_at) BETWEEN ? AND ?
    AND (? OR delivered_at IS NOT NULL)
    AND (? = '' OR instr(uid, ?) > 0 OR instr(message_id, ?) > 0)
    AND message.id NOT IN (SELECT value FROM json_each(?))
  ${NEWEST_FIRST} LIMIT ?`;

/** `hashes`: the columns of them, which older forms do not have. */
const entriesWith = (hashes: string): string => `
  SELECT message.id, account.name AS account, uid, octets, listed_octets, sha256, message_id, outcome, peer, attempts, last_error,
         tried_at, delivered_at, dele_sent_at, missing_at, gone_at,
         (SELECT json_group_array(json_object('destination', destination, 'location', location, 'octets', delivery.octets${hashes}))
            FROM delivery WHERE delivery.message = message.id) AS places
  FROM message JOIN account ON account.id = message.account
  WHERE message.id IN (SELECT value FROM json_each(?)) ${NEWEST_FIRST}`;

/**
 * What the ledger in this folder has noted, newest first by the time that counts, a page at a time; nothing where there is
 * none yet. Raises `ledger` for one of another version that it cannot read. Does not own the ledger: another process may be
 * at work with it.
 */
export function* readHistory(
  stateDir: string,
  { accounts, since, until, message = '', all }: HistoryQuestion,
): Generator<HistoryEntry, void, undefined> {
  const path = join(stateDir, 'ledger.db');
  if (!existsSync(path)) return;
  using database = Database.openToRead(path);
  if (!isReadable(database, path, ENTRIES_SINCE)) return;
  const fitting = database.prepare(FITTING);
  const entries = database.prepare(entriesWith(isCurrent(database, path) ? HASHES : ''));
  const asked = [JSON.stringify(accounts), since, until, all ? 1 : 0, message, message, message];
  const idsWithout = (known: readonly number[], most: number): number[] =>
    Array.from(fitting.each(...asked, JSON.stringify(known), most), ({ id }) => Number(id));
  const first = idsWithout([], PAGE);
  yield* entries.all(JSON.stringify(first)).map(toEntry);
  if (first.length < PAGE) return;
  for (const some of chunksOf(idsWithout(first, -1), PAGE))
    yield* entries.all(JSON.stringify(some)).map(toEntry);
}

/** What is unknown has no hexadecimal digits in the database. */
function toPlace({ sha256, unmarkedSha256, ...place }: HistoryPlace): HistoryPlace {
  return {
    ...place,
    sha256: sha256 ?? null,
    unmarkedSha256: unmarkedSha256 === '' ? null : (unmarkedSha256 ?? null),
  };
}

function toEntry(row: Row): HistoryEntry {
  return {
    id: row['id'] as RecordId,
    account: String(row['account']),
    uid: optionalText(row['uid']) ?? null,
    octets: optionalNumber(row['octets']) ?? null,
    listedOctets: optionalNumber(row['listed_octets']) ?? null,
    sha256: hex(row['sha256']) ?? null,
    messageId: optionalText(row['message_id']) ?? null,
    outcome: row['outcome'] as HistoryEntry['outcome'],
    peer: optionalText(row['peer']) ?? null,
    attempts: Number(row['attempts']),
    lastError: optionalText(row['last_error']) ?? null,
    triedAt: Number(row['tried_at']),
    deliveredAt: optionalNumber(row['delivered_at']) ?? null,
    deleSentAt: optionalNumber(row['dele_sent_at']) ?? null,
    missingAt: optionalNumber(row['missing_at']) ?? null,
    goneAt: optionalNumber(row['gone_at']) ?? null,
    places: (JSON.parse(String(row['places'])) as HistoryPlace[]).map(toPlace),
  };
}
