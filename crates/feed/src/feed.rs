//! The shared handle: opening epochs, pushing, status and wake-up.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use genlock_media::{EventTime, Sample, TrackConfig, TrackKind};

use crate::changes::Changes;
use crate::limits::FeedLimits;
use crate::reader::{FeedReader, Start};
use crate::ring::{Epoch, Joint, Position, Ring, SyncPoint};

/// Handle to a Feed: makes readers, opens publish sessions, tells the status. Clones share the Feed.
#[derive(Clone)]
pub struct Feed {
    shared: Arc<Shared>,
}

pub(crate) struct Shared {
    state: Mutex<State>,
    /// Wakes readers. They compare positions, not its count. Who waits for a Feed does not keep it.
    changes: Arc<Changes>,
}

pub(crate) struct State {
    pub(crate) ring: Ring,
    pub(crate) status: FeedStatus,
}

/// What a Feed is doing.
#[derive(Debug, Clone, Default)]
pub struct FeedStatus {
    /// A publish session is open.
    pub live: bool,
    /// The newest publish session.
    pub epoch: Epoch,
    /// When the newest session was opened, and when the Feed last went from live to not live.
    pub live_changed: Option<EventTime>,
    /// When the newest sample arrived.
    pub last_arrival: Option<EventTime>,
    /// When the newest video sample of the newest session arrived.
    pub video_arrival: Option<EventTime>,
    /// When the newest audio sample of the newest session arrived.
    pub audio_arrival: Option<EventTime>,
    /// Presentation time of the newest video sample of the newest session.
    pub newest_video: Option<EventTime>,
    /// Presentation time of the newest audio sample of the newest session.
    pub newest_audio: Option<EventTime>,
    /// Configuration of the newest video sample of the newest session.
    pub video: Option<Arc<TrackConfig>>,
    /// Configuration of the newest audio sample of the newest session.
    pub audio: Option<Arc<TrackConfig>>,
    /// Samples pushed since the Feed was made.
    pub samples_pushed: u64,
    /// Payload bytes pushed since the Feed was made.
    pub bytes_pushed: u64,
    /// Samples in the ring.
    pub samples_held: usize,
    /// Payload bytes in the ring.
    pub bytes_held: usize,
}

impl FeedStatus {
    fn note(&mut self, now: EventTime, sample: &Sample) {
        self.last_arrival = Some(now);
        self.samples_pushed += 1;
        self.bytes_pushed += sample.payload.len() as u64;
        let (arrival, newest, config) = match sample.kind() {
            TrackKind::Video => (&mut self.video_arrival, &mut self.newest_video, &mut self.video),
            TrackKind::Audio => (&mut self.audio_arrival, &mut self.newest_audio, &mut self.audio),
        };
        *arrival = Some(now);
        *newest = (*newest).max(Some(sample.pts_event()));
        if !config.as_ref().is_some_and(|held| Arc::ptr_eq(held, &sample.config)) {
            *config = Some(Arc::clone(&sample.config));
        }
    }
}

impl Feed {
    /// An empty Feed that nobody publishes to.
    #[must_use]
    pub fn new(limits: FeedLimits) -> Self {
        let state = State { ring: Ring::new(limits), status: FeedStatus::default() };
        Self { shared: Arc::new(Shared { state: Mutex::new(state), changes: Arc::default() }) }
    }

    /// Opens a publish session (a new epoch). A session that is still open is superseded: its writer
    /// finds out at its next push, and its closing changes nothing.
    #[must_use]
    pub fn open(&self, now: EventTime) -> FeedWriter {
        let mut state = self.shared.lock();
        let epoch = Epoch(state.status.epoch.0.wrapping_add(1));
        state.status = FeedStatus {
            live: true,
            epoch,
            live_changed: Some(now),
            last_arrival: state.status.last_arrival,
            samples_pushed: state.status.samples_pushed,
            bytes_pushed: state.status.bytes_pushed,
            ..FeedStatus::default()
        };
        drop(state);
        self.shared.changes.note();
        FeedWriter { shared: Arc::clone(&self.shared), epoch, closed_at: now }
    }

    /// A reader that starts at `start`.
    #[must_use]
    pub fn reader(&self, start: Start) -> FeedReader {
        FeedReader::new(Arc::clone(&self.shared), start)
    }

    /// The video sync samples in the ring, oldest first, of all epochs.
    #[must_use]
    pub fn sync_points(&self) -> Vec<SyncPoint> {
        self.shared.lock().ring.syncs().iter().cloned().collect()
    }

    /// The newest video sync sample of the newest epoch.
    #[must_use]
    pub fn newest_sync(&self) -> Option<SyncPoint> {
        let state = self.shared.lock();
        state.ring.syncs().back().filter(|sync| sync.epoch == state.status.epoch).cloned()
    }

    /// What the Feed is doing.
    #[must_use]
    pub fn status(&self) -> FeedStatus {
        let state = self.shared.lock();
        FeedStatus {
            samples_held: state.ring.len(),
            bytes_held: state.ring.bytes(),
            ..state.status.clone()
        }
    }

    /// Something to wait on for any change: a push, a session opened or closed.
    #[must_use]
    pub fn watch(&self) -> FeedWatch {
        let changes = Arc::clone(&self.shared.changes);
        FeedWatch { seen: changes.count(), changes }
    }

    /// Whether both handles are of the same Feed.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Feed").field(&self.status()).finish()
    }
}

impl Shared {
    /// A panic while the lock was held leaves the ring usable: every change is made whole before the
    /// next one starts.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn changes(&self) -> &Changes {
        &self.changes
    }
}

/// Waits for changes of a Feed.
#[derive(Debug, Clone)]
pub struct FeedWatch {
    changes: Arc<Changes>,
    seen: u64,
}

impl FeedWatch {
    /// Resolves when the Feed has changed since the last call (or since [`Feed::watch`]). Cancel-safe. Never
    /// resolves again once all handles of the Feed are gone.
    pub async fn changed(&mut self) {
        self.seen = self.changes.beyond(self.seen).await;
    }
}

/// A newer publish session owns the Feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a newer publish session owns the feed")]
pub struct Superseded;

/// The write side of a publish session. Dropping it closes the session.
pub struct FeedWriter {
    shared: Arc<Shared>,
    epoch: Epoch,
    /// The last time that this writer was told, which is when it counts as closed if it is dropped.
    closed_at: EventTime,
}

impl FeedWriter {
    /// The session's number.
    #[must_use]
    pub const fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Appends a sample and wakes the readers.
    ///
    /// # Errors
    /// When a newer session was opened; the sample is not written.
    pub fn push(&mut self, now: EventTime, sample: Sample) -> Result<Position, Superseded> {
        self.push_joined(now, sample, Joint::Continues)
    }

    /// Appends a sample, tells readers how it follows the one before, and wakes them.
    ///
    /// # Errors
    /// When a newer session was opened; the sample is not written.
    pub fn push_joined(
        &mut self,
        now: EventTime,
        sample: Sample,
        joint: Joint,
    ) -> Result<Position, Superseded> {
        self.closed_at = now;
        let mut state = self.shared.lock();
        if state.status.epoch != self.epoch {
            return Err(Superseded);
        }
        state.status.note(now, &sample);
        let position = state.ring.end();
        state.ring.push(self.epoch, now, sample, joint);
        drop(state);
        self.shared.changes.note();
        Ok(position)
    }

    /// Closes the session at `now`: the Feed is not live any more, what it holds stays.
    pub fn close(mut self, now: EventTime) {
        self.closed_at = now;
    }
}

impl Drop for FeedWriter {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        if state.status.epoch == self.epoch && state.status.live {
            state.status.live = false;
            state.status.live_changed = Some(self.closed_at);
            drop(state);
            self.shared.changes.note();
        }
    }
}

impl fmt::Debug for FeedWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FeedWriter").field("epoch", &self.epoch).finish_non_exhaustive()
    }
}
