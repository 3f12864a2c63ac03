//! One publish session as others are told of it: when its camera is live and offline, and for nginx-rtmp's
//! back ends that it goes on and that it is done.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use genlock_hooks::form::Publisher;
use genlock_hooks::{PublishHooks, Update};
use genlock_ingest::{CameraSlot, PublishEnd, PublishWatch};
use genlock_store::{CameraId, EventId};
use serde_json::json;
use tokio::time::{Instant, interval_at};
use tokio_util::sync::CancellationToken;
use tracing::Span;
use tracing::field::{Empty, debug};

use super::hooks::Hooks;
use crate::traces::TARGET;

/// What the sessions of one camera share: whether it has been told as live, and how many there were.
#[derive(Debug, Default)]
pub(super) struct Presence {
    live: AtomicBool,
    sessions: AtomicU64,
}

/// A session, and what is told of it.
#[derive(Debug)]
pub(super) struct PublishSession {
    hooks: Hooks,
    event: EventId,
    camera: CameraId,
    presence: Arc<Presence>,
    slot: Arc<CameraSlot>,
    address: IpAddr,
    /// What nginx-rtmp's back end knows it by, where there is one.
    publisher: Option<Arc<Publisher>>,
    number: AtomicU64,
    timestamp: Arc<AtomicU32>,
    over: CancellationToken,
    trace: Mutex<Span>,
}

impl PublishSession {
    pub(super) fn new(
        hooks: Hooks,
        (event, camera): (EventId, CameraId),
        presence: Arc<Presence>,
        slot: Arc<CameraSlot>,
        address: IpAddr,
        publisher: Option<Publisher>,
    ) -> Self {
        Self {
            hooks,
            event,
            camera,
            presence,
            slot,
            address,
            publisher: publisher.map(Arc::new),
            number: AtomicU64::new(0),
            timestamp: Arc::default(),
            over: CancellationToken::new(),
            trace: Mutex::new(Span::none()),
        }
    }

    /// The session as a span, which is over when it is dropped.
    fn span(&self, number: u64) -> Span {
        tracing::info_span!(
            target: TARGET,
            parent: None,
            "publish",
            genlock.event = %self.event,
            genlock.camera = %self.camera,
            genlock.session = number,
            genlock.end = Empty,
            client.address = %self.address,
        )
    }

    fn trace(&self) -> MutexGuard<'_, Span> {
        self.trace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, kind: &'static str) {
        let data =
            json!({ "camera_id": self.camera.as_str(), "address": self.address.to_string() });
        self.hooks.try_tell(&self.event, kind, data);
    }

    /// Asks the back end again and again whether the session may go on.
    fn follow(&self, hooks: Arc<PublishHooks>, publisher: Arc<Publisher>) {
        let (slot, timestamp) = (Arc::clone(&self.slot), Arc::clone(&self.timestamp));
        let updating = async move {
            let every = hooks.config().update_every;
            let begun = Instant::now();
            let mut ticks = interval_at(begun + every, every);
            loop {
                ticks.tick().await;
                let timestamp = timestamp.load(Ordering::Relaxed);
                let seconds = begun.elapsed().as_secs();
                if hooks.update(&publisher, seconds, timestamp).await == Update::End {
                    tracing::info!(camera = ?publisher.camera, "the back end ends a publish");
                    slot.revoke("the back end has ended the publish");
                    return;
                }
            }
        };
        let over = self.over.clone();
        self.hooks.spawn(async move {
            tokio::select! {
                () = over.cancelled() => {}
                () = updating => {}
            }
        });
    }
}

impl PublishWatch for PublishSession {
    fn started(&self) {
        let number = self.presence.sessions.fetch_add(1, Ordering::Relaxed) + 1;
        self.number.store(number, Ordering::Relaxed);
        *self.trace() = self.span(number);
        if let (Some(hooks), Some(publisher)) = (self.hooks.publish(), &self.publisher)
            && hooks.config().on_update.is_some()
        {
            self.follow(hooks, Arc::clone(publisher));
        }
    }

    fn message(&self, timestamp: u32) {
        self.timestamp.store(timestamp, Ordering::Relaxed);
    }

    fn live(&self) {
        tracing::info!(target: TARGET, parent: &*self.trace(), "live");
        if !self.presence.live.swap(true, Ordering::Relaxed) {
            self.tell("camera.live");
        }
    }

    /// A session that was taken over is not told as over: back ends know the camera by its name, and the
    /// camera goes on.
    fn ended(&self, end: PublishEnd) {
        self.over.cancel();
        let span = std::mem::replace(&mut *self.trace(), Span::none());
        span.record("genlock.end", debug(end));
        if end == PublishEnd::TakenOver {
            return;
        }
        if self.presence.live.swap(false, Ordering::Relaxed) {
            self.tell("camera.offline");
        }
        if let (Some(hooks), Some(publisher)) = (self.hooks.publish(), &self.publisher) {
            let publisher = Arc::clone(publisher);
            let (presence, mine) =
                (Arc::clone(&self.presence), self.number.load(Ordering::Relaxed));
            self.hooks.spawn(async move {
                let is_stale = || presence.sessions.load(Ordering::Relaxed) != mine;
                hooks.done(&publisher, is_stale).await;
            });
        }
    }
}
