//! The calls of [`Store`]: from memory, or as SQL.

use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::{OptionalExtension, params};

use super::documents::{put_camera, put_event};
use super::memory::Known;
use super::outbox::Outbox;
use super::queries::{
    append_switch, check_key_is_free, create_camera, create_event, create_token, find_camera,
    find_event, find_switches, is_logged, list_scheduled_takes, place_by_time, remove_camera,
    remove_event, remove_scheduled_take, remove_token, row_of_seq, schedule_take, set_ledger,
};
use super::{SqliteStore, records};
use crate::access_token::AccessToken;
use crate::camera::{Camera, CameraPatch};
use crate::error::StoreError;
use crate::event::{Event, EventPatch};
use crate::hook::{HookDelivery, HookQueue};
use crate::id::{CameraId, EventId, HookDeliveryId, ScheduledTakeId, TokenId};
use crate::limits::SWITCHES_PER_EVENT_MAX;
use crate::scheduled::ScheduledTake;
use crate::secret::{SecretHash, StreamKey};
use crate::status::{CameraPresence, RejectedWrite, StoreStatus};
use crate::store::{EventWithCameras, MetaKey, Store};
use crate::switch::{Ledger, LoggedSwitch, SwitchPage, SwitchRecord, SwitchSeq};
use crate::time::Timestamp;
use crate::write::{ShownKey, Write};

#[async_trait]
impl Store for SqliteStore {
    async fn create_event(&self, event: Event) -> Result<(), StoreError> {
        let max = self.events_max;
        self.write(move |db| {
            create_event(db, &event, max)?;
            db.changed(&event.id);
            db.note(|| Write::CreateEvent { event: Box::new(event) })
        })
        .await
    }

    async fn event(&self, id: &EventId) -> Result<Option<Event>, StoreError> {
        Ok(self.memory.get(id)?.map(|known| known.event.clone()))
    }

    async fn events(&self) -> Result<Vec<Event>, StoreError> {
        Ok(self.memory.all()?.iter().map(|known| known.event.clone()).collect())
    }

    async fn snapshot(&self) -> Result<Vec<EventWithCameras>, StoreError> {
        let with_cameras = |known: &Arc<Known>| EventWithCameras {
            event: known.event.clone(),
            cameras: known.cameras.clone(),
        };
        Ok(self.memory.all()?.iter().map(with_cameras).collect())
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
            patch.clone().apply(&mut event);
            put_event(db, &event)?;
            db.changed(&id);
            db.note(|| Write::UpdateEvent { id, patch: Box::new(patch) })?;
            Ok(Some(event))
        })
        .await
    }

    async fn delete_event(&self, id: &EventId) -> Result<Option<Event>, StoreError> {
        let id = id.clone();
        self.write(move |db| {
            let event = remove_event(db, &id)?;
            if event.is_some() {
                db.changed(&id);
                db.note(|| Write::DeleteEvent { id })?;
            }
            Ok(event)
        })
        .await
    }

    async fn create_camera(&self, camera: Camera) -> Result<(), StoreError> {
        self.write(move |db| {
            create_camera(db, &camera)?;
            db.changed(&camera.event);
            db.note(|| Write::CreateCamera { camera: Box::new(camera) })
        })
        .await
    }

    async fn camera(&self, event: &EventId, id: &CameraId) -> Result<Option<Camera>, StoreError> {
        Ok(self.memory.get(event)?.and_then(|known| known.camera(id).cloned()))
    }

    async fn camera_by_key(&self, key_hash: &SecretHash) -> Result<Option<Camera>, StoreError> {
        self.memory.camera_by_key(key_hash)
    }

    async fn cameras(&self, event: &EventId) -> Result<Vec<Camera>, StoreError> {
        Ok(self.memory.get(event)?.map(|known| known.cameras.clone()).unwrap_or_default())
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
            patch.clone().apply(&mut camera);
            check_key_is_free(db, &camera)?;
            put_camera(db, &camera)?;
            db.changed(&event);
            db.note(|| Write::UpdateCamera { event, id, patch })?;
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
            let camera = remove_camera(db, &event, &id)?;
            if camera.is_some() {
                db.changed(&event);
                db.note(|| Write::DeleteCamera { event, id })?;
            }
            Ok(camera)
        })
        .await
    }

    async fn append_switch(&self, record: SwitchRecord) -> Result<SwitchSeq, StoreError> {
        self.write(move |db| {
            let seq = if db.is_copy() { Some(place_by_time(db, &record)?) } else { None };
            let seq = append_switch(db, seq, &record, SWITCHES_PER_EVENT_MAX)?;
            db.note(|| Write::PutSwitch { seq: seq.0, record: Box::new(record) })?;
            Ok(seq)
        })
        .await
    }

    async fn put_switch(&self, entry: LoggedSwitch) -> Result<bool, StoreError> {
        self.write(move |db| {
            let LoggedSwitch { seq, record } = entry;
            let row = row_of_seq(seq)?;
            if is_logged(db, row)? {
                return Ok(false);
            }
            append_switch(db, Some(row), &record, SWITCHES_PER_EVENT_MAX)?;
            db.note(|| Write::PutSwitch { seq: seq.0, record: Box::new(record) })?;
            Ok(true)
        })
        .await
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
            create_token(db, &token, now)?;
            db.changed(&token.event);
            db.note(|| Write::CreateToken { token: Box::new(token), now })
        })
        .await
    }

    async fn tokens(&self, event: &EventId) -> Result<Vec<AccessToken>, StoreError> {
        Ok(self.memory.get(event)?.map(|known| known.tokens.clone()).unwrap_or_default())
    }

    async fn token_by_hash(&self, hash: &SecretHash) -> Result<Option<AccessToken>, StoreError> {
        self.memory.token_by_hash(hash)
    }

    async fn delete_token(
        &self,
        event: &EventId,
        id: &TokenId,
    ) -> Result<Option<AccessToken>, StoreError> {
        let (event, id) = (event.clone(), id.clone());
        self.write(move |db| {
            let token = remove_token(db, &event, &id)?;
            if token.is_some() {
                db.changed(&event);
                db.note(|| Write::DeleteToken { event, id })?;
            }
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
        self.write(move |db| {
            let set = set_ledger(db, &event, seq, ledger)?;
            if set {
                db.note(|| Write::SetLedger { event, seq: seq.0, ledger })?;
            }
            Ok(set)
        })
        .await
    }

    async fn schedule_take(&self, take: ScheduledTake) -> Result<(), StoreError> {
        self.write(move |db| {
            schedule_take(db, &take)?;
            db.note(|| Write::ScheduleTake { take })
        })
        .await
    }

    async fn scheduled_takes(&self, event: &EventId) -> Result<Vec<ScheduledTake>, StoreError> {
        let event = event.clone();
        self.writer.call(move |db| list_scheduled_takes(db, &event)).await
    }

    async fn delete_scheduled_take(
        &self,
        event: &EventId,
        id: &ScheduledTakeId,
    ) -> Result<Option<ScheduledTake>, StoreError> {
        let (event, id) = (event.clone(), id.clone());
        self.write(move |db| {
            let take = remove_scheduled_take(db, &event, &id)?;
            if take.is_some() {
                db.note(|| Write::DeleteScheduledTake { event, id })?;
            }
            Ok(take)
        })
        .await
    }

    // Hook deliveries are not noted: they are this server's own work, and two servers on one shared database
    // must not tell each other's news twice.

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

    async fn tell_presence(
        &self,
        event: &EventId,
        camera: &CameraId,
        presence: CameraPresence,
    ) -> Result<(), StoreError> {
        if let Some(outbox) = self.outbox() {
            outbox.set_presence(event, camera, presence);
        }
        Ok(())
    }

    async fn show_key(
        &self,
        event: &EventId,
        camera: &CameraId,
        key: &StreamKey,
    ) -> Result<(), StoreError> {
        if !self.outbox().is_some_and(|outbox| outbox.plain_keys) {
            return Ok(());
        }
        let (event, camera, key) = (event.clone(), camera.clone(), ShownKey(key.clone()));
        self.write(move |db| db.note(|| Write::ShowKey { event, camera, key })).await
    }

    async fn rejected_writes(&self) -> Result<Vec<RejectedWrite>, StoreError> {
        self.list_rejected().await
    }

    async fn retry_rejected(&self) -> Result<u64, StoreError> {
        self.wait_again().await
    }

    async fn discard_rejected(&self) -> Result<u64, StoreError> {
        self.forget_rejected().await
    }

    fn status(&self) -> StoreStatus {
        self.faults.status(self.outbox().map(Outbox::status).unwrap_or_default())
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
            db.note(|| Write::SetMeta { key, value })
        })
        .await
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.memory.close();
        self.writer.close().await
    }
}
