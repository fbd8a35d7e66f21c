import { MailError } from '../errors.ts';
import type { Database } from './database.ts';

/**
 * How the ledger came to look as it does, oldest step first. Steps are never changed once released; a new form
 * is a new step. Times are milliseconds since 1970; unique-ids are octets, each as one character.
 */
const STEPS: readonly string[] = [
  `
  CREATE TABLE account (
    id              INTEGER PRIMARY KEY,
    name            TEXT    NOT NULL UNIQUE,
    maildrop        TEXT,
    renumbering     INTEGER NOT NULL DEFAULT 0,
    poll_open       INTEGER NOT NULL DEFAULT 0,
    settled         INTEGER NOT NULL DEFAULT 0,
    carry_unknown   INTEGER NOT NULL DEFAULT 0,
    most_deleted    INTEGER NOT NULL DEFAULT 0,
    last_poll_at    INTEGER,
    last_success_at INTEGER,
    last_report     TEXT
  ) STRICT;

  CREATE TABLE replaced (path TEXT NOT NULL) STRICT;

  CREATE TABLE message (
    id            INTEGER PRIMARY KEY,
    account       INTEGER NOT NULL REFERENCES account,
    uid           TEXT,
    octets        INTEGER,
    listed_octets INTEGER,
    sha256        BLOB,
    message_id    TEXT,
    header_sha256 BLOB,
    outcome       TEXT    NOT NULL CHECK (outcome IN ('delivered', 'adopted', 'failed', 'quarantined')),
    attempts      INTEGER NOT NULL DEFAULT 0,
    last_error    TEXT,
    tried_at      INTEGER NOT NULL,
    delivered_at  INTEGER,
    dele_sent_at  INTEGER,
    missing_at    INTEGER,
    gone_at       INTEGER
  ) STRICT;
  CREATE INDEX message_by_uid ON message (account, uid);
  CREATE INDEX message_by_content ON message (account, sha256);
  CREATE INDEX message_listed ON message (account, delivered_at) WHERE gone_at IS NULL;

  CREATE TABLE delivery (
    message      INTEGER NOT NULL REFERENCES message,
    destination  TEXT    NOT NULL,
    location     TEXT    NOT NULL,
    octets       INTEGER NOT NULL,
    sha256       BLOB    NOT NULL,
    delivered_at INTEGER NOT NULL,
    PRIMARY KEY (message, destination)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX delivery_by_destination ON delivery (destination);

  CREATE TABLE intent (
    account     INTEGER NOT NULL REFERENCES account,
    destination TEXT    NOT NULL,
    tag         TEXT    NOT NULL,
    location    TEXT    NOT NULL,
    octets      INTEGER NOT NULL,
    sha256      BLOB    NOT NULL,
    opening     BLOB    NOT NULL,
    PRIMARY KEY (account, destination, tag)
  ) STRICT, WITHOUT ROWID;
  `,
  // What was carried, in all and day by day (UTC), kept by the database itself, so that it agrees with the records.
  `
  ALTER TABLE account ADD COLUMN delivered        INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE account ADD COLUMN delivered_octets INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE account ADD COLUMN deleted          INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE account ADD COLUMN standing         TEXT;

  CREATE TABLE carried (
    account  INTEGER NOT NULL REFERENCES account,
    day      INTEGER NOT NULL,
    messages INTEGER NOT NULL,
    octets   INTEGER NOT NULL,
    PRIMARY KEY (account, day)
  ) STRICT, WITHOUT ROWID;

  UPDATE account SET (delivered, delivered_octets, deleted) = (
    SELECT count(*), coalesce(sum(octets), 0), count(gone_at) FROM message
    WHERE message.account = account.id AND outcome = 'delivered');

  CREATE TRIGGER message_delivered_new AFTER INSERT ON message WHEN NEW.outcome = 'delivered' BEGIN
    UPDATE account SET delivered = delivered + 1, delivered_octets = delivered_octets + coalesce(NEW.octets, 0)
      WHERE id = NEW.account;
    INSERT INTO carried VALUES (NEW.account, NEW.delivered_at / 86400000, 1, coalesce(NEW.octets, 0))
      ON CONFLICT DO UPDATE SET messages = messages + 1, octets = octets + excluded.octets;
  END;
  CREATE TRIGGER message_delivered_again AFTER UPDATE OF outcome ON message
    WHEN NEW.outcome = 'delivered' AND OLD.outcome <> 'delivered' BEGIN
    UPDATE account SET delivered = delivered + 1, delivered_octets = delivered_octets + coalesce(NEW.octets, 0)
      WHERE id = NEW.account;
    INSERT INTO carried VALUES (NEW.account, NEW.delivered_at / 86400000, 1, coalesce(NEW.octets, 0))
      ON CONFLICT DO UPDATE SET messages = messages + 1, octets = octets + excluded.octets;
  END;
  CREATE TRIGGER message_gone AFTER UPDATE OF gone_at ON message
    WHEN NEW.gone_at IS NOT NULL AND OLD.gone_at IS NULL BEGIN
    UPDATE account SET deleted = deleted + 1 WHERE id = NEW.account;
  END;
  `,
  `
  CREATE TABLE found (
    id            INTEGER PRIMARY KEY,
    account       INTEGER NOT NULL REFERENCES account,
    destination   TEXT    NOT NULL,
    location      TEXT    NOT NULL,
    octets        INTEGER NOT NULL,
    sha256        BLOB    NOT NULL,
    message_octets INTEGER NOT NULL,
    message_sha256 BLOB   NOT NULL,
    message_id    TEXT,
    header_sha256 BLOB
  ) STRICT;
  CREATE INDEX found_of_account ON found (account);
  `,
  // How the maildrop looked when nothing was left to do there.
  `
  ALTER TABLE account ADD COLUMN quiet TEXT;
  `,
  // Which other program's memory says that an adopted message was carried.
  `
  ALTER TABLE message ADD COLUMN peer TEXT;
  CREATE INDEX message_imported ON message (account, peer) WHERE peer IS NOT NULL;
  `,
  // When the maildrop was last entered, and how long its server wants to be left alone after that.
  `
  ALTER TABLE account ADD COLUMN logged_in_at INTEGER;
  ALTER TABLE account ADD COLUMN login_delay_ms INTEGER;
  `,
  // Whether the server would not mark a message as deleted: then it vanishes for another reason, if it does.
  `
  ALTER TABLE message ADD COLUMN dele_refused INTEGER NOT NULL DEFAULT 0;
  `,
  // The last record that there was when a poll went well: clocks are set back, the order of records never changes.
  `
  ALTER TABLE account ADD COLUMN success_message INTEGER;
  `,
  // The messages that came last are looked for at each poll, among all that were ever carried.
  `
  CREATE INDEX message_measured ON message (account)
    WHERE outcome = 'delivered' AND octets IS NOT NULL AND listed_octets IS NOT NULL;
  `,
  // What was found at a destination, with LF in place of CRLF.
  `
  ALTER TABLE found ADD COLUMN message_lf_sha256 BLOB;
  `,
  // Each record dirties a page of its own in it, and few ledgers ever look for a content: those make it anew.
  `
  DROP INDEX message_by_content;
  `,
  // What did not end well is looked for at each poll, among all that was ever carried.
  `
  CREATE INDEX message_failed ON message (account) WHERE outcome IN ('failed', 'quarantined');
  `,
  // Whether the hash is of what the stored octets are once each LF becomes CRLF.
  `
  ALTER TABLE delivery ADD COLUMN of_crlf INTEGER NOT NULL DEFAULT 0;
  `,
  // Who has written to it, process by process: one that was put back from a backup lacks the last of them.
  `
  CREATE TABLE generation (id INTEGER PRIMARY KEY, name TEXT NOT NULL, seal TEXT) STRICT;
  `,
  // What others have deleted on the server adds up over the years, and no poll looks through it for what is there still.
  `
  DROP INDEX IF EXISTS message_listed;
  CREATE INDEX IF NOT EXISTS message_present ON message (account) WHERE gone_at IS NULL AND missing_at IS NULL;
  CREATE INDEX IF NOT EXISTS message_missing ON message (account, missing_at) WHERE gone_at IS NULL AND missing_at IS NOT NULL;
  `,
  // Whether what was delivered there is lost, and wanted once more: until it has come it counts as not delivered. Whether what a
  // message was when it came is known only from what stands here. What somebody was asked about deletions.
  `
  ALTER TABLE delivery ADD COLUMN again INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE message ADD COLUMN worked_out INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE account ADD COLUMN asked TEXT;
  `,
  // Which folder an mbox was in when it was last opened: one that is missing in another is on a disk that is not mounted. When
  // it was first found in that one, where it had been in another before: what it lacks of the time before may be lost.
  `
  CREATE TABLE folder (
    destination TEXT PRIMARY KEY,
    inode       TEXT NOT NULL,
    born        TEXT,
    changed_at  INTEGER
  ) STRICT, WITHOUT ROWID;
  `,
  // What a message in an mbox is without the fields that mail programs write, where it came with such.
  `
  ALTER TABLE delivery ADD COLUMN unmarked_sha256 BLOB;
  ALTER TABLE found ADD COLUMN unmarked_sha256 BLOB;
  `,
];

/**
 * Brings a ledger to the form that this version knows, in one transaction, so that it has one form or the other. Raises `ledger`
 * for a newer one.
 */
export function migrate(database: Database, path: string): void {
  if (isCurrent(database, path)) return;
  const missing = STEPS.slice(formOf(database));
  database.transaction(() => {
    for (const step of missing) database.execute(step);
    database.execute(`PRAGMA user_version = ${STEPS.length}`);
  });
}

/** Whether a ledger has the form that this version knows. Raises `ledger` for a newer one. */
export function isCurrent(database: Database, path: string): boolean {
  const form = formOf(database);
  refuseNewer(form, path);
  return form === STEPS.length;
}

/**
 * Whether a ledger can be read in the form it has; `since` is the form that brought the last of what is asked for. Raises
 * `ledger` where it is older than that, or newer than any form known here: finding nothing would not mean that there is
 * nothing (I9).
 */
export function isReadable(database: Database, path: string, since: number): boolean {
  const form = formOf(database);
  refuseNewer(form, path);
  if (form === 0 || form >= since) return form > 0;
  throw new MailError(
    'ledger',
    `${path} was written by an older Mailferry (form ${form}, readable from ${since}).`,
    {
      hint: 'The next poll brings it to the form of this version: restart the daemon, or run mailferry fetch.',
    },
  );
}

function refuseNewer(form: number, path: string): void {
  if (form <= STEPS.length) return;
  throw new MailError(
    'ledger',
    `${path} was written by a newer Mailferry (form ${form}, known: ${STEPS.length}).`,
    {
      hint: 'Use that version again; an older one could misread what was carried.',
    },
  );
}

function formOf(database: Database): number {
  return Number(database.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
}
