//! One published Feed: its newest snapshot, who waits for the next, and whether anybody wants it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use genlock_feed::Feed;
use genlock_feed::clock::EventClock;
use genlock_media::EventTime;
use genlock_packager::{Dialect, Snapshot};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use crate::answer::Asked;
use crate::audience::Audience;
use crate::path;
use crate::waiters::{Seat, Waiters};

/// Names a publication: the path between `/hls/` and the file.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PublicationId(Box<str>);

impl PublicationId {
    /// `name` of `event`: `program`, or a camera. `None` unless both are `[A-Za-z0-9_-]{1,64}`.
    #[must_use]
    pub fn new(event: &str, name: &str) -> Option<Self> {
        let fits = path::is_name(event) && path::is_name(name);
        fits.then(|| Self(format!("{event}/{name}").into()))
    }

    /// `{event}/{name}`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PublicationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for PublicationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// When a Feed is packaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Demand {
    /// Always, from the Feed's first sample on, so that the window is full when a viewer comes: the
    /// programme.
    Always,
    /// From the first request on, starting with the GOPs that the Feed holds, until nothing was
    /// asked for during `idle`: a camera. Default 30 s, several reloads of a slow player.
    OnRequest {
        /// Time without requests after which packaging stops.
        idle: Duration,
    },
}

impl Demand {
    /// On request, until nothing was asked for during 30 s.
    pub const ON_REQUEST: Self = Self::OnRequest { idle: Duration::from_secs(30) };
}

/// One published Feed.
#[derive(Debug)]
pub(crate) struct Publication {
    pub(crate) id: PublicationId,
    pub(crate) feed: Feed,
    pub(crate) demand: Demand,
    pub(crate) clock: EventClock,
    ended: CancellationToken,
    finished: CancellationToken,
    audience: Audience,
    snapshot: ArcSwapOption<Snapshot>,
    /// Target duration of the first playlist that was served, in seconds; 0 before.
    target_duration: AtomicU8,
    /// Whether the multivariant playlist is seamless when its URL names no dialect.
    seamless: AtomicBool,
    /// Held requests.
    waiters: Arc<Waiters>,
    /// When the snapshot was replaced.
    changes: watch::Sender<EventTime>,
    /// When something was last asked for, in microseconds of the event clock.
    touched: AtomicI64,
    ts_wanted: AtomicBool,
    /// Wakes the packaging task.
    attention: Notify,
}

impl Publication {
    pub(crate) fn new(
        id: PublicationId,
        feed: Feed,
        demand: Demand,
        clock: EventClock,
        ended: CancellationToken,
    ) -> Self {
        Self {
            id,
            feed,
            demand,
            clock,
            ended,
            finished: CancellationToken::new(),
            audience: Audience::default(),
            snapshot: ArcSwapOption::empty(),
            target_duration: AtomicU8::new(0),
            seamless: AtomicBool::new(false),
            waiters: Arc::default(),
            changes: watch::Sender::new(clock.now()),
            touched: AtomicI64::new(i64::MIN),
            ts_wanted: AtomicBool::new(false),
            attention: Notify::new(),
        }
    }

    /// The newest snapshot; `None` while nothing is packaged.
    pub(crate) fn snapshot(&self) -> Option<Arc<Snapshot>> {
        self.snapshot.load_full()
    }

    /// The same for a moment, without a reference count that all requests would change.
    pub(crate) fn glance(&self) -> arc_swap::Guard<Option<Arc<Snapshot>>> {
        self.snapshot.load()
    }

    /// Replaces the snapshot and wakes whoever waits for it.
    pub(crate) fn show(&self, snapshot: Option<Arc<Snapshot>>) {
        let now = self.clock.now();
        // Together, so that whoever reads both has a snapshot and the time of that snapshot.
        self.changes.send_modify(|changed_at| {
            self.snapshot.store(snapshot);
            *changed_at = now;
        });
        self.waiters.wake_all();
    }

    /// Lets whoever waits look again, with nothing new to see.
    pub(crate) fn call(&self) {
        self.waiters.wake_all();
    }

    /// The target duration that all playlists have from now on, once one was served: it never
    /// changes for the life of a URL (rfc8216bis-22 §6.2.1).
    pub(crate) fn target_duration(&self) -> Option<u8> {
        Some(self.target_duration.load(Ordering::Acquire)).filter(|seconds| *seconds > 0)
    }

    /// A playlist with this target duration is to be served; `false` if another one was before, so
    /// that it must not be.
    pub(crate) fn settle_target_duration(&self, seconds: u8) -> bool {
        let settled =
            self.target_duration.compare_exchange(0, seconds, Ordering::AcqRel, Ordering::Acquire);
        settled.map_or_else(|before| before == seconds, |_| true)
    }

    /// A place among those who wait for the next snapshot.
    pub(crate) fn seat(&self) -> Seat {
        Seat::new(Arc::clone(&self.waiters))
    }

    /// The times of snapshots, from now on.
    pub(crate) fn changes(&self) -> watch::Receiver<EventTime> {
        self.changes.subscribe()
    }

    /// What the multivariant playlist speaks when its URL names no dialect.
    pub(crate) fn default_dialect(&self) -> Dialect {
        if self.seamless.load(Ordering::Relaxed) { Dialect::Seamless } else { Dialect::Strict }
    }

    /// Sets what it speaks then.
    pub(crate) fn set_default_dialect(&self, dialect: Dialect) {
        self.seamless.store(dialect == Dialect::Seamless, Ordering::Relaxed);
    }

    /// Ends the publication: its task stops, and what waits for it is answered.
    pub(crate) fn end(&self) {
        self.ended.cancel();
        self.show(None);
    }

    /// Cancelled when the publication is gone.
    pub(crate) const fn ended(&self) -> &CancellationToken {
        &self.ended
    }

    /// Something was asked for.
    pub(crate) fn touch(&self) {
        if let Demand::OnRequest { .. } = self.demand {
            self.touched.store(self.clock.now().as_micros(), Ordering::Relaxed);
            if self.snapshot.load().is_none() {
                self.attention.notify_one();
            }
        }
    }

    /// Nothing comes any more.
    pub(crate) fn finish(&self) {
        self.finished.cancel();
    }

    /// Cancelled when nothing comes any more.
    pub(crate) const fn finished(&self) -> &CancellationToken {
        &self.finished
    }

    /// A playlist was asked for.
    pub(crate) fn note_viewer(&self, asked: &Asked<'_>) {
        self.audience.note(self.clock.now(), asked.peer, asked.fields.agent, asked.token);
    }

    /// How many ask for playlists.
    pub(crate) fn viewers(&self) -> usize {
        self.audience.count(self.clock.now())
    }

    /// MPEG-TS was asked for. It is made from then on.
    pub(crate) fn want_ts(&self) {
        if !self.ts_wanted.swap(true, Ordering::Relaxed) {
            self.attention.notify_one();
        }
    }

    /// Whether MPEG-TS was ever asked for.
    pub(crate) fn is_ts_wanted(&self) -> bool {
        self.ts_wanted.load(Ordering::Relaxed)
    }

    /// Waits until there is something to do for the packaging task besides the Feed: the first
    /// request after a pause, or the first one for MPEG-TS.
    pub(crate) async fn attention(&self) {
        self.attention.notified().await;
    }

    /// Waits until packaging should start: the Feed is wanted, and a camera is live. What an
    /// offline camera sent last is not worth showing.
    pub(crate) async fn startable(&self) {
        let mut feed = self.feed.watch();
        loop {
            while !self.is_wanted(self.clock.now()) {
                self.attention().await;
            }
            if self.demand == Demand::Always || self.feed.status().live {
                return;
            }
            feed.changed().await;
        }
    }

    /// Whether the Feed is wanted at `now`.
    pub(crate) fn is_wanted(&self, now: EventTime) -> bool {
        self.wanted_until().is_none_or(|end| now < end)
    }

    /// When the Feed will not be wanted any more unless somebody asks; `None` for never.
    pub(crate) fn wanted_until(&self) -> Option<EventTime> {
        match self.demand {
            Demand::Always => None,
            Demand::OnRequest { idle } => {
                Some(EventTime::from_micros(self.touched.load(Ordering::Relaxed)) + idle)
            }
        }
    }
}
