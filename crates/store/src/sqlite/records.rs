//! Recordings and hook deliveries as SQL.

use rusqlite::{Connection, params};

use super::documents::{get, list, write};
use super::queries::{check_limit, find_event};
use crate::error::StoreError;
use crate::hook::{HookDelivery, HookQueue};
use crate::id::{EventId, HookDeliveryId, RecordingId};
use crate::limits::{HOOK_DELIVERIES_MAX, RECORDINGS_PER_EVENT_MAX};
use crate::recording::Recording;

const RECORDING: &str = "SELECT doc FROM recordings WHERE id = ?1";
const RECORDINGS: &str = "SELECT doc FROM recordings WHERE event = ?1 ORDER BY started_at, id";
const HOOK_DELIVERY: &str = "SELECT doc FROM hook_deliveries WHERE id = ?1";
const HOOK_DELIVERIES: &str =
    "SELECT doc FROM hook_deliveries WHERE dead = ?1 ORDER BY seq LIMIT ?2";

pub(super) fn put_recording(db: &Connection, recording: &Recording) -> Result<(), StoreError> {
    recording.check()?;
    check_event(db, &recording.event)?;
    match get::<Recording>(db, "recording", RECORDING, [recording.id.as_str()])? {
        Some(other) if other.event != recording.event => {
            return Err(StoreError::AlreadyExists { what: "recording" });
        }
        Some(_) => {}
        None => {
            let sql = "SELECT count(*) FROM recordings WHERE event = ?1";
            let count = db.query_row(sql, [recording.event.as_str()], |row| row.get(0))?;
            check_limit("recordings in the event", count, RECORDINGS_PER_EVENT_MAX)?;
        }
    }
    let sql = "INSERT INTO recordings (id, event, started_at, doc) VALUES (?1, ?2, ?3, ?4)
               ON CONFLICT (id) DO UPDATE SET started_at = ?3, doc = ?4";
    db.prepare_cached(sql)?.execute(params![
        recording.id.as_str(),
        recording.event.as_str(),
        recording.started_at.as_millis(),
        write("recording", recording)?,
    ])?;
    Ok(())
}

pub(super) fn recordings(db: &Connection, event: &EventId) -> Result<Vec<Recording>, StoreError> {
    list(db, "recording", RECORDINGS, [event.as_str()])
}

pub(super) fn delete_recording(
    db: &Connection,
    event: &EventId,
    id: &RecordingId,
) -> Result<Option<Recording>, StoreError> {
    let found: Option<Recording> = get(db, "recording", RECORDING, [id.as_str()])?;
    let Some(recording) = found.filter(|recording| recording.event == *event) else {
        return Ok(None);
    };
    db.execute("DELETE FROM recordings WHERE id = ?1", [id.as_str()])?;
    Ok(Some(recording))
}

pub(super) fn put_hook_delivery(
    db: &Connection,
    delivery: &HookDelivery,
) -> Result<(), StoreError> {
    delivery.check()?;
    let id = delivery.id.as_str();
    if get::<HookDelivery>(db, "hook delivery", HOOK_DELIVERY, [id])?.is_none() {
        let sql = "SELECT count(*) FROM hook_deliveries";
        let count = db.query_row(sql, [], |row| row.get(0))?;
        check_limit("hook deliveries", count, HOOK_DELIVERIES_MAX)?;
    }
    let sql = "INSERT INTO hook_deliveries (id, dead, doc) VALUES (?1, ?2, ?3)
               ON CONFLICT (id) DO UPDATE SET dead = ?2, doc = ?3";
    db.prepare_cached(sql)?.execute(params![
        id,
        delivery.dead,
        write("hook delivery", delivery)?
    ])?;
    Ok(())
}

pub(super) fn hook_deliveries(
    db: &Connection,
    queue: HookQueue,
    limit: u32,
) -> Result<Vec<HookDelivery>, StoreError> {
    let dead = queue == HookQueue::Dead;
    list(db, "hook delivery", HOOK_DELIVERIES, params![dead, limit.min(HOOK_DELIVERIES_MAX)])
}

pub(super) fn delete_hook_delivery(
    db: &Connection,
    id: &HookDeliveryId,
) -> Result<Option<HookDelivery>, StoreError> {
    let found = get(db, "hook delivery", HOOK_DELIVERY, [id.as_str()])?;
    db.execute("DELETE FROM hook_deliveries WHERE id = ?1", [id.as_str()])?;
    Ok(found)
}

fn check_event(db: &Connection, event: &EventId) -> Result<(), StoreError> {
    match find_event(db, event)? {
        Some(_) => Ok(()),
        None => Err(StoreError::NotFound { what: "event" }),
    }
}
