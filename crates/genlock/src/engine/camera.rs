//! A camera as it runs: its Feed, its health and its place for one publisher.

use std::fmt;
use std::net::IpAddr;
use std::sync::atomic::{AtomicI64, AtomicU16, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use genlock_feed::{Feed, FeedLimits};
use genlock_hooks::form::Publisher;
use genlock_ingest::{Admission, CameraHealth, CameraMonitor, CameraSlot, TakeoverPolicy};
use genlock_media::EventTime;
use genlock_store::{Camera, CameraId, EventId, SecretHash, Timestamp};

use super::hooks::Hooks;
use super::publish_session::{Presence, PublishSession};
use super::thumbnails::Thumbnail;

/// A running camera. It lasts from its making to its deletion, over all publish sessions.
pub(super) struct LiveCamera {
    event: EventId,
    id: CameraId,
    /// Hash of the stream key that opens it.
    key: Mutex<SecretHash>,
    feed: Feed,
    thumbnail: Thumbnail,
    monitor: Arc<CameraMonitor>,
    slot: Arc<CameraSlot>,
    sync_offset_micros: Arc<AtomicI64>,
    presence: Arc<Presence>,
    priority: AtomicU16,
    created_at: Timestamp,
    /// Until when its key is refused, in microseconds of the event clock.
    refused_until: AtomicI64,
}

impl LiveCamera {
    pub(super) fn new(camera: &Camera, takeover: TakeoverPolicy, buffer: FeedLimits) -> Arc<Self> {
        Arc::new(Self {
            event: camera.event.clone(),
            id: camera.id.clone(),
            key: Mutex::new(camera.key_hash),
            feed: Feed::new(buffer),
            thumbnail: Thumbnail::default(),
            monitor: Arc::default(),
            slot: Arc::new(CameraSlot::new(takeover)),
            sync_offset_micros: Arc::new(AtomicI64::new(micros(camera.sync_offset_ms))),
            presence: Arc::default(),
            priority: AtomicU16::new(camera.priority),
            created_at: camera.created_at,
            refused_until: AtomicI64::new(i64::MIN),
        })
    }

    pub(super) const fn event(&self) -> &EventId {
        &self.event
    }

    pub(super) const fn id(&self) -> &CameraId {
        &self.id
    }

    pub(super) fn feed(&self) -> Feed {
        self.feed.clone()
    }

    pub(super) const fn thumbnail(&self) -> &Thumbnail {
        &self.thumbnail
    }

    pub(super) fn health(&self, now: EventTime) -> CameraHealth {
        self.monitor.health(now)
    }

    pub(super) fn key(&self) -> SecretHash {
        *self.key.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the key that opens the camera and returns the one that did. A publisher that is there stays.
    pub(super) fn replace_key(&self, key: SecretHash) -> SecretHash {
        std::mem::replace(&mut self.key.lock().unwrap_or_else(PoisonError::into_inner), key)
    }

    /// Takes effect at the camera's next sync sample.
    pub(super) fn set_sync_offset(&self, millis: i32) {
        self.sync_offset_micros.store(micros(millis), Ordering::Relaxed);
    }

    pub(super) fn priority(&self) -> u16 {
        self.priority.load(Ordering::Relaxed)
    }

    /// Place in the failover order: equal priorities go by age.
    pub(super) fn failover_order(&self) -> (u16, Timestamp, &CameraId) {
        (self.priority(), self.created_at, &self.id)
    }

    pub(super) fn set_priority(&self, priority: u16) {
        self.priority.store(priority, Ordering::Relaxed);
    }

    /// What happens when a second publisher comes, from the next one on.
    pub(super) fn set_takeover(&self, policy: TakeoverPolicy) {
        self.slot.set_policy(policy);
    }

    /// Ends the publish session in place, if there is one, and tells the publisher why. Returns whether there
    /// was one.
    pub(super) fn disconnect(&self, why: &str) -> bool {
        self.slot.revoke(why)
    }

    /// Refuses the key until `end`.
    pub(super) fn refuse_until(&self, end: EventTime) {
        self.refused_until.store(end.as_micros(), Ordering::Relaxed);
    }

    /// For how long the key is refused still.
    pub(super) fn refused_for(&self, now: EventTime) -> Option<Duration> {
        let end = EventTime::from_micros(self.refused_until.load(Ordering::Relaxed));
        (end > now).then(|| end.saturating_since(now))
    }

    /// A publisher that had the key was refused.
    pub(super) fn note_refusal(&self, reason: &str) {
        self.monitor.refused(reason);
    }

    /// What a publisher of this camera gets; `publisher` is what nginx-rtmp's back end knows it by.
    pub(super) fn admission(
        &self,
        hooks: &Hooks,
        address: IpAddr,
        publisher: Option<Publisher>,
    ) -> Admission {
        let session = PublishSession::new(
            hooks.clone(),
            (self.event.clone(), self.id.clone()),
            Arc::clone(&self.presence),
            Arc::clone(&self.slot),
            address,
            publisher,
        );
        Admission {
            feed: self.feed.clone(),
            label: format!("{}/{}", self.event, self.id),
            sync_offset: Arc::clone(&self.sync_offset_micros),
            monitor: Arc::clone(&self.monitor),
            slot: Arc::clone(&self.slot),
            watch: Some(Arc::new(session)),
        }
    }
}

const fn micros(millis: i32) -> i64 {
    millis as i64 * 1000
}

impl fmt::Debug for LiveCamera {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveCamera").field("id", &self.id).finish_non_exhaustive()
    }
}
