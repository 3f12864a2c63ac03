//! Everything that a store holds as a stream of records: for export, import, and the first copy of a shared database.
//!
//! As text, a record is one line of JSON: `{"event":{…}}`. The first is `{"genlock_store":1}`. Secrets are in it as the store
//! has them: hashes, except for what signs playback paths and hooks.

use serde::{Deserialize, Serialize};

use crate::access_token::AccessToken;
use crate::camera::Camera;
use crate::error::StoreError;
use crate::event::Event;
use crate::hook::{HookDelivery, HookQueue};
use crate::id::EventId;
use crate::limits::{HOOK_DELIVERIES_MAX, SWITCH_PAGE_MAX};
use crate::scheduled::ScheduledTake;
use crate::store::{MetaKey, Store};
use crate::switch::{LoggedSwitch, SwitchPage, SwitchRecord, SwitchSeq};

/// The version of the form.
pub const FORMAT: u32 = 1;

/// A record of a store. An event comes before what belongs to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// The version of the form: the first record.
    #[serde(rename = "genlock_store")]
    Format(u32),
    /// An event.
    Event(Box<Event>),
    /// A camera.
    Camera(Box<Camera>),
    /// A scheduled take.
    ScheduledTake(ScheduledTake),
    /// An entry of the switch log.
    Switch {
        /// Its place.
        seq: u64,
        /// What happened.
        record: Box<SwitchRecord>,
    },
    /// An access token.
    Token(Box<AccessToken>),
    /// A hook delivery.
    HookDelivery(Box<HookDelivery>),
    /// A value of the server itself.
    Meta {
        /// Which.
        key: MetaKey,
        /// The value.
        value: String,
    },
}

/// Takes the records of an export, one after the other.
#[async_trait::async_trait]
pub trait Sink: Send {
    /// Takes one.
    async fn take(&mut self, record: Record) -> Result<(), StoreError>;
}

/// Gives everything in `store` to `sink`, piece by piece. What is written meanwhile may be in it or not.
pub async fn export(store: &dyn Store, sink: &mut dyn Sink) -> Result<(), StoreError> {
    sink.take(Record::Format(FORMAT)).await?;
    for key in MetaKey::COPIED {
        if let Some(value) = store.meta(key).await? {
            sink.take(Record::Meta { key, value }).await?;
        }
    }
    for found in store.snapshot().await? {
        let id = found.event.id.clone();
        sink.take(Record::Event(Box::new(found.event))).await?;
        for camera in found.cameras {
            sink.take(Record::Camera(Box::new(camera))).await?;
        }
        export_belongings(store, &id, sink).await?;
    }
    for queue in [HookQueue::Waiting, HookQueue::Dead] {
        for delivery in store.hook_deliveries(queue, HOOK_DELIVERIES_MAX).await? {
            sink.take(Record::HookDelivery(Box::new(delivery))).await?;
        }
    }
    Ok(())
}

async fn export_belongings(
    store: &dyn Store,
    event: &EventId,
    sink: &mut dyn Sink,
) -> Result<(), StoreError> {
    for take in store.scheduled_takes(event).await? {
        sink.take(Record::ScheduledTake(take)).await?;
    }
    for token in store.tokens(event).await? {
        sink.take(Record::Token(Box::new(token))).await?;
    }
    let mut before = None;
    loop {
        let page = store.switches(event, SwitchPage { before, limit: SWITCH_PAGE_MAX }).await?;
        let Some(oldest) = page.last() else { return Ok(()) };
        before = Some(oldest.seq);
        for LoggedSwitch { seq, record } in page {
            sink.take(Record::Switch { seq: seq.0, record: Box::new(record) }).await?;
        }
    }
}

/// What became of a record that was imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Imported {
    /// It is in the store now.
    Added,
    /// The store had it, or another one in its place.
    WasThere,
}

/// Adds one record to `store`. What is there stays as it is, except that a hook delivery with the same id is
/// replaced.
pub async fn import(store: &dyn Store, record: Record) -> Result<Imported, StoreError> {
    let added = match record {
        Record::Format(FORMAT) => return Ok(Imported::WasThere),
        Record::Format(found) => {
            return Err(StoreError::NewerFormat { found, supported: FORMAT });
        }
        Record::Event(event) => store.create_event(*event).await,
        Record::Camera(camera) => store.create_camera(*camera).await,
        Record::ScheduledTake(take) => store.schedule_take(take).await,
        Record::Switch { seq, record } => {
            let entry = LoggedSwitch { seq: SwitchSeq(seq), record: *record };
            let added = store.put_switch(entry).await?;
            return Ok(if added { Imported::Added } else { Imported::WasThere });
        }
        Record::Token(token) => {
            let made_at = token.created_at;
            store.create_token(*token, made_at).await
        }
        Record::HookDelivery(delivery) => store.put_hook_delivery(*delivery).await,
        Record::Meta { key, .. } if store.meta(key).await?.is_some() => {
            return Ok(Imported::WasThere);
        }
        Record::Meta { key, value } => store.set_meta(key, value).await,
    };
    match added {
        Ok(()) => Ok(Imported::Added),
        Err(StoreError::AlreadyExists { .. }) => Ok(Imported::WasThere),
        Err(error) => Err(error),
    }
}

/// Adds everything in `from` to `to`. A record that breaks a rule of `to` is left out and logged: another program
/// may have written it.
pub(crate) async fn copy(from: &dyn Store, to: &dyn Store) -> Result<(), StoreError> {
    export(from, &mut Copying { to }).await
}

struct Copying<'a> {
    to: &'a dyn Store,
}

#[async_trait::async_trait]
impl Sink for Copying<'_> {
    async fn take(&mut self, record: Record) -> Result<(), StoreError> {
        // Hook deliveries are the work of the server that made them.
        if matches!(record, Record::HookDelivery(_)) {
            return Ok(());
        }
        match import(self.to, record).await {
            Err(error @ (StoreError::NotFound { .. } | StoreError::LimitExceeded { .. })) => {
                tracing::warn!(%error, "a record of the shared database is left out");
                Ok(())
            }
            done => done.map(drop),
        }
    }
}
