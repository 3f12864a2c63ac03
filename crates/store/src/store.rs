//! The [`Store`] trait: the one door to what is kept.

use std::fmt;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::access_token::AccessToken;
use crate::camera::{Camera, CameraPatch};
use crate::error::StoreError;
use crate::event::{Event, EventPatch};
use crate::hook::{HookDelivery, HookQueue};
use crate::id::{CameraId, EventId, HookDeliveryId, ScheduledTakeId, TokenId};
use crate::scheduled::ScheduledTake;
use crate::secret::{SecretHash, StreamKey};
use crate::status::{CameraPresence, RejectedWrite, StoreStatus};
use crate::switch::{Ledger, LoggedSwitch, SwitchPage, SwitchRecord, SwitchSeq};
use crate::time::Timestamp;

/// Keeps events, cameras, scheduled takes, the switch log, hook deliveries, tokens and a few values
/// of the server itself.
///
/// - A write that returned `Ok` survives a crash of the process and of the machine.
/// - Every call ends within [`CALL_TIME_MAX`](crate::limits::CALL_TIME_MAX), with
///   [`StoreError::TimedOut`] if there is no other answer. Needs a tokio runtime with time enabled.
/// - A call that is dropped before it is answered may or may not take effect.
/// - Calls of one caller take effect in the order in which it awaits them.
#[async_trait]
pub trait Store: fmt::Debug + Send + Sync + 'static {
    /// Adds an event.
    async fn create_event(&self, event: Event) -> Result<(), StoreError>;

    /// One event, `None` if there is no such.
    async fn event(&self, id: &EventId) -> Result<Option<Event>, StoreError>;

    /// All events, oldest first.
    async fn events(&self) -> Result<Vec<Event>, StoreError>;

    /// Changes an event and returns it as it is then, `None` if there is no such.
    async fn update_event(
        &self,
        id: &EventId,
        patch: EventPatch,
    ) -> Result<Option<Event>, StoreError>;

    /// Removes an event with its cameras, its access tokens, its scheduled takes and its switch log
    /// and returns it, `None` if there is no such. Hook deliveries about it stay.
    async fn delete_event(&self, id: &EventId) -> Result<Option<Event>, StoreError>;

    /// Adds a camera to its event.
    async fn create_camera(&self, camera: Camera) -> Result<(), StoreError>;

    /// One camera of an event, `None` if the event has no such.
    async fn camera(&self, event: &EventId, id: &CameraId) -> Result<Option<Camera>, StoreError>;

    /// The camera whose stream key has this hash, `None` if there is no such.
    async fn camera_by_key(&self, key_hash: &SecretHash) -> Result<Option<Camera>, StoreError>;

    /// The cameras of an event in failover order; empty if there is no such event.
    async fn cameras(&self, event: &EventId) -> Result<Vec<Camera>, StoreError>;

    /// Changes a camera and returns it as it is then, `None` if the event has no such.
    async fn update_camera(
        &self,
        event: &EventId,
        id: &CameraId,
        patch: CameraPatch,
    ) -> Result<Option<Camera>, StoreError>;

    /// Removes a camera with the tokens that open only it and returns it, `None` if the event has no such. The
    /// log and scheduled takes keep its id; an event whose sound came from it follows the picture again.
    async fn delete_camera(
        &self,
        event: &EventId,
        id: &CameraId,
    ) -> Result<Option<Camera>, StoreError>;

    /// Appends to the switch log and returns the entry's place in it.
    async fn append_switch(&self, record: SwitchRecord) -> Result<SwitchSeq, StoreError>;

    /// Adds an entry to the log at the place that it has already; `false` if that place is taken, so that doing it
    /// twice is doing it once. For logs that come from another store.
    async fn put_switch(&self, entry: LoggedSwitch) -> Result<bool, StoreError>;

    /// Replaces the ledger of an entry of the log; `false` if the event has no such entry any more.
    async fn set_ledger(
        &self,
        event: &EventId,
        seq: SwitchSeq,
        ledger: Ledger,
    ) -> Result<bool, StoreError>;

    /// A page of an event's switch log, newest first; empty if there is no such event.
    async fn switches(
        &self,
        event: &EventId,
        page: SwitchPage,
    ) -> Result<Vec<LoggedSwitch>, StoreError>;

    /// Adds an access token to its event. Those that have ended by `now` make room for it and are gone.
    async fn create_token(&self, token: AccessToken, now: Timestamp) -> Result<(), StoreError>;

    /// The access tokens of an event, oldest first; empty if there is no such event.
    async fn tokens(&self, event: &EventId) -> Result<Vec<AccessToken>, StoreError>;

    /// The access token with this hash, ended or not; `None` if there is no such.
    async fn token_by_hash(&self, hash: &SecretHash) -> Result<Option<AccessToken>, StoreError>;

    /// Removes an access token and returns it, `None` if the event has no such.
    async fn delete_token(
        &self,
        event: &EventId,
        id: &TokenId,
    ) -> Result<Option<AccessToken>, StoreError>;

    /// Adds a scheduled take to its event.
    async fn schedule_take(&self, take: ScheduledTake) -> Result<(), StoreError>;

    /// The scheduled takes of an event in the order of their times, and among equals of their making;
    /// empty if there is no such event.
    async fn scheduled_takes(&self, event: &EventId) -> Result<Vec<ScheduledTake>, StoreError>;

    /// Removes a scheduled take and returns it, `None` if the event has no such.
    async fn delete_scheduled_take(
        &self,
        event: &EventId,
        id: &ScheduledTakeId,
    ) -> Result<Option<ScheduledTake>, StoreError>;

    /// Puts a delivery at the end of the queue, or replaces the one with its id in its place.
    async fn put_hook_delivery(&self, delivery: HookDelivery) -> Result<(), StoreError>;

    /// The first `limit` deliveries of a part of the queue, in the order in which they came into it.
    async fn hook_deliveries(
        &self,
        queue: HookQueue,
        limit: u32,
    ) -> Result<Vec<HookDelivery>, StoreError>;

    /// Removes a delivery from the queue and returns it, `None` if there is no such.
    async fn delete_hook_delivery(
        &self,
        id: &HookDeliveryId,
    ) -> Result<Option<HookDelivery>, StoreError>;

    /// A value of the server itself, `None` if it was never set.
    async fn meta(&self, key: MetaKey) -> Result<Option<String>, StoreError>;

    /// Sets a value of the server itself.
    async fn set_meta(&self, key: MetaKey, value: String) -> Result<(), StoreError>;

    /// All events with their cameras, at one instant where the back end can tell it.
    async fn snapshot(&self) -> Result<Vec<EventWithCameras>, StoreError> {
        let mut all = Vec::new();
        for event in self.events().await? {
            let cameras = self.cameras(&event.id).await?;
            all.push(EventWithCameras { event, cameras });
        }
        Ok(all)
    }

    /// Tells those who share the store whether a camera's publisher is there. A store that nobody shares
    /// forgets it; of a camera that there is not, every store does.
    async fn tell_presence(
        &self,
        _event: &EventId,
        _camera: &CameraId,
        _presence: CameraPresence,
    ) -> Result<(), StoreError> {
        Ok(())
    }

    /// Shows a camera's key to those who share the store, if the operator wants that. Every other store forgets
    /// it at once.
    async fn show_key(
        &self,
        _event: &EventId,
        _camera: &CameraId,
        _key: &StreamKey,
    ) -> Result<(), StoreError> {
        Ok(())
    }

    /// How the store is. Answered from memory.
    fn status(&self) -> StoreStatus {
        StoreStatus::default()
    }

    /// The writes that a shared database refused for what they are, in their order.
    async fn rejected_writes(&self) -> Result<Vec<RejectedWrite>, StoreError> {
        Ok(Vec::new())
    }

    /// Lets the writes that were refused be tried again, in their order, and returns how many.
    async fn retry_rejected(&self) -> Result<u64, StoreError> {
        Ok(0)
    }

    /// Forgets the writes that were refused, so that the shared database is right about what they concern, and returns
    /// how many.
    async fn discard_rejected(&self) -> Result<u64, StoreError> {
        Ok(0)
    }

    /// Writes out what is waiting and closes the store; later calls answer [`StoreError::Closed`].
    async fn close(&self) -> Result<(), StoreError>;
}

/// An event with its cameras in failover order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventWithCameras {
    /// The event.
    pub event: Event,
    /// Its cameras.
    pub cameras: Vec<Camera>,
}

/// The values of the server itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MetaKey {
    /// [`SecretHash`] of the admin token, as hexadecimal digits.
    AdminTokenHash,
    /// Wall time of the event clock's zero, in microseconds since 1970, as decimal digits.
    EventClockOrigin,
    /// [`PlaybackKeys`](crate::PlaybackKeys) as text.
    PlaybackKeys,
    /// [`KeptHookTargets`](crate::KeptHookTargets) as text.
    HookTargets,
    /// Random text by which a shared database is known again. Never copied into another one.
    StoreId,
}

impl MetaKey {
    /// The values that a copy of a store has, too.
    pub const COPIED: [Self; 4] =
        [Self::AdminTokenHash, Self::EventClockOrigin, Self::PlaybackKeys, Self::HookTargets];

    /// The name under which it is kept. Part of the stored format.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AdminTokenHash => "admin_token_hash",
            Self::EventClockOrigin => "event_clock_origin",
            Self::PlaybackKeys => "playback_keys",
            Self::HookTargets => "hook_targets",
            Self::StoreId => "store_id",
        }
    }
}
