//! The schema: its version, and the steps from each version to the next.
//!
//! `PRAGMA user_version` holds the number of steps taken. Steps are only ever added at the end; a file that has
//! taken more of them than this build knows is refused untouched.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use crate::error::StoreError;
use crate::limits::FILE_BUSY_TIME_MAX;

/// "GNLK": says in the file's header whose it is.
const APPLICATION_ID: i32 = 0x474E_4C4B;

/// Step `n` leads from version `n` to `n + 1`.
const STEPS: &[&str] = &[
    "
    CREATE TABLE events (
        id         TEXT PRIMARY KEY NOT NULL,
        created_at INTEGER NOT NULL,
        doc        TEXT NOT NULL CHECK (json_valid(doc))
    ) STRICT;
    CREATE INDEX events_by_age ON events (created_at, id);

    CREATE TABLE cameras (
        id         TEXT PRIMARY KEY NOT NULL,
        event      TEXT NOT NULL REFERENCES events (id) ON DELETE CASCADE,
        priority   INTEGER NOT NULL,
        created_at INTEGER NOT NULL,
        key_hash   BLOB NOT NULL UNIQUE,
        doc        TEXT NOT NULL CHECK (json_valid(doc))
    ) STRICT;
    CREATE INDEX cameras_by_failover ON cameras (event, priority, created_at, id);

    CREATE TABLE switches (
        seq   INTEGER PRIMARY KEY AUTOINCREMENT,
        event TEXT NOT NULL REFERENCES events (id) ON DELETE CASCADE,
        doc   TEXT NOT NULL CHECK (json_valid(doc))
    ) STRICT;
    CREATE INDEX switches_by_event ON switches (event, seq);

    CREATE TABLE meta (
        key   TEXT PRIMARY KEY NOT NULL,
        value TEXT NOT NULL
    ) STRICT;
",
    "
    CREATE TABLE tokens (
        id         TEXT NOT NULL,
        event      TEXT NOT NULL REFERENCES events (id) ON DELETE CASCADE,
        hash       BLOB NOT NULL UNIQUE,
        created_at INTEGER NOT NULL,
        expires_at INTEGER NOT NULL,
        doc        TEXT NOT NULL CHECK (json_valid(doc)),
        PRIMARY KEY (event, id)
    ) STRICT;
    CREATE INDEX tokens_by_age ON tokens (event, created_at, id);
",
    "
    CREATE TABLE scheduled_takes (
        seq   INTEGER PRIMARY KEY AUTOINCREMENT,
        id    TEXT UNIQUE NOT NULL,
        event TEXT NOT NULL REFERENCES events (id) ON DELETE CASCADE,
        at    INTEGER NOT NULL,
        doc   TEXT NOT NULL CHECK (json_valid(doc))
    ) STRICT;
    CREATE INDEX scheduled_takes_by_time ON scheduled_takes (event, at, seq);
",
    "
    CREATE TABLE hook_deliveries (
        seq  INTEGER PRIMARY KEY AUTOINCREMENT,
        id   TEXT UNIQUE NOT NULL,
        dead INTEGER NOT NULL,
        doc  TEXT NOT NULL CHECK (json_valid(doc))
    ) STRICT;
    CREATE INDEX hook_deliveries_by_queue ON hook_deliveries (dead, seq);
",
    "
    CREATE TABLE recordings (
        id         TEXT PRIMARY KEY NOT NULL,
        event      TEXT NOT NULL REFERENCES events (id) ON DELETE CASCADE,
        started_at INTEGER NOT NULL,
        doc        TEXT NOT NULL CHECK (json_valid(doc))
    ) STRICT;
    CREATE INDEX recordings_by_time ON recordings (event, started_at, id);

    CREATE TABLE outbox (
        seq      INTEGER PRIMARY KEY AUTOINCREMENT,
        rejected TEXT,
        doc      TEXT NOT NULL CHECK (json_valid(doc))
    ) STRICT;
    CREATE INDEX outbox_waiting ON outbox (seq) WHERE rejected IS NULL;
",
    // What is known of recordings is in their own indexes.
    "
    DROP TABLE recordings;
",
];

/// The newest schema version that this build knows.
pub(super) const VERSION: u32 = STEPS.len() as u32;

/// Sets the connection up, checks whose file it is, and takes the steps that are missing.
pub(super) fn prepare(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let open = |error: rusqlite::Error| StoreError::Open {
        path: path.to_owned(),
        source: Box::new(error),
    };
    connection.busy_timeout(FILE_BUSY_TIME_MAX).map_err(open)?;
    let found = recognise(connection, path)?;
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;",
        )
        .map_err(open)?;
    migrate(connection, found).map_err(open)
}

/// The schema version of a file that is ours or new.
fn recognise(connection: &Connection, path: &Path) -> Result<u32, StoreError> {
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let foreign = || StoreError::Foreign { path: path.to_owned() };
    // The first read of a file that is no database at all fails here.
    let application = pragma("application_id").map_err(|_| foreign())?;
    let version = pragma("user_version").map_err(|_| foreign())?;
    let tables: u32 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(|_| foreign())?;
    match (application, tables) {
        (APPLICATION_ID, _) => {}
        (0, 0) => return Ok(0),
        _ => return Err(foreign()),
    }
    let found = u32::try_from(version).map_err(|_| foreign())?;
    if found > VERSION {
        return Err(StoreError::NewerSchema { path: path.to_owned(), found, supported: VERSION });
    }
    Ok(found)
}

/// Takes the steps after version `found`, all or none.
fn migrate(connection: &mut Connection, found: u32) -> rusqlite::Result<()> {
    if found == VERSION {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for step in STEPS.iter().skip(found as usize) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()?;
    tracing::info!(from = found, to = VERSION, "store schema brought up to date");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::documents::{list, put_event};
    use crate::{Event, EventPolicy, Life, Playback, SwitchOutcome, SwitchRecord};

    /// What the first build wrote, and a field of a later one.
    const EVENT: &str = r#"{"id":"a","name":"Ann & Bob","created_at":5,"policy":{"failover_after_ms":2000},"stage":"later"}"#;
    const SWITCH: &str = r#"{"event":"a","from":null,"to":"aisle","requested_at":1,"switched_at":2,"style":"clean","wait_ms":1,"discontinuity":"none","reason":"take"}"#;

    fn first_version() -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(STEPS[0]).unwrap();
        connection.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
        connection.pragma_update(None, "user_version", 1).unwrap();
        let event = "INSERT INTO events (id, created_at, doc) VALUES ('a', 5, ?1)";
        connection.execute(event, [EVENT]).unwrap();
        connection.execute("INSERT INTO switches (event, doc) VALUES ('a', ?1)", [SWITCH]).unwrap();
        connection
    }

    #[test]
    fn a_file_of_the_first_version_opens_with_everything_in_it() {
        let mut connection = first_version();
        prepare(&mut connection, Path::new("old")).unwrap();
        let events: Vec<Event> = list(&connection, "event", "SELECT doc FROM events", []).unwrap();
        assert_eq!(events.len(), 1);
        let policy = EventPolicy { failover_after_ms: 2000, ..EventPolicy::default() };
        let event = &events[0];
        assert_eq!((&event.policy, &event.lock), (&policy, &None));
        assert_eq!(event.creator_id, None, "the administrator's");
        assert_eq!((event.life, event.playback), (Life::Open, Playback::Public));
        let log: Vec<SwitchRecord> =
            list(&connection, "switch", "SELECT doc FROM switches", []).unwrap();
        assert_eq!(log[0].outcome, SwitchOutcome::Cut);
        assert_eq!(log[0].switched_at.map(|at| at.as_millis()), Some(2));
        let count: u32 = connection
            .query_row("SELECT count(*) FROM scheduled_takes", [], |row| row.get(0))
            .unwrap();
        assert_eq!(count, 0);
    }

    #[test]
    fn what_another_build_wrote_beside_the_known_fields_survives_a_change() {
        let mut connection = first_version();
        prepare(&mut connection, Path::new("old")).unwrap();
        let sql = "SELECT doc FROM events";
        let event = list::<Event>(&connection, "event", sql, []).unwrap().remove(0);
        put_event(&connection, &event).unwrap();
        let doc: String = connection.query_row(sql, [], |row| row.get(0)).unwrap();
        assert!(doc.contains(r#""stage":"later""#), "{doc}");
    }
}
