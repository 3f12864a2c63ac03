//! What the calls of the store do, as SQL.

use rusqlite::{Connection, params};

use super::documents::{
    get, list, put_camera, put_event, put_scheduled_take, put_switch, put_token, read,
    replace_switch, seq_of_row,
};
use crate::access_token::AccessToken;
use crate::camera::Camera;
use crate::error::StoreError;
use crate::event::Event;
use crate::id::{CameraId, EventId, ScheduledTakeId, TokenId};
use crate::limits::{
    CAMERAS_PER_EVENT_MAX, SCHEDULED_PER_EVENT_MAX, SWITCH_PAGE_MAX, TOKENS_PER_EVENT_MAX,
};
use crate::policy::AudioSource;
use crate::scheduled::ScheduledTake;
use crate::secret::SecretHash;
use crate::switch::{Ledger, LoggedSwitch, SwitchPage, SwitchRecord, SwitchSeq};
use crate::time::Timestamp;

const EVENT: &str = "SELECT doc FROM events WHERE id = ?1";
const EVENTS: &str = "SELECT doc FROM events ORDER BY created_at, id";
const CAMERA: &str = "SELECT doc FROM cameras WHERE id = ?1 AND event = ?2";
const CAMERA_ANYWHERE: &str = "SELECT doc FROM cameras WHERE id = ?1";
const CAMERA_BY_KEY: &str = "SELECT doc FROM cameras WHERE key_hash = ?1";
const CAMERAS: &str = "SELECT doc FROM cameras WHERE event = ?1 ORDER BY priority, created_at, id";
const TOKEN: &str = "SELECT doc FROM tokens WHERE id = ?1 AND event = ?2";
const TOKEN_BY_HASH: &str = "SELECT doc FROM tokens WHERE hash = ?1";
const TOKENS: &str = "SELECT doc FROM tokens WHERE event = ?1 ORDER BY created_at, id";
const SWITCHES: &str =
    "SELECT seq, doc FROM switches WHERE event = ?1 AND seq < ?2 ORDER BY seq DESC LIMIT ?3";
const SWITCH: &str = "SELECT doc FROM switches WHERE seq = ?1 AND event = ?2";
const SWITCH_ANYWHERE: &str = "SELECT 1 FROM switches WHERE seq = ?1";
const SCHEDULED_TAKE: &str = "SELECT doc FROM scheduled_takes WHERE id = ?1 AND event = ?2";
const SCHEDULED_TAKE_ANYWHERE: &str = "SELECT doc FROM scheduled_takes WHERE id = ?1";
const SCHEDULED_TAKES: &str = "SELECT doc FROM scheduled_takes WHERE event = ?1 ORDER BY at, seq";
const TRIM_SWITCHES: &str = "DELETE FROM switches WHERE event = ?1 AND seq <= (
    SELECT seq FROM switches WHERE event = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?2)";

/// Adds an event, if there are not `max` already.
pub(super) fn create_event(db: &Connection, event: &Event, max: u32) -> Result<(), StoreError> {
    if find_event(db, &event.id)?.is_some() {
        return Err(StoreError::AlreadyExists { what: "event" });
    }
    let count = db.query_row("SELECT count(*) FROM events", [], |row| row.get(0))?;
    check_limit("events", count, max)?;
    put_event(db, event)
}

pub(super) fn create_camera(db: &Connection, camera: &Camera) -> Result<(), StoreError> {
    if find_event(db, &camera.event)?.is_none() {
        return Err(StoreError::NotFound { what: "event" });
    }
    let same_id: Option<Camera> = get(db, "camera", CAMERA_ANYWHERE, [camera.id.as_str()])?;
    check_key_is_free(db, camera)?;
    if same_id.is_some() {
        return Err(StoreError::AlreadyExists { what: "camera" });
    }
    let count = db.query_row(
        "SELECT count(*) FROM cameras WHERE event = ?1",
        [camera.event.as_str()],
        |row| row.get(0),
    )?;
    check_limit("cameras in the event", count, CAMERAS_PER_EVENT_MAX)?;
    put_camera(db, camera)
}

/// Those that have ended by `now` make room.
pub(super) fn create_token(
    db: &Connection,
    token: &AccessToken,
    now: Timestamp,
) -> Result<(), StoreError> {
    if find_event(db, &token.event)?.is_none() {
        return Err(StoreError::NotFound { what: "event" });
    }
    db.execute(
        "DELETE FROM tokens WHERE event = ?1 AND expires_at <= ?2",
        params![token.event.as_str(), now.as_millis()],
    )?;
    if find_token(db, &token.event, &token.id)?.is_some()
        || find_token_by_hash(db, &token.hash)?.is_some()
    {
        return Err(StoreError::AlreadyExists { what: "token" });
    }
    let count = db.query_row(
        "SELECT count(*) FROM tokens WHERE event = ?1",
        [token.event.as_str()],
        |row| row.get(0),
    )?;
    check_limit("tokens in the event", count, TOKENS_PER_EVENT_MAX)?;
    put_token(db, token)
}

pub(super) fn list_tokens(
    db: &Connection,
    event: &EventId,
) -> Result<Vec<AccessToken>, StoreError> {
    list(db, "token", TOKENS, [event.as_str()])
}

pub(super) fn remove_token(
    db: &Connection,
    event: &EventId,
    id: &TokenId,
) -> Result<Option<AccessToken>, StoreError> {
    let token = find_token(db, event, id)?;
    let keys = [id.as_str(), event.as_str()];
    db.execute("DELETE FROM tokens WHERE id = ?1 AND event = ?2", keys)?;
    Ok(token)
}

pub(super) fn list_scheduled_takes(
    db: &Connection,
    event: &EventId,
) -> Result<Vec<ScheduledTake>, StoreError> {
    list(db, "scheduled take", SCHEDULED_TAKES, [event.as_str()])
}

pub(super) fn remove_scheduled_take(
    db: &Connection,
    event: &EventId,
    id: &ScheduledTakeId,
) -> Result<Option<ScheduledTake>, StoreError> {
    let keys = [id.as_str(), event.as_str()];
    let take = get(db, "scheduled take", SCHEDULED_TAKE, keys)?;
    db.execute("DELETE FROM scheduled_takes WHERE id = ?1 AND event = ?2", keys)?;
    Ok(take)
}

/// Whether the place in the log is taken.
pub(super) fn is_logged(db: &Connection, row: i64) -> Result<bool, StoreError> {
    Ok(db.prepare_cached(SWITCH_ANYWHERE)?.exists([row])?)
}

pub(super) fn find_event(db: &Connection, id: &EventId) -> Result<Option<Event>, StoreError> {
    get(db, "event", EVENT, [id.as_str()])
}

pub(super) fn list_events(db: &Connection) -> Result<Vec<Event>, StoreError> {
    list(db, "event", EVENTS, [])
}

pub(super) fn list_cameras(db: &Connection, event: &EventId) -> Result<Vec<Camera>, StoreError> {
    list(db, "camera", CAMERAS, [event.as_str()])
}

/// Removes an event; what belongs to it goes by its foreign keys.
pub(super) fn remove_event(db: &Connection, id: &EventId) -> Result<Option<Event>, StoreError> {
    let event = find_event(db, id)?;
    db.execute("DELETE FROM events WHERE id = ?1", [id.as_str()])?;
    Ok(event)
}

pub(super) fn remove_camera(
    db: &Connection,
    event: &EventId,
    id: &CameraId,
) -> Result<Option<Camera>, StoreError> {
    let Some(camera) = find_camera(db, event, id)? else { return Ok(None) };
    let keys = [id.as_str(), event.as_str()];
    db.execute("DELETE FROM cameras WHERE id = ?1 AND event = ?2", keys)?;
    let tokens = "DELETE FROM tokens WHERE doc ->> '$.camera' = ?1 AND event = ?2";
    db.execute(tokens, keys)?;
    follow_instead_of(db, event, id)?;
    Ok(Some(camera))
}

pub(super) fn find_camera(
    db: &Connection,
    event: &EventId,
    id: &CameraId,
) -> Result<Option<Camera>, StoreError> {
    get(db, "camera", CAMERA, [id.as_str(), event.as_str()])
}

/// The index finds the row; the comparison that admits is the constant-time one.
pub(super) fn find_by_key(
    db: &Connection,
    key_hash: &SecretHash,
) -> Result<Option<Camera>, StoreError> {
    let camera: Option<Camera> = get(db, "camera", CAMERA_BY_KEY, [key_hash.as_bytes()])?;
    Ok(camera.filter(|camera| camera.key_hash == *key_hash))
}

pub(super) fn find_token(
    db: &Connection,
    event: &EventId,
    id: &TokenId,
) -> Result<Option<AccessToken>, StoreError> {
    get(db, "token", TOKEN, [id.as_str(), event.as_str()])
}

/// As for stream keys: the index finds, the constant-time comparison admits.
pub(super) fn find_token_by_hash(
    db: &Connection,
    hash: &SecretHash,
) -> Result<Option<AccessToken>, StoreError> {
    let token: Option<AccessToken> = get(db, "token", TOKEN_BY_HASH, [hash.as_bytes()])?;
    Ok(token.filter(|token| token.hash == *hash))
}

/// The place of a new entry where other stores have entries, too: microseconds of its time, or after the last.
pub(super) fn place_by_time(db: &Connection, record: &SwitchRecord) -> Result<i64, StoreError> {
    let sql = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'switches'";
    let last: i64 = db.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
    Ok(last.saturating_add(1).max(record.requested_at.as_millis().saturating_mul(1000)))
}

pub(super) fn row_of_seq(seq: SwitchSeq) -> Result<i64, StoreError> {
    let what = "place in the log";
    i64::try_from(seq.0).map_err(|error| StoreError::Corrupt { what, source: Box::new(error) })
}

/// Appends to an event's log and drops what is older than its newest `keep` entries.
pub(super) fn append_switch(
    db: &Connection,
    seq: Option<i64>,
    record: &SwitchRecord,
    keep: u32,
) -> Result<SwitchSeq, StoreError> {
    if find_event(db, &record.event)?.is_none() {
        return Err(StoreError::NotFound { what: "event" });
    }
    let seq = put_switch(db, seq, record)?;
    db.prepare_cached(TRIM_SWITCHES)?.execute(params![record.event.as_str(), keep])?;
    Ok(seq)
}

pub(super) fn set_ledger(
    db: &Connection,
    event: &EventId,
    seq: SwitchSeq,
    ledger: Ledger,
) -> Result<bool, StoreError> {
    let Ok(row) = i64::try_from(seq.0) else { return Ok(false) };
    let found: Option<SwitchRecord> = get(db, "switch", SWITCH, params![row, event.as_str()])?;
    let Some(record) = found else { return Ok(false) };
    replace_switch(db, row, &SwitchRecord { ledger, ..record })?;
    Ok(true)
}

pub(super) fn schedule_take(db: &Connection, take: &ScheduledTake) -> Result<(), StoreError> {
    if find_event(db, &take.event)?.is_none() {
        return Err(StoreError::NotFound { what: "event" });
    }
    let same_id: Option<ScheduledTake> =
        get(db, "scheduled take", SCHEDULED_TAKE_ANYWHERE, [take.id.as_str()])?;
    if same_id.is_some() {
        return Err(StoreError::AlreadyExists { what: "scheduled take" });
    }
    let count = db.query_row(
        "SELECT count(*) FROM scheduled_takes WHERE event = ?1",
        [take.event.as_str()],
        |row| row.get(0),
    )?;
    check_limit("scheduled takes in the event", count, SCHEDULED_PER_EVENT_MAX)?;
    put_scheduled_take(db, take)
}

/// Lets the sound of an event follow the picture if it came from a camera that is gone.
pub(super) fn follow_instead_of(
    db: &Connection,
    event: &EventId,
    gone: &CameraId,
) -> Result<(), StoreError> {
    let Some(mut event) = find_event(db, event)? else { return Ok(()) };
    if event.policy.audio_source == AudioSource::Camera(gone.clone()) {
        event.policy.audio_source = AudioSource::Follow;
        put_event(db, &event)?;
    }
    Ok(())
}

pub(super) fn find_switches(
    db: &Connection,
    event: &EventId,
    page: SwitchPage,
) -> Result<Vec<LoggedSwitch>, StoreError> {
    let before = page.before.map_or(i64::MAX, |seq| i64::try_from(seq.0).unwrap_or(i64::MAX));
    let limit = page.limit.min(SWITCH_PAGE_MAX);
    let mut statement = db.prepare_cached(SWITCHES)?;
    let rows = statement.query_map(params![event.as_str(), before, limit], |row| {
        Ok((row.get(0)?, row.get::<_, String>(1)?))
    })?;
    rows.map(|row| {
        let (seq, doc) = row?;
        Ok(LoggedSwitch { seq: seq_of_row(seq)?, record: read("switch", &doc)? })
    })
    .collect()
}

/// Refuses a key that another camera has.
pub(super) fn check_key_is_free(db: &Connection, camera: &Camera) -> Result<(), StoreError> {
    match find_by_key(db, &camera.key_hash)? {
        Some(other) if other.id != camera.id => Err(StoreError::AlreadyExists { what: "key" }),
        _ => Ok(()),
    }
}

pub(super) fn check_limit(what: &'static str, count: u32, limit: u32) -> Result<(), StoreError> {
    if count < limit { Ok(()) } else { Err(StoreError::LimitExceeded { what, limit }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{event, switch};
    use crate::{SqliteStore, Store};

    #[tokio::test]
    async fn the_log_of_an_event_drops_its_oldest_entries_and_no_other_events() {
        let store = SqliteStore::in_memory().unwrap();
        for id in ["busy", "quiet"] {
            store.create_event(event(id)).await.unwrap();
        }
        let quiet = store.append_switch(switch("quiet", 0)).await.unwrap();
        for at in 0..10 {
            store.write(move |db| append_switch(db, None, &switch("busy", at), 3)).await.unwrap();
        }
        let page = SwitchPage { before: None, limit: 100 };
        let kept = store.switches(&EventId::parse("busy").unwrap(), page).await.unwrap();
        let times: Vec<_> =
            kept.iter().map(|entry| entry.record.requested_at.as_millis()).collect();
        assert_eq!(times, [9, 8, 7]);
        let other = store.switches(&EventId::parse("quiet").unwrap(), page).await.unwrap();
        assert_eq!(other.first().map(|entry| entry.seq), Some(quiet));
    }
}
