//! The running system: which events and cameras there are, their Feeds and programmes, and who may
//! publish to them.
//!
//! ```text
//!  control-api ──Change──▶ Engine ──▶ event: programme, output Feed ──▶ origin
//!  ingest ──key──▶ gate ──┘      └──▶ camera: Feed, monitor, session slot ──▶ origin (on request)
//! ```
//!
//! Architecture Invariant: everything here is answered from memory. The store is read once, at start;
//! afterwards every change comes from the API, or from those who share the store, as a `Change`.

mod agenda;
mod camera;
mod compatibility;
mod event;
mod gate;
mod happenings;
#[cfg(test)]
mod health_table;
mod hooks;
mod ledger;
mod life;
mod live;
mod notices;
mod playback;
mod policy;
mod presence;
mod preview;
mod publish_session;
mod readings;
mod recording;
mod scheduled;
mod slates;
mod switch_log;
mod take_trace;
#[cfg(test)]
mod tests;
mod thumbnails;
mod wall;
mod words;

use std::sync::Arc;

use arc_swap::ArcSwap;
use dashmap::DashMap;
use genlock_control_api::{Change, Live};
use genlock_delivery::{Demand, Origin, PublicationId};
use genlock_feed::clock::EventClock;
use genlock_feed::{Feed, FeedLimits};
use genlock_ingest::TakeoverPolicy;
use genlock_recorder::Recorder;
use genlock_slate::Studio;
use genlock_store::{
    Camera, CameraId, Event, EventId, EventPolicy, Life, SlateFolder, Store, StoreError,
};

use self::camera::LiveCamera;
use self::event::LiveEvent;
pub(crate) use self::hooks::Hooks;
pub(crate) use self::wall::{WallClock, unix_micros};

/// Name of the programme among an event's publications. No camera can have it.
const PROGRAM: &str = "program";

/// All events of the server as they run.
///
/// The maps hand out clones of `Arc`s and never their guards, so nothing is locked across an await.
pub(crate) struct Engine {
    events: DashMap<EventId, Arc<LiveEvent>>,
    /// Which camera a stream key opens. Looked up by hash, so the time it takes says nothing of the key.
    keys: DashMap<[u8; 32], Arc<LiveCamera>>,
    store: Arc<dyn Store>,
    origin: Origin,
    clock: EventClock,
    wall: WallClock,
    /// Of cameras to come.
    takeover: ArcSwap<TakeoverPolicy>,
    /// Of each camera's Feed and each programme's.
    buffer: FeedLimits,
    slates: SlateFolder,
    studio: Studio,
    /// Apart from the slates', which must not wait for thumbnails.
    thumbnail_studio: Studio,
    hooks: Hooks,
    recorder: Recorder,
}

impl Engine {
    /// A system without events.
    #[expect(
        clippy::too_many_arguments,
        reason = "each is a part of the system, and there is one caller"
    )]
    pub(crate) fn new(
        store: Arc<dyn Store>,
        origin: Origin,
        clock: EventClock,
        wall: WallClock,
        takeover: TakeoverPolicy,
        buffer: FeedLimits,
        slates: SlateFolder,
        hooks: Hooks,
        recorder: Recorder,
    ) -> Arc<Self> {
        let (events, keys) = (DashMap::new(), DashMap::new());
        let (studio, thumbnail_studio) = (Studio::default(), Studio::default());
        Arc::new(Self {
            events,
            keys,
            store,
            origin,
            clock,
            wall,
            takeover: ArcSwap::from_pointee(takeover),
            buffer,
            slates,
            studio,
            thumbnail_studio,
            hooks,
            recorder,
        })
    }

    /// Starts what the store holds.
    pub(crate) async fn restore(self: &Arc<Self>) -> Result<(), StoreError> {
        playback::restore_keys(&*self.store, &self.origin).await?;
        let events = self.store.events().await?;
        self.sweep_slates(events.iter().map(|event| event.id.clone()).collect()).await;
        for event in events {
            let live = self.start_event(&event).await;
            for camera in self.store.cameras(&event.id).await? {
                self.add_camera(&camera).await;
            }
            self.set_policy(&live, &event.policy).await;
            if event.lock.is_some() {
                live.set_locked(true).await;
            }
            if let Some(chosen) = &event.intent {
                live.restore_intent(&chosen.camera).await;
            }
            for take in self.store.scheduled_takes(&event.id).await? {
                live.scheduled().add(take);
            }
        }
        if self.hooks.can_tell() {
            notices::watch_health(self);
        }
        Ok(())
    }

    /// Follows a change of what is kept.
    async fn follow(&self, change: Change) {
        if self.hooks.wants_notices()
            && let Some((event, kind, data)) = notices::of_change(&change)
        {
            self.hooks.tell(&event, kind, data).await;
        }
        match change {
            Change::EventCreated(event) => {
                let live = self.start_event(&event).await;
                self.set_policy(&live, &event.policy).await;
            }
            Change::EventUpdated(event) => {
                if let Some(live) = self.event(&event.id) {
                    playback::set_access(&self.origin, &event);
                    self.set_life(&event, &live).await;
                    self.set_policy(&live, &event.policy).await;
                }
            }
            Change::LockChanged(event) => {
                if let Some(live) = self.event(&event.id) {
                    live.set_locked(event.lock.is_some()).await;
                }
            }
            Change::EventDeleted(event) => self.end_event(&event).await,
            Change::CameraCreated(camera) => self.add_camera(&camera).await,
            Change::CameraUpdated(camera) => self.update_camera(&camera).await,
            Change::KeyRotated(camera) => self.rotate_key(&camera),
            Change::PlaybackKeys(keys) => playback::use_keys(&self.origin, &keys),
            Change::CameraDeleted(camera) => self.remove_camera(&camera.event, &camera.id).await,
            Change::TakeScheduled(take) => {
                if let Some(live) = self.event(&take.event) {
                    live.scheduled().add(take);
                }
            }
        }
    }

    /// Ends all programmes, so that what they still have to tell is told.
    pub(crate) async fn stop(&self) {
        for event in self.all_events() {
            event.end().await;
        }
        self.finish_recordings().await;
        self.hooks.finish().await;
    }

    async fn start_event(&self, event: &Event) -> Arc<LiveEvent> {
        let live = LiveEvent::start(event, self.slate(&event.id), self.buffer, self.clock).await;
        playback::set_access(&self.origin, event);
        if event.life != Life::Ended {
            self.publish(&event.id, PROGRAM, live.output(), Demand::Always);
        }
        let listings = program_publication(&event.id).and_then(|id| self.origin.listings(&id));
        switch_log::spawn(&live, Arc::clone(&self.store), self.clock, self.wall, listings);
        scheduled::spawn(&live, Arc::clone(&self.store));
        self.events.insert(event.id.clone(), Arc::clone(&live));
        if self.hooks.can_tell()
            && let Some(happenings) = self.happenings(&event.id)
        {
            notices::follow(&live, happenings, self.hooks.clone());
        }
        if event.life == Life::Ended {
            live.end().await;
        }
        self.record(&live);
        live
    }

    async fn set_policy(&self, event: &LiveEvent, policy: &EventPolicy) {
        event.set_policy(policy).await;
        self.record(event);
        if let Some(id) = program_publication(event.id()) {
            self.origin.set_default_dialect(&id, policy::dialect(policy));
        }
    }

    async fn end_event(&self, event: &EventId) {
        let Some((_, live)) = self.events.remove(event) else { return };
        for camera in live.cameras() {
            self.forget_camera(event, &camera);
        }
        live.end().await;
        self.unpublish(event, PROGRAM);
        self.origin.set_signed(event.as_str(), false);
        self.recorder.forget(event.as_str());
        self.forget_slate(event).await;
    }

    /// Another rule for second publishers, from the next one on. Not while cameras are added.
    pub(crate) fn set_takeover(&self, policy: TakeoverPolicy) {
        self.takeover.store(Arc::new(policy));
        for camera in self.all_events().iter().flat_map(|event| event.cameras()) {
            camera.set_takeover(policy);
        }
    }

    async fn add_camera(&self, camera: &Camera) {
        let Some(event) = self.event(&camera.event) else { return };
        let live = LiveCamera::new(camera, **self.takeover.load(), self.buffer);
        if event.life().get() != Life::Ended {
            self.publish(&camera.event, camera.id.as_str(), live.feed(), Demand::ON_REQUEST);
        }
        self.keys.insert(*camera.key_hash.as_bytes(), Arc::clone(&live));
        event.add_camera(live).await;
        self.record(&event);
    }

    async fn update_camera(&self, camera: &Camera) {
        let Some(event) = self.event(&camera.event) else { return };
        event.set_priority(&camera.id, camera.priority).await;
        if let Some(live) = event.camera(&camera.id) {
            live.set_sync_offset(camera.sync_offset_ms);
        }
    }

    fn rotate_key(&self, camera: &Camera) {
        let Some(live) = self.camera(&camera.event, &camera.id) else { return };
        let old = live.replace_key(camera.key_hash);
        self.keys.remove(old.as_bytes());
        self.keys.insert(*camera.key_hash.as_bytes(), live);
    }

    async fn remove_camera(&self, event: &EventId, camera: &CameraId) {
        let Some(running) = self.event(event) else { return };
        if let Some(live) = running.remove_camera(camera).await {
            self.end_recording(&running, camera);
            self.forget_camera(event, &live);
        }
    }

    /// Takes away what a camera has outside of its event.
    fn forget_camera(&self, event: &EventId, camera: &LiveCamera) {
        self.keys.remove(camera.key().as_bytes());
        camera.disconnect("the camera was deleted");
        self.unpublish(event, camera.id().as_str());
    }

    fn publish(&self, event: &EventId, name: &str, feed: Feed, demand: Demand) {
        match PublicationId::new(event.as_str(), name) {
            Some(id) => self.origin.publish(id, feed, demand),
            // Ids in the store keep to the alphabet of paths, so this is a store written by others.
            None => tracing::error!(%event, name, "an id cannot stand in a path: not published"),
        }
    }

    fn unpublish(&self, event: &EventId, name: &str) {
        if let Some(id) = PublicationId::new(event.as_str(), name) {
            self.origin.remove(&id);
        }
    }

    fn event(&self, event: &EventId) -> Option<Arc<LiveEvent>> {
        self.events.get(event).map(|live| Arc::clone(&live))
    }

    fn camera(&self, event: &EventId, camera: &CameraId) -> Option<Arc<LiveCamera>> {
        self.event(event)?.camera(camera)
    }

    /// All events; the map is not locked while they are worked on.
    fn all_events(&self) -> Vec<Arc<LiveEvent>> {
        self.events.iter().map(|live| Arc::clone(&live)).collect()
    }
}

/// Where an event's programme is published.
fn program_publication(event: &EventId) -> Option<PublicationId> {
    PublicationId::new(event.as_str(), PROGRAM)
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("events", &self.events.len()).finish_non_exhaustive()
    }
}
