import type { Database, Statement } from './database.ts';

/** All that is known of accounts as a whole, with the columns that `toSummary` reads. */
export const SUMMARY: string = `
  SELECT name, last_poll_at, last_success_at, last_report, delivered, delivered_octets, deleted, standing,
         carried.messages AS today_messages, carried.octets AS today_octets
  FROM account LEFT JOIN carried ON carried.account = account.id AND carried.day = ?`;

/** The form of the ledger that has all of them. */
export const SUMMARY_SINCE = 2;

const RECORD = `
  SELECT id, uid, outcome, nullif(lower(hex(sha256)), '') AS sha256, attempts, octets, listed_octets, tried_at, delivered_at, missing_at, gone_at,
         dele_sent_at IS NOT NULL AND NOT dele_refused AS dele_sent, worked_out,
         CASE outcome WHEN 'delivered' THEN '[]' ELSE
           (SELECT json_group_array(destination) FROM delivery WHERE delivery.message = message.id AND NOT again)
         END AS destinations
  FROM message`;

/** As text, since a buffer for each of many rows costs a multiple of it. */
const IDENTITY = `id, uid, octets, message_id, nullif(lower(hex(header_sha256)), '') AS header_sha256, missing_at`;

/** A receipt, as `toReceipt` reads it. */
const RECEIPT = 'destination, location, octets, sha256, of_crlf, unmarked_sha256';

/** The records that should be listed; said to the planner, which takes the unique-ids of all that was ever carried for better. */
const PRESENT = 'account = ? AND gone_at IS NULL AND missing_at IS NULL';
const BY_PRESENCE = 'INDEXED BY message_present';

/** The carried messages that are not listed any more without our doing. */
const MISSING = `message INDEXED BY message_missing
     WHERE account = ?1 AND gone_at IS NULL AND missing_at IS NOT NULL AND outcome IN ('delivered', 'adopted')`;

/**
 * What `poll_open` of an account is made of: a poll that has not ended; a ledger that was put back from a backup; messages that have
 * not come since a poll that did not end; of a ledger that may not know what was carried, that the poll that has not ended had
 * nothing to ask about that any more.
 */
export const POLL_OPEN = 1;
export const LEDGER_PUT_BACK = 2;
export const IN_DOUBT = 4;
export const PAST_ASKING = 8;

/** The statements of the ledger, by the names under which the code has them. */
export const LEDGER_SQL = {
  accountByName: 'SELECT id FROM account WHERE name = ?',
  insertAccount: 'INSERT INTO account (name) VALUES (?)',
  ofAccount: `SELECT poll_open, maildrop, logged_in_at, login_delay_ms, renumbering, quiet, asked, carry_unknown, most_deleted
     FROM account WHERE id = ?`,
  // What was another maildrop counts as one whose unique-ids have changed, for later polls too.
  setMaildrop: `UPDATE account SET maildrop = ?, renumbering = maildrop IS NOT NULL, logged_in_at = NULL, login_delay_ms = NULL
     WHERE id = ?`,
  setLogin: 'UPDATE account SET logged_in_at = ?, login_delay_ms = ? WHERE id = ?',
  allMissing: `UPDATE message ${BY_PRESENCE} SET missing_at = ? WHERE ${PRESENT}`,
  setRenumbering: 'UPDATE account SET renumbering = ? WHERE id = ?',
  nameless: `
    SELECT 1 FROM message WHERE account = ? AND uid IS NULL AND gone_at IS NULL AND outcome = 'delivered'
      AND EXISTS (SELECT 1 FROM delivery WHERE delivery.message = message.id) LIMIT 1`,
  begun: `
    SELECT id, uid FROM message
    WHERE account = ? AND outcome IN ('failed', 'quarantined') AND gone_at IS NULL
      AND EXISTS (SELECT 1 FROM delivery WHERE delivery.message = message.id AND NOT again)`,
  setPollOpen: `UPDATE account SET poll_open = poll_open | ${POLL_OPEN} WHERE id = ?`,
  setPastAsking: `UPDATE account SET poll_open = poll_open | ${PAST_ASKING} WHERE id = ?`,
  // That a poll had nothing to ask says nothing of what the older copy does not know.
  allPutBack: `UPDATE account SET poll_open = (poll_open & ~${PAST_ASKING}) | ${LEDGER_PUT_BACK}`,
  carriedAs: `
    SELECT uid, account.name FROM account CROSS JOIN message ON message.account = account.id
    WHERE account.maildrop = (SELECT maildrop FROM account WHERE id = ?1) AND account.id <> ?1
      AND outcome = 'delivered' AND gone_at IS NULL AND missing_at IS NULL AND uid IS NOT NULL`,
  closePoll: `UPDATE account SET poll_open = ?, last_poll_at = ?, last_report = ?, quiet = ?, asked = coalesce(?, asked),
            last_success_at = coalesce(?, last_success_at) WHERE id = ?`,
  listed: `${RECORD} ${BY_PRESENCE} WHERE ${PRESENT} AND uid IS NOT NULL ORDER BY id`,
  hasRecords: 'SELECT 1 FROM message WHERE account = ? LIMIT 1',
  withUniqueId: `${RECORD} WHERE account = ? AND uid = ? ORDER BY id`,
  withUniqueIds: `${RECORD} WHERE account = ?1 AND uid IN (SELECT value FROM json_each(?2)) ORDER BY id`,
  withContent: `${RECORD} WHERE account = ? AND sha256 = ? ORDER BY id`,
  deletable: `
    SELECT message.id, octets, listed_octets, worked_out,
           (dele_sent_at > ?3 OR delivered_at > ?3)
             AND (dele_sent_at IS NOT NULL OR delivered_at > coalesce(last_success_at, 0) OR message.id > success_message IS TRUE)
             IS TRUE AS pending
    FROM message ${BY_PRESENCE} JOIN account ON account.id = message.account
    WHERE account = ?1 AND gone_at IS NULL AND missing_at IS NULL AND outcome = 'delivered' AND delivered_at <= ?2`,
  used: 'SELECT 1 FROM delivery WHERE destination = ? LIMIT 1',
  upsertIntent: `INSERT INTO intent (account, destination, tag, location, octets, sha256, opening) VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET location = excluded.location, octets = excluded.octets,
                               sha256 = excluded.sha256, opening = excluded.opening`,
  intents: 'SELECT tag, location, octets, sha256, opening FROM intent WHERE account = ? AND destination = ?',
  allIntents: 'SELECT destination, tag, location, octets, sha256, opening FROM intent',
  dropIntent: 'DELETE FROM intent WHERE account = ? AND tag = ?',
  dropIntentAt: 'DELETE FROM intent WHERE account = ? AND destination = ? AND tag = ?',
  dropIntents: 'DELETE FROM intent WHERE account = ?',
  dropIntentsAtPlace: 'DELETE FROM intent WHERE account = ? AND destination = ? AND location = ?',
  insertDelivered: `INSERT INTO message (account, uid, octets, listed_octets, sha256, message_id, header_sha256, outcome, tried_at, delivered_at, worked_out)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  updateDelivered: `UPDATE message SET octets = ?, listed_octets = ?, sha256 = ?, message_id = ?, header_sha256 = ?, outcome = ?, tried_at = ?, delivered_at = ?,
            worked_out = ?, last_error = NULL, missing_at = NULL WHERE id = ?`,
  upsertDelivery: `INSERT INTO delivery (message, destination, location, octets, sha256, of_crlf, unmarked_sha256, delivered_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET location = excluded.location, octets = excluded.octets, sha256 = excluded.sha256,
                               of_crlf = excluded.of_crlf, unmarked_sha256 = excluded.unmarked_sha256, delivered_at = excluded.delivered_at, again = 0 WHERE again`,
  insertFailed: `INSERT INTO message (account, uid, sha256, outcome, attempts, last_error, tried_at)
     VALUES (?, ?, ?, ?, 1, ?, ?)`,
  updateFailed: `UPDATE message SET sha256 = coalesce(?, sha256), outcome = ?, attempts = attempts + 1, last_error = ?,
            tried_at = ? WHERE id = ?`,
  forgetFailed: `DELETE FROM message WHERE id = ? AND outcome IN ('failed', 'quarantined')
     AND NOT EXISTS (SELECT 1 FROM delivery WHERE delivery.message = message.id)`,
  deleSent: 'UPDATE message SET dele_sent_at = ?, dele_refused = 0 WHERE id = ?',
  deleRefused: 'UPDATE message SET dele_refused = 1 WHERE id = ?',
  insertAdopted:
    "INSERT INTO message (account, uid, listed_octets, outcome, tried_at) VALUES (?, ?, ?, 'adopted', ?)",
  insertImported:
    "INSERT INTO message (account, uid, outcome, tried_at, peer) VALUES (?, ?, 'adopted', ?, ?)",
  imported: `
    SELECT id, uid FROM message
     WHERE account = ? AND peer = ? AND outcome = 'adopted' AND uid IS NOT NULL AND gone_at IS NULL AND missing_at IS NULL`,
  importedUnsized: `
    SELECT id, uid FROM message INDEXED BY message_imported
     WHERE account = ? AND peer IS NOT NULL AND outcome = 'adopted' AND listed_octets IS NULL AND uid IS NOT NULL
       AND gone_at IS NULL AND missing_at IS NULL`,
  isKnown: `
    SELECT settled OR EXISTS (
      SELECT 1 FROM message WHERE message.account = account.id AND (outcome IN ('delivered', 'adopted')
        OR EXISTS (SELECT 1 FROM delivery WHERE delivery.message = message.id))) AS known
    FROM account WHERE id = ?`,
  noteKnown:
    'UPDATE account SET settled = 1, success_message = (SELECT coalesce(max(id), 0) FROM message) WHERE id = ?',
  carryUnknown: 'UPDATE account SET carry_unknown = 1 WHERE id = ?',
  replaced: 'SELECT path FROM replaced LIMIT 1',
  replace: 'INSERT INTO replaced (path) VALUES (?)',
  noteDeleted: 'UPDATE account SET most_deleted = max(most_deleted, ?) WHERE id = ?',
  octetsOn: 'SELECT octets FROM carried WHERE account = ? AND day = ?',
  recentSizes: `
    SELECT listed_octets, octets, gone_at FROM message
    WHERE account = ? AND outcome = 'delivered' AND octets IS NOT NULL AND listed_octets IS NOT NULL
    ORDER BY id DESC LIMIT ?`,
  summary: `${SUMMARY} WHERE account.id = ?`,
  summaries: `${SUMMARY} ORDER BY account.id`,
  setStanding: 'UPDATE account SET standing = ? WHERE id = ?',
  insertFound: `INSERT INTO found (account, destination, location, octets, sha256, unmarked_sha256, message_octets, message_sha256, message_lf_sha256, message_id, header_sha256)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  found: `
    SELECT destination, location, octets, sha256, unmarked_sha256, message_octets, message_sha256, message_lf_sha256, message_id, header_sha256 FROM found
    WHERE account = ? ORDER BY id`,
  taken: `
    SELECT location, iif(of_crlf, NULL, sha256) AS sha256, unmarked_sha256 FROM delivery WHERE destination = ?1
    UNION ALL SELECT location, sha256, NULL FROM intent WHERE destination = ?1`,
  recordedAt: `SELECT ${RECEIPT} FROM delivery
     WHERE destination = ? AND location IN (SELECT value FROM json_each(?)) AND NOT again`,
  recordedAs: `SELECT ${RECEIPT} FROM delivery
     WHERE destination = ?1 AND (lower(hex(sha256)) IN (SELECT value FROM json_each(?2)) OR lower(hex(unmarked_sha256)) IN (SELECT value FROM json_each(?2)))
       AND NOT again`,
  arrivals: `
    SELECT message.id, delivery.destination, delivery.location, delivery.octets, delivery.sha256, of_crlf,
           delivery.delivered_at, message_id, header_sha256
    FROM delivery JOIN message ON message.id = delivery.message WHERE destination = ? ORDER BY delivery.message`,
  atPlace: `SELECT 1 FROM delivery
     WHERE +destination = ? AND location = ? AND (of_crlf OR sha256 = ?) AND message IS NOT ? AND NOT again LIMIT 1`,
  forgetFound: 'DELETE FROM found WHERE account = ?',
  receipts: `SELECT ${RECEIPT}, (SELECT message_id FROM message WHERE id = message) AS message_id FROM delivery WHERE message = ? AND NOT again`,
  delivered: `
    SELECT delivery.message FROM delivery JOIN message ON message.id = delivery.message
    WHERE destination = ? AND account = ? ORDER BY delivery.message`,
  places: `
    SELECT DISTINCT destination FROM message JOIN delivery ON delivery.message = message.id WHERE account = ?`,
  deliveries: `
    SELECT message AS id, ${RECEIPT}, (SELECT message_id FROM message WHERE id = message) AS message_id FROM delivery
    WHERE destination = ? AND message IN (SELECT value FROM json_each(?)) ORDER BY message`,
  shiftDelivered: `
    UPDATE message ${BY_PRESENCE} SET delivered_at = delivered_at + ?
    WHERE account IN (SELECT id FROM account) AND gone_at IS NULL AND missing_at IS NULL AND delivered_at BETWEEN ? AND ?`,
  listedDeliveries: `
    SELECT message.id, delivery.destination, delivery.location, delivery.octets, delivery.sha256, of_crlf, unmarked_sha256, message_id
    FROM delivery JOIN message ON message.id = delivery.message
    WHERE account = ? AND destination = ? AND (outcome = 'delivered' OR again)
      AND gone_at IS NULL AND missing_at IS NULL ORDER BY message.id`,
  wantAgain: 'UPDATE delivery SET again = 1 WHERE message = ? AND destination = ?',
  dropWanted: 'DELETE FROM delivery WHERE message = ? AND again',
  // What is wanted did not end well, and few messages did not: those are looked for first.
  wanted: `
    SELECT message.id, delivery.destination, delivery.location, delivery.octets, delivery.sha256, of_crlf, unmarked_sha256, message_id
    FROM message INDEXED BY message_failed JOIN delivery ON delivery.message = message.id
    WHERE account = ? AND outcome IN ('failed', 'quarantined') AND again AND gone_at IS NULL ORDER BY message.id`,
  isBack: 'UPDATE delivery SET again = 0 WHERE message = ? AND destination = ?',
  setBack: `
    UPDATE message SET outcome = 'delivered', last_error = NULL
    WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM delivery WHERE delivery.message = ?1 AND again) RETURNING octets, delivered_at`,
  uncount:
    'UPDATE account SET delivered = delivered - 1, delivered_octets = delivered_octets - coalesce(?, 0) WHERE id = ?',
  uncountDay: `
    UPDATE carried SET messages = messages - 1, octets = octets - coalesce(?, 0) WHERE account = ? AND day = ? / 86400000`,
  folder: 'SELECT inode, born FROM folder WHERE destination = ?',
  setFolder: `INSERT INTO folder (destination, inode, born, changed_at) VALUES (?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET inode = excluded.inode, born = excluded.born,
                               changed_at = coalesce(excluded.changed_at, changed_at)`,
  inFormerFolder: `
    SELECT 1 FROM delivery JOIN folder USING (destination)
    WHERE message = ? AND destination = ? AND delivery.delivered_at <= changed_at`,
  askAnew:
    "UPDATE message SET outcome = 'failed', attempts = 0, last_error = 'to be delivered once more' WHERE id = ?",
  forgetQuiet: 'UPDATE account SET quiet = NULL WHERE id = ?',
  identities: `
    SELECT ${IDENTITY} FROM message ${BY_PRESENCE} WHERE account = ?1 AND gone_at IS NULL AND missing_at IS NULL
       AND outcome IN ('delivered', 'adopted')
    UNION ALL
    SELECT ${IDENTITY} FROM ${MISSING} AND missing_at > ?2 AND missing_at < ?3`,
  someMissing: `SELECT 1 FROM ${MISSING} LIMIT 1`,
  longMissing: `
    SELECT ${IDENTITY} FROM ${MISSING} AND (missing_at <= ?2 OR missing_at >= ?3)
       AND (header_sha256 IN (SELECT unhex(value) FROM json_each(?4)) OR message_id IN (SELECT value FROM json_each(?5)))
    UNION ALL
    SELECT * FROM (SELECT ${IDENTITY} FROM ${MISSING} AND (missing_at <= ?2 OR missing_at >= ?3) AND header_sha256 IS NULL LIMIT 1)
    UNION ALL
    SELECT * FROM (SELECT ${IDENTITY} FROM ${MISSING} AND (missing_at <= ?2 OR missing_at >= ?3) LIMIT 1)`,
  identity: `SELECT ${IDENTITY} FROM message WHERE id = ?`,
  renumbered:
    'UPDATE message SET uid = ?, gone_at = NULL, missing_at = NULL, listed_octets = NULL WHERE id = ?',
  proven: 'UPDATE message SET sha256 = ?, octets = ?, worked_out = 0 WHERE id = ?',
  workedOut:
    'SELECT count(*) AS count FROM message JOIN delivery ON message = id WHERE account = ? AND destination = ? AND worked_out',
  recognised: 'UPDATE message SET gone_at = NULL, missing_at = NULL, listed_octets = NULL WHERE id = ?',
  listedAs: 'UPDATE message SET listed_octets = ? WHERE id = ?',
  askedAgain: 'UPDATE message SET listed_octets = ?, tried_at = ? WHERE id = ?',
  missing: 'UPDATE message SET missing_at = ? WHERE id = ? AND uid = ?',
  gone: 'UPDATE message SET gone_at = ? WHERE id = ?',
};

/**
 * What `withContent` finds its rows by. Made when a message is first compared by its content, and kept from then on:
 * where messages have unique-ids that seldom happens, and it causes most of what a commit writes.
 */
export const CONTENT_INDEX = 'CREATE INDEX IF NOT EXISTS message_by_content ON message (account, sha256)';

/** What `atPlace` finds its rows by: made when something that was found is first recorded, which few ledgers ever see. */
export const PLACE_INDEX = 'CREATE INDEX IF NOT EXISTS delivery_by_place ON delivery (location)';

/** Every statement of the ledger, prepared once per connection, each when it is first used. */
export type LedgerStatements = Readonly<Record<keyof typeof LEDGER_SQL, Statement>>;

/** Every statement for one connection. */
export function prepareStatements(database: Database): LedgerStatements {
  const prepared = Object.entries(LEDGER_SQL).map(([name, sql]) => [name, database.prepare(sql)]);
  const withContent = database.prepare(LEDGER_SQL.withContent, CONTENT_INDEX);
  const atPlace = database.prepare(LEDGER_SQL.atPlace, PLACE_INDEX);
  return { ...Object.fromEntries(prepared), withContent, atPlace } as LedgerStatements;
}
