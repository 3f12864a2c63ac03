//! The calls of [`Store`] as MongoDB commands.
//!
//! No transaction: they need a replica set, and an existing installation may have a single server. Each call is
//! one write to one document that decides, with the rest in an order in which doing it all again completes it.

use std::sync::atomic::Ordering;

use async_trait::async_trait;
use mongodb::bson::{doc, serialize_to_bson};

use super::error::corrupt;
use super::switches::{bson_seq, switch_id};
use super::{MongoStore, document, own};
use crate::access_token::AccessToken;
use crate::camera::{Camera, CameraPatch};
use crate::error::StoreError;
use crate::event::{Event, EventPatch};
use crate::hook::{HookDelivery, HookQueue};
use crate::id::{CameraId, EventId, HookDeliveryId, ScheduledTakeId, TokenId};
use crate::limits::{HOOK_DELIVERIES_MAX, SCHEDULED_PER_EVENT_MAX, TOKENS_PER_EVENT_MAX};
use crate::scheduled::ScheduledTake;
use crate::secret::{SecretHash, StreamKey};
use crate::status::CameraPresence;
use crate::store::{EventWithCameras, MetaKey, Store};
use crate::switch::{Ledger, LoggedSwitch, SwitchPage, SwitchRecord, SwitchSeq};
use crate::time::Timestamp;

/// Series of the places in the switch log.
const SWITCH_SERIES: &str = "switch_seq";
/// Series of the places in queues and listings whose order is that of making.
const PLACE_SERIES: &str = "place";

#[async_trait]
impl Store for MongoStore {
    async fn create_event(&self, event: Event) -> Result<(), StoreError> {
        self.call(|db| db.create_event(event, &self.options)).await
    }

    async fn event(&self, id: &EventId) -> Result<Option<Event>, StoreError> {
        self.call(async |db| {
            let found = db.find_event(id).await?;
            found.map(|found| document::read_event(id, &found)).transpose()
        })
        .await
    }

    async fn events(&self) -> Result<Vec<Event>, StoreError> {
        let all = self.snapshot().await?;
        Ok(all.into_iter().map(|found| found.event).collect())
    }

    async fn snapshot(&self) -> Result<Vec<EventWithCameras>, StoreError> {
        self.call(|db| db.snapshot(self.options.events_max)).await
    }

    async fn update_event(
        &self,
        id: &EventId,
        patch: EventPatch,
    ) -> Result<Option<Event>, StoreError> {
        self.call(|db| db.update_event(id, patch, &self.options)).await
    }

    async fn delete_event(&self, id: &EventId) -> Result<Option<Event>, StoreError> {
        self.call(|db| db.delete_event(id)).await
    }

    async fn create_camera(&self, camera: Camera) -> Result<(), StoreError> {
        self.call(|db| db.create_camera(camera, &self.options)).await
    }

    async fn camera(&self, event: &EventId, id: &CameraId) -> Result<Option<Camera>, StoreError> {
        self.call(async |db| Ok(db.find_camera(event, id).await?.map(|found| found.camera))).await
    }

    async fn camera_by_key(&self, key_hash: &SecretHash) -> Result<Option<Camera>, StoreError> {
        self.call(|db| db.camera_by_key(key_hash)).await
    }

    async fn cameras(&self, event: &EventId) -> Result<Vec<Camera>, StoreError> {
        self.call(async |db| {
            let Some(found) = db.find_event(event).await? else { return Ok(Vec::new()) };
            let cameras = document::read_cameras(event, &found)?;
            Ok(cameras.into_iter().map(|found| found.camera).collect())
        })
        .await
    }

    async fn update_camera(
        &self,
        event: &EventId,
        id: &CameraId,
        patch: CameraPatch,
    ) -> Result<Option<Camera>, StoreError> {
        self.call(|db| db.update_camera(event, id, patch)).await
    }

    async fn delete_camera(
        &self,
        event: &EventId,
        id: &CameraId,
    ) -> Result<Option<Camera>, StoreError> {
        self.call(|db| db.delete_camera(event, id)).await
    }

    async fn append_switch(&self, record: SwitchRecord) -> Result<SwitchSeq, StoreError> {
        self.call(async |db| {
            let by_time = record.requested_at.as_millis().saturating_mul(1000);
            let seq = db.next_number(SWITCH_SERIES, by_time).await?;
            db.log(seq, &record).await?;
            Ok(SwitchSeq(seq.unsigned_abs()))
        })
        .await
    }

    async fn put_switch(&self, entry: LoggedSwitch) -> Result<bool, StoreError> {
        self.call(async |db| {
            let seq = bson_seq(entry.seq)?;
            db.number_given(SWITCH_SERIES, seq).await?;
            db.log(seq, &entry.record).await
        })
        .await
    }

    async fn set_ledger(
        &self,
        event: &EventId,
        seq: SwitchSeq,
        ledger: Ledger,
    ) -> Result<bool, StoreError> {
        self.call(async |db| {
            let Ok(seq) = bson_seq(seq) else { return Ok(false) };
            let ledger = serialize_to_bson(&ledger).map_err(corrupt("ledger"))?;
            let update = doc! { "$set": { "ledger": ledger } };
            let set = db.switches.update_one(doc! { "_id": switch_id(event, seq) }, update).await?;
            Ok(set.matched_count > 0)
        })
        .await
    }

    async fn switches(
        &self,
        event: &EventId,
        page: SwitchPage,
    ) -> Result<Vec<LoggedSwitch>, StoreError> {
        self.call(|db| db.find_switches(event, page)).await
    }

    async fn schedule_take(&self, take: ScheduledTake) -> Result<(), StoreError> {
        self.call(async |db| {
            let (what, mine) = ("scheduled take", doc! { "event": take.event.as_str() });
            db.check_event(&take.event).await?;
            let id = take.id.as_str();
            if db.scheduled.find_one(doc! { "_id": id }).await?.is_some() {
                return Err(StoreError::AlreadyExists { what });
            }
            let limit = SCHEDULED_PER_EVENT_MAX;
            own::check_limit(&db.scheduled, "scheduled takes in the event", mine, limit).await?;
            let mut document = own::document(what, id, &take)?;
            document.insert("place", db.next_number(PLACE_SERIES, 0).await?);
            own::insert(&db.scheduled, what, document).await
        })
        .await
    }

    async fn scheduled_takes(&self, event: &EventId) -> Result<Vec<ScheduledTake>, StoreError> {
        let (filter, sort) = (doc! { "event": event.as_str() }, doc! { "at": 1, "place": 1 });
        self.call(|db| {
            own::list(&db.scheduled, "scheduled take", filter, sort, SCHEDULED_PER_EVENT_MAX)
        })
        .await
    }

    async fn delete_scheduled_take(
        &self,
        event: &EventId,
        id: &ScheduledTakeId,
    ) -> Result<Option<ScheduledTake>, StoreError> {
        let filter = doc! { "_id": id.as_str(), "event": event.as_str() };
        self.call(|db| own::take(&db.scheduled, "scheduled take", filter)).await
    }

    async fn put_hook_delivery(&self, delivery: HookDelivery) -> Result<(), StoreError> {
        delivery.check()?;
        self.call(async |db| {
            let (what, id) = ("hook delivery", doc! { "_id": delivery.id.as_str() });
            let mut fields = own::document(what, delivery.id.as_str(), &delivery)?;
            if db.hooks.find_one(id.clone()).await?.is_some() {
                fields.remove("_id");
                db.hooks.update_one(id, doc! { "$set": fields }).await?;
                return Ok(());
            }
            own::check_limit(&db.hooks, "hook deliveries", doc! {}, HOOK_DELIVERIES_MAX).await?;
            fields.insert("place", db.next_number(PLACE_SERIES, 0).await?);
            own::insert(&db.hooks, what, fields).await
        })
        .await
    }

    async fn hook_deliveries(
        &self,
        queue: HookQueue,
        limit: u32,
    ) -> Result<Vec<HookDelivery>, StoreError> {
        // To the driver, 0 means all.
        if limit == 0 {
            return Ok(Vec::new());
        }
        let filter = doc! { "dead": queue == HookQueue::Dead };
        self.call(|db| own::list(&db.hooks, "hook delivery", filter, doc! { "place": 1 }, limit))
            .await
    }

    async fn delete_hook_delivery(
        &self,
        id: &HookDeliveryId,
    ) -> Result<Option<HookDelivery>, StoreError> {
        let filter = doc! { "_id": id.as_str() };
        self.call(|db| own::take(&db.hooks, "hook delivery", filter)).await
    }

    async fn create_token(&self, token: AccessToken, now: Timestamp) -> Result<(), StoreError> {
        self.call(async |db| {
            db.check_event(&token.event).await?;
            let (event, hash) = (token.event.as_str(), token.hash.to_hex());
            let ended = doc! { "event": event, "expires_at": { "$lte": now.as_millis() } };
            db.tokens.delete_many(ended).await?;
            if db.tokens.find_one(doc! { "hash": hash }).await?.is_some() {
                return Err(StoreError::AlreadyExists { what: "token" });
            }
            let (what, mine) = ("tokens in the event", doc! { "event": event });
            own::check_limit(&db.tokens, what, mine, TOKENS_PER_EVENT_MAX).await?;
            let id = token_id(&token.event, &token.id);
            own::insert(&db.tokens, "token", own::document("token", &id, &token)?).await
        })
        .await
    }

    /// The index finds the document; the comparison that admits is the constant-time one.
    async fn token_by_hash(&self, hash: &SecretHash) -> Result<Option<AccessToken>, StoreError> {
        let filter = doc! { "hash": hash.to_hex() };
        let token: Option<AccessToken> =
            self.call(|db| own::find(&db.tokens, "token", filter)).await?;
        Ok(token.filter(|token| token.hash == *hash))
    }

    async fn tokens(&self, event: &EventId) -> Result<Vec<AccessToken>, StoreError> {
        let (filter, sort) = (doc! { "event": event.as_str() }, doc! { "created_at": 1, "_id": 1 });
        self.call(|db| own::list(&db.tokens, "token", filter, sort, TOKENS_PER_EVENT_MAX)).await
    }

    async fn delete_token(
        &self,
        event: &EventId,
        id: &TokenId,
    ) -> Result<Option<AccessToken>, StoreError> {
        let filter = doc! { "_id": token_id(event, id) };
        self.call(|db| own::take(&db.tokens, "token", filter)).await
    }

    async fn meta(&self, key: MetaKey) -> Result<Option<String>, StoreError> {
        self.call(async |db| {
            let found = db.meta.find_one(doc! { "_id": key.as_str() }).await?;
            Ok(found.and_then(|found| found.get_str("value").ok().map(str::to_owned)))
        })
        .await
    }

    async fn set_meta(&self, key: MetaKey, value: String) -> Result<(), StoreError> {
        self.call(async |db| {
            let update = doc! { "$set": { "value": value } };
            db.meta.update_one(doc! { "_id": key.as_str() }, update).upsert(true).await?;
            Ok(())
        })
        .await
    }

    async fn tell_presence(
        &self,
        event: &EventId,
        camera: &CameraId,
        presence: CameraPresence,
    ) -> Result<(), StoreError> {
        self.call(|db| db.set_in_camera(event, camera, "status", presence.as_str().into())).await
    }

    async fn show_key(
        &self,
        event: &EventId,
        camera: &CameraId,
        key: &StreamKey,
    ) -> Result<(), StoreError> {
        if !self.options.plain_keys {
            return Ok(());
        }
        self.call(|db| db.set_in_camera(event, camera, "stream_key", key.reveal().into())).await
    }

    async fn close(&self) -> Result<(), StoreError> {
        if self.closed.swap(true, Ordering::AcqRel) {
            return Err(StoreError::Closed);
        }
        Ok(())
    }
}

fn token_id(event: &EventId, id: &TokenId) -> String {
    format!("{event}/{id}")
}
