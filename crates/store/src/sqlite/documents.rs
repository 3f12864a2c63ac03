//! Records as JSON documents with columns beside them.

use rusqlite::{Connection, OptionalExtension, Params, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::access_token::AccessToken;
use crate::camera::Camera;
use crate::error::StoreError;
use crate::event::Event;
use crate::scheduled::ScheduledTake;
use crate::switch::{SwitchRecord, SwitchSeq};

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Backend(Box::new(error))
    }
}

/// Writes an event, new or changed.
pub(super) fn put_event(connection: &Connection, event: &Event) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO events (id, created_at, doc) VALUES (?1, ?2, ?3)
         ON CONFLICT (id) DO UPDATE SET created_at = ?2, doc = ?3",
    )?;
    let doc = write("event", event)?;
    statement.execute(params![event.id.as_str(), event.created_at.as_millis(), doc])?;
    Ok(())
}

/// Writes a camera, new or changed.
pub(super) fn put_camera(connection: &Connection, camera: &Camera) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO cameras (id, event, priority, created_at, key_hash, doc)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (id) DO UPDATE SET priority = ?3, created_at = ?4, key_hash = ?5, doc = ?6",
    )?;
    statement.execute(params![
        camera.id.as_str(),
        camera.event.as_str(),
        camera.priority,
        camera.created_at.as_millis(),
        camera.key_hash.as_bytes(),
        write("camera", camera)?,
    ])?;
    Ok(())
}

/// Writes a new access token.
pub(super) fn put_token(connection: &Connection, token: &AccessToken) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO tokens (id, event, hash, created_at, expires_at, doc)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    statement.execute(params![
        token.id.as_str(),
        token.event.as_str(),
        token.hash.as_bytes(),
        token.created_at.as_millis(),
        token.expires_at.as_millis(),
        write("token", token)?,
    ])?;
    Ok(())
}

/// Appends to the switch log, at the place `seq` or, without it, after the last.
pub(super) fn put_switch(
    connection: &Connection,
    seq: Option<i64>,
    record: &SwitchRecord,
) -> Result<SwitchSeq, StoreError> {
    let sql = "INSERT INTO switches (seq, event, doc) VALUES (?1, ?2, ?3)";
    let mut statement = connection.prepare_cached(sql)?;
    let row = statement.insert(params![seq, record.event.as_str(), write("switch", record)?])?;
    seq_of_row(row)
}

/// Replaces an entry of the switch log.
pub(super) fn replace_switch(
    connection: &Connection,
    seq: i64,
    record: &SwitchRecord,
) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached("UPDATE switches SET doc = ?2 WHERE seq = ?1")?;
    statement.execute(params![seq, write("switch", record)?])?;
    Ok(())
}

/// Adds a scheduled take.
pub(super) fn put_scheduled_take(
    connection: &Connection,
    take: &ScheduledTake,
) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO scheduled_takes (id, event, at, doc) VALUES (?1, ?2, ?3, ?4)",
    )?;
    statement.execute(params![
        take.id.as_str(),
        take.event.as_str(),
        take.at.as_millis(),
        write("scheduled take", take)?,
    ])?;
    Ok(())
}

/// The place in the log of the entry with this row number.
pub(super) fn seq_of_row(row: i64) -> Result<SwitchSeq, StoreError> {
    u64::try_from(row).map(SwitchSeq).map_err(|error| corrupt("switch", error))
}

/// The document that `sql` selects in its one column.
pub(super) fn get<T: DeserializeOwned>(
    connection: &Connection,
    what: &'static str,
    sql: &str,
    params: impl Params,
) -> Result<Option<T>, StoreError> {
    let doc: Option<String> =
        connection.prepare_cached(sql)?.query_row(params, |row| row.get(0)).optional()?;
    doc.map(|doc| read(what, &doc)).transpose()
}

/// The documents that `sql` selects in its one column.
pub(super) fn list<T: DeserializeOwned>(
    connection: &Connection,
    what: &'static str,
    sql: &str,
    params: impl Params,
) -> Result<Vec<T>, StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    let docs = statement.query_map(params, |row| row.get::<_, String>(0))?;
    docs.map(|doc| read(what, &doc?)).collect()
}

/// A stored document as the record that it should be.
pub(super) fn read<T: DeserializeOwned>(what: &'static str, doc: &str) -> Result<T, StoreError> {
    serde_json::from_str(doc).map_err(|error| corrupt(what, error))
}

/// A record as the document to be stored.
pub(super) fn write<T: Serialize>(what: &'static str, record: &T) -> Result<String, StoreError> {
    serde_json::to_string(record).map_err(|error| corrupt(what, error))
}

fn corrupt<E>(what: &'static str, error: E) -> StoreError
where
    E: std::error::Error + Send + Sync + 'static,
{
    StoreError::Corrupt { what, source: Box::new(error) }
}
