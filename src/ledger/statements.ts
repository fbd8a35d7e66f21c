import type { Database, Statement } from './database.ts';

const RECORD = `
  SELECT id, uid, outcome, sha256, attempts, tried_at, delivered_at, missing_at, gone_at,
         CASE outcome WHEN 'delivered' THEN '[]' ELSE
           (SELECT json_group_array(destination) FROM delivery WHERE delivery.message = message.id)
         END AS destinations
  FROM message`;

/** Every statement of the ledger, prepared once per connection. */
export interface LedgerStatements {
  readonly accountByName: Statement;
  readonly insertAccount: Statement;
  readonly pollOpen: Statement;
  readonly setPollOpen: Statement;
  readonly closePoll: Statement;
  readonly listed: Statement;
  readonly withUniqueId: Statement;
  readonly withContent: Statement;
  readonly deletable: Statement;
  readonly used: Statement;
  readonly upsertIntent: Statement;
  readonly intents: Statement;
  readonly dropIntent: Statement;
  readonly dropIntents: Statement;
  readonly insertDelivered: Statement;
  readonly updateDelivered: Statement;
  readonly upsertDelivery: Statement;
  readonly insertFailed: Statement;
  readonly updateFailed: Statement;
  readonly deleSent: Statement;
  readonly recognised: Statement;
  readonly missing: Statement;
  readonly gone: Statement;
}

export function prepareStatements(database: Database): LedgerStatements {
  const prepare = (sql: string): Statement => database.prepare(sql);
  return {
    accountByName: prepare('SELECT id FROM account WHERE name = ?'),
    insertAccount: prepare('INSERT INTO account (name) VALUES (?)'),
    pollOpen: prepare('SELECT poll_open FROM account WHERE id = ?'),
    setPollOpen: prepare('UPDATE account SET poll_open = 1 WHERE id = ?'),
    closePoll: prepare(
      `UPDATE account SET poll_open = ?, last_poll_at = ?, last_report = ?,
              last_success_at = coalesce(?, last_success_at) WHERE id = ?`,
    ),
    listed: prepare(
      `${RECORD} WHERE account = ? AND gone_at IS NULL AND missing_at IS NULL AND uid IS NOT NULL`,
    ),
    withUniqueId: prepare(`${RECORD} WHERE account = ? AND uid = ?`),
    withContent: prepare(`${RECORD} WHERE account = ? AND sha256 = ?`),
    deletable: prepare(
      `SELECT id FROM message
       WHERE account = ? AND gone_at IS NULL AND outcome = 'delivered' AND delivered_at <= ?`,
    ),
    used: prepare('SELECT 1 FROM delivery WHERE destination = ? LIMIT 1'),
    upsertIntent: prepare(
      `INSERT INTO intent (account, destination, tag, location, octets, sha256, opening) VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET location = excluded.location, octets = excluded.octets,
                                 sha256 = excluded.sha256, opening = excluded.opening`,
    ),
    intents: prepare(
      'SELECT tag, location, octets, sha256, opening FROM intent WHERE account = ? AND destination = ?',
    ),
    dropIntent: prepare('DELETE FROM intent WHERE account = ? AND tag = ?'),
    dropIntents: prepare('DELETE FROM intent WHERE account = ?'),
    insertDelivered: prepare(
      `INSERT INTO message (account, uid, octets, sha256, message_id, outcome, tried_at, delivered_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    updateDelivered: prepare(
      `UPDATE message SET octets = ?, sha256 = ?, message_id = ?, outcome = ?, tried_at = ?, delivered_at = ?,
              last_error = NULL WHERE id = ?`,
    ),
    upsertDelivery: prepare(
      `INSERT INTO delivery (message, destination, location, octets, sha256, delivered_at) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT DO NOTHING`,
    ),
    insertFailed: prepare(
      `INSERT INTO message (account, uid, outcome, attempts, last_error, tried_at) VALUES (?, ?, ?, 1, ?, ?)`,
    ),
    updateFailed: prepare(
      'UPDATE message SET outcome = ?, attempts = attempts + 1, last_error = ?, tried_at = ? WHERE id = ?',
    ),
    deleSent: prepare('UPDATE message SET dele_sent_at = ? WHERE id = ?'),
    recognised: prepare('UPDATE message SET gone_at = NULL, missing_at = NULL WHERE id = ?'),
    missing: prepare('UPDATE message SET missing_at = ? WHERE id = ?'),
    gone: prepare('UPDATE message SET gone_at = ? WHERE id = ?'),
  };
}
