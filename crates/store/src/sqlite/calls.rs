//! The calls of [`Store`] as SQL.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::documents::{
    get, list, put_camera, put_event, put_scheduled_take, put_switch, put_token, read,
    replace_switch, seq_of_row,
};
use super::{SqliteStore, records};
use crate::access_token::AccessToken;
use crate::camera::{Camera, CameraPatch};
use crate::error::StoreError;
use crate::event::{Event, EventPatch};
use crate::hook::{HookDelivery, HookQueue};
use crate::id::{CameraId, EventId, ScheduledTakeId, TokenId};
use crate::limits::{
    CAMERAS_PER_EVENT_MAX, EVENTS_MAX, SCHEDULED_PER_EVENT_MAX, SWITCH_PAGE_MAX,
    SWITCHES_PER_EVENT_MAX, TOKENS_PER_EVENT_MAX,
};
use crate::policy::AudioSource;
use crate::record_id::HookDeliveryId;
use crate::scheduled::ScheduledTake;
use crate::secret::SecretHash;
use crate::store::{MetaKey, Store};
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
const SCHEDULED_TAKE: &str = "SELECT doc FROM scheduled_takes WHERE id = ?1 AND event = ?2";
const SCHEDULED_TAKE_ANYWHERE: &str = "SELECT doc FROM scheduled_takes WHERE id = ?1";
const SCHEDULED_TAKES: &str = "SELECT doc FROM scheduled_takes WHERE event = ?1 ORDER BY at, seq";
const TRIM_SWITCHES: &str = "DELETE FROM switches WHERE event = ?1 AND seq <= (
    SELECT seq FROM switches WHERE event = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?2)";

#[async_trait]
impl Store for SqliteStore {
    async fn create_event(&self, event: Event) -> Result<(), StoreError> {
        self.write(move |db| {
            if find_event(db, &event.id)?.is_some() {
                return Err(StoreError::AlreadyExists { what: "event" });
            }
            let count = db.query_row("SELECT count(*) FROM events", [], |row| row.get(0))?;
            check_limit("events", count, EVENTS_MAX)?;
            put_event(db, &event)
        })
        .await
    }

    async fn event(&self, id: &EventId) -> Result<Option<Event>, StoreError> {
        let id = id.clone();
        self.writer.call(move |db| find_event(db, &id)).await
    }

    async fn events(&self) -> Result<Vec<Event>, StoreError> {
        self.writer.call(|db| list(db, "event", EVENTS, [])).await
    }

    async fn update_event(
        &self,
        id: &EventId,
        patch: EventPatch,
    ) -> Result<Option<Event>, StoreError> {
        let id = id.clone();
        self.write(move |db| {
            let Some(mut event) = find_event(db, &id)? else {
                return Ok(None);
            };
            patch.apply(&mut event);
            put_event(db, &event)?;
            Ok(Some(event))
        })
        .await
    }

    async fn delete_event(&self, id: &EventId) -> Result<Option<Event>, StoreError> {
        let id = id.clone();
        self.write(move |db| {
            let event = find_event(db, &id)?;
            db.execute("DELETE FROM events WHERE id = ?1", [id.as_str()])?;
            Ok(event)
        })
        .await
    }

    async fn create_camera(&self, camera: Camera) -> Result<(), StoreError> {
        self.write(move |db| {
            if find_event(db, &camera.event)?.is_none() {
                return Err(StoreError::NotFound { what: "event" });
            }
            let same_id: Option<Camera> = get(db, "camera", CAMERA_ANYWHERE, [camera.id.as_str()])?;
            check_key_is_free(db, &camera)?;
            if same_id.is_some() {
                return Err(StoreError::AlreadyExists { what: "camera" });
            }
            let count = db.query_row(
                "SELECT count(*) FROM cameras WHERE event = ?1",
                [camera.event.as_str()],
                |row| row.get(0),
            )?;
            check_limit("cameras in the event", count, CAMERAS_PER_EVENT_MAX)?;
            put_camera(db, &camera)
        })
        .await
    }

    async fn camera(&self, event: &EventId, id: &CameraId) -> Result<Option<Camera>, StoreError> {
        let (event, id) = (event.clone(), id.clone());
        self.writer.call(move |db| find_camera(db, &event, &id)).await
    }

    async fn camera_by_key(&self, key_hash: &SecretHash) -> Result<Option<Camera>, StoreError> {
        let key_hash = *key_hash;
        self.writer.call(move |db| find_by_key(db, &key_hash)).await
    }

    async fn cameras(&self, event: &EventId) -> Result<Vec<Camera>, StoreError> {
        let event = event.clone();
        self.writer.call(move |db| list(db, "camera", CAMERAS, [event.as_str()])).await
    }

    async fn update_camera(
        &self,
        event: &EventId,
        id: &CameraId,
        patch: CameraPatch,
    ) -> Result<Option<Camera>, StoreError> {
        let (event, id) = (event.clone(), id.clone());
        self.write(move |db| {
            let Some(mut camera) = find_camera(db, &event, &id)? else {
                return Ok(None);
            };
            patch.apply(&mut camera);
            check_key_is_free(db, &camera)?;
            put_camera(db, &camera)?;
            Ok(Some(camera))
        })
        .await
    }

    async fn delete_camera(
        &self,
        event: &EventId,
        id: &CameraId,
    ) -> Result<Option<Camera>, StoreError> {
        let (event, id) = (event.clone(), id.clone());
        self.write(move |db| {
            let camera = find_camera(db, &event, &id)?;
            db.execute(
                "DELETE FROM cameras WHERE id = ?1 AND event = ?2",
                [id.as_str(), event.as_str()],
            )?;
            follow_instead_of(db, &event, &id)?;
            Ok(camera)
        })
        .await
    }

    async fn append_switch(&self, record: SwitchRecord) -> Result<SwitchSeq, StoreError> {
        self.write(move |db| append_switch(db, &record, SWITCHES_PER_EVENT_MAX)).await
    }

    async fn switches(
        &self,
        event: &EventId,
        page: SwitchPage,
    ) -> Result<Vec<LoggedSwitch>, StoreError> {
        let event = event.clone();
        self.writer.call(move |db| find_switches(db, &event, page)).await
    }

    async fn create_token(&self, token: AccessToken, now: Timestamp) -> Result<(), StoreError> {
        self.write(move |db| {
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
            put_token(db, &token)
        })
        .await
    }

    async fn tokens(&self, event: &EventId) -> Result<Vec<AccessToken>, StoreError> {
        let event = event.clone();
        self.writer.call(move |db| list(db, "token", TOKENS, [event.as_str()])).await
    }

    async fn token_by_hash(&self, hash: &SecretHash) -> Result<Option<AccessToken>, StoreError> {
        let hash = *hash;
        self.writer.call(move |db| find_token_by_hash(db, &hash)).await
    }

    async fn delete_token(
        &self,
        event: &EventId,
        id: &TokenId,
    ) -> Result<Option<AccessToken>, StoreError> {
        let (event, id) = (event.clone(), id.clone());
        self.write(move |db| {
            let token = find_token(db, &event, &id)?;
            db.execute(
                "DELETE FROM tokens WHERE id = ?1 AND event = ?2",
                [id.as_str(), event.as_str()],
            )?;
            Ok(token)
        })
        .await
    }

    async fn set_ledger(
        &self,
        event: &EventId,
        seq: SwitchSeq,
        ledger: Ledger,
    ) -> Result<bool, StoreError> {
        let event = event.clone();
        self.write(move |db| set_ledger(db, &event, seq, ledger)).await
    }

    async fn schedule_take(&self, take: ScheduledTake) -> Result<(), StoreError> {
        self.write(move |db| schedule_take(db, &take)).await
    }

    async fn scheduled_takes(&self, event: &EventId) -> Result<Vec<ScheduledTake>, StoreError> {
        let event = event.clone();
        self.writer
            .call(move |db| list(db, "scheduled take", SCHEDULED_TAKES, [event.as_str()]))
            .await
    }

    async fn delete_scheduled_take(
        &self,
        event: &EventId,
        id: &ScheduledTakeId,
    ) -> Result<Option<ScheduledTake>, StoreError> {
        let (event, id) = (event.clone(), id.clone());
        self.write(move |db| {
            let keys = [id.as_str(), event.as_str()];
            let take = get(db, "scheduled take", SCHEDULED_TAKE, keys)?;
            db.execute("DELETE FROM scheduled_takes WHERE id = ?1 AND event = ?2", keys)?;
            Ok(take)
        })
        .await
    }

    async fn put_hook_delivery(&self, delivery: HookDelivery) -> Result<(), StoreError> {
        self.write(move |db| records::put_hook_delivery(db, &delivery)).await
    }

    async fn hook_deliveries(
        &self,
        queue: HookQueue,
        limit: u32,
    ) -> Result<Vec<HookDelivery>, StoreError> {
        self.writer.call(move |db| records::hook_deliveries(db, queue, limit)).await
    }

    async fn delete_hook_delivery(
        &self,
        id: &HookDeliveryId,
    ) -> Result<Option<HookDelivery>, StoreError> {
        let id = id.clone();
        self.write(move |db| records::delete_hook_delivery(db, &id)).await
    }

    async fn meta(&self, key: MetaKey) -> Result<Option<String>, StoreError> {
        self.writer
            .call(move |db| {
                let sql = "SELECT value FROM meta WHERE key = ?1";
                Ok(db.query_row(sql, [key.as_str()], |row| row.get(0)).optional()?)
            })
            .await
    }

    async fn set_meta(&self, key: MetaKey, value: String) -> Result<(), StoreError> {
        self.write(move |db| {
            db.execute(
                "INSERT INTO meta (key, value) VALUES (?1, ?2)
                 ON CONFLICT (key) DO UPDATE SET value = ?2",
                params![key.as_str(), value],
            )?;
            Ok(())
        })
        .await
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.writer.close().await
    }
}

impl SqliteStore {
    /// Runs `change` in a transaction: all of it or, when it fails, nothing.
    async fn write<T, F>(&self, change: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        self.writer
            .call(move |connection| {
                let transaction =
                    connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
                let answer = change(&transaction)?;
                transaction.commit()?;
                Ok(answer)
            })
            .await
    }
}

fn find_event(db: &Connection, id: &EventId) -> Result<Option<Event>, StoreError> {
    get(db, "event", EVENT, [id.as_str()])
}

fn find_camera(
    db: &Connection,
    event: &EventId,
    id: &CameraId,
) -> Result<Option<Camera>, StoreError> {
    get(db, "camera", CAMERA, [id.as_str(), event.as_str()])
}

/// The index finds the row; the comparison that admits is the constant-time one.
fn find_by_key(db: &Connection, key_hash: &SecretHash) -> Result<Option<Camera>, StoreError> {
    let camera: Option<Camera> = get(db, "camera", CAMERA_BY_KEY, [key_hash.as_bytes()])?;
    Ok(camera.filter(|camera| camera.key_hash == *key_hash))
}

fn find_token(
    db: &Connection,
    event: &EventId,
    id: &TokenId,
) -> Result<Option<AccessToken>, StoreError> {
    get(db, "token", TOKEN, [id.as_str(), event.as_str()])
}

/// As for stream keys: the index finds, the constant-time comparison admits.
fn find_token_by_hash(
    db: &Connection,
    hash: &SecretHash,
) -> Result<Option<AccessToken>, StoreError> {
    let token: Option<AccessToken> = get(db, "token", TOKEN_BY_HASH, [hash.as_bytes()])?;
    Ok(token.filter(|token| token.hash == *hash))
}

/// Appends to an event's log and drops what is older than its newest `keep` entries.
fn append_switch(
    db: &Connection,
    record: &SwitchRecord,
    keep: u32,
) -> Result<SwitchSeq, StoreError> {
    if find_event(db, &record.event)?.is_none() {
        return Err(StoreError::NotFound { what: "event" });
    }
    let seq = put_switch(db, record)?;
    db.prepare_cached(TRIM_SWITCHES)?.execute(params![record.event.as_str(), keep])?;
    Ok(seq)
}

fn set_ledger(
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

fn schedule_take(db: &Connection, take: &ScheduledTake) -> Result<(), StoreError> {
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
fn follow_instead_of(db: &Connection, event: &EventId, gone: &CameraId) -> Result<(), StoreError> {
    let Some(mut event) = find_event(db, event)? else { return Ok(()) };
    if event.policy.audio_source == AudioSource::Camera(gone.clone()) {
        event.policy.audio_source = AudioSource::Follow;
        put_event(db, &event)?;
    }
    Ok(())
}

fn find_switches(
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
fn check_key_is_free(db: &Connection, camera: &Camera) -> Result<(), StoreError> {
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

    #[tokio::test]
    async fn the_log_of_an_event_drops_its_oldest_entries_and_no_other_events() {
        let store = SqliteStore::in_memory().unwrap();
        for id in ["busy", "quiet"] {
            store.create_event(event(id)).await.unwrap();
        }
        let quiet = store.append_switch(switch("quiet", 0)).await.unwrap();
        for at in 0..10 {
            store.write(move |db| append_switch(db, &switch("busy", at), 3)).await.unwrap();
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
