//! What is to be recorded, and what the thread says of it.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use genlock_feed::Feed;
use genlock_feed::clock::EventClock;
use genlock_media::EventTime;

use super::bell::Bell;
use super::folder::Library;
use super::media::Remote;
use super::thread;
use crate::name::{RecordingId, Source};
use crate::writer::Rolling;

/// How often files are made durable. Default 10 s: what a power cut may lose.
pub const SYNC_INTERVAL: Duration = Duration::from_secs(10);

/// How recordings are kept.
#[derive(Debug, Clone)]
pub struct RecorderConfig {
    /// Where. Made when there is something to record.
    pub folder: PathBuf,
    /// Wall time of the event clock's zero, in microseconds since 1970.
    pub zero_unix_micros: i64,
    /// When a recording goes on in another file.
    pub rolling: Rolling,
    /// Bytes of the disk that cameras leave free; the programme goes on down to a quarter of it. Default
    /// 2 GiB.
    pub keep_free: u64,
    /// Bytes of all recordings. Cameras stop at nine tenths. Default: no limit.
    pub quota: Option<u64>,
    /// Bytes of one event's recordings. Cameras stop at nine tenths. Default: no limit.
    pub event_quota: Option<u64>,
    /// Age at which recordings that are over are removed. Default: never.
    pub keep: Option<Duration>,
    /// Where media files are read that are on the disk no more. Default: nowhere.
    pub remote: Option<Arc<dyn Remote>>,
}

impl RecorderConfig {
    /// The defaults, in `folder`.
    #[must_use]
    pub fn new(folder: PathBuf, zero_unix_micros: i64) -> Self {
        Self {
            folder,
            zero_unix_micros,
            rolling: Rolling::default(),
            keep_free: 2 << 30,
            quota: None,
            event_quota: None,
            keep: None,
            remote: None,
        }
    }
}

/// Why nothing more is to be recorded of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// For now: the recording may go on later.
    Pause,
    /// For good: the recording is over.
    End,
}

/// What becomes of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Ready, and nobody publishes.
    Waiting,
    /// What comes is written.
    Recording,
    /// The disk is too full.
    DiskLow,
    /// The quota of the event, or of all, is used up.
    QuotaReached,
    /// Writing fails, and is tried again.
    Failed,
}

/// What the thread says of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// What becomes of it.
    pub state: State,
    /// The recording that is open.
    pub recording: Option<RecordingId>,
    /// Media bytes of the open recording since the server started.
    pub bytes: u64,
    /// Samples lost since the server started.
    pub lost: u64,
    /// Why writing failed the last time, while it does.
    pub error: Option<String>,
}

/// All sources together, for whoever runs the server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RecordingTotals {
    /// Sources that are waited for.
    pub waiting: u64,
    /// Sources that are written.
    pub recording: u64,
    /// Sources for which the disk is too full.
    pub disk_low: u64,
    /// Sources whose quota is used up.
    pub quota_reached: u64,
    /// Sources that cannot be written.
    pub failed: u64,
    /// Bytes of media written since the server started.
    pub bytes: u64,
    /// Samples that the disk was too slow for since the server started.
    pub lost: u64,
    /// Bytes of the disk that are free, where that can be told.
    pub free: Option<u64>,
}

/// Handle to the recorder. Clones share it; with the last of them its thread ends.
#[derive(Debug, Clone)]
pub struct Recorder {
    desk: Arc<Desk>,
    library: Library,
    clock: EventClock,
}

impl Recorder {
    /// Starts the thread, which first mends what a crash has left in the folder.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn start(config: RecorderConfig, clock: EventClock) -> io::Result<Self> {
        let desk = Arc::new(Desk::default());
        let library =
            Library::new(config.folder.clone(), config.zero_unix_micros, config.remote.clone());
        let (shared, shelf) = (Arc::clone(&desk), library.clone());
        let thread = std::thread::Builder::new()
            .name("recorder".to_owned())
            .spawn(move || thread::run(&shared, &config, shelf, clock))?;
        desk.lock().thread = Some(thread);
        Ok(Self { desk, library, clock })
    }

    /// Records `source` from its newest sync sample on, until [`Recorder::stop`].
    pub fn record(&self, source: Source, feed: Feed) {
        let mut state = self.desk.lock();
        state.stops.remove(&source);
        state.wanted.insert(source, feed);
        self.desk.note_change(&mut state);
    }

    /// Records no more of `source`.
    pub fn stop(&self, source: &Source, how: Stop) {
        let mut state = self.desk.lock();
        if state.wanted.remove(source).is_some() {
            state.stops.insert(source.clone(), how);
            self.desk.note_change(&mut state);
        }
    }

    /// Records no more of `event`, and removes what was recorded of it.
    pub fn forget(&self, event: &str) {
        let mut state = self.desk.lock();
        state.wanted.retain(|source, _| source.event() != event);
        state.forgotten.insert(event.to_owned());
        self.desk.note_change(&mut state);
    }

    /// What is to be recorded.
    #[must_use]
    pub fn wanted(&self) -> Vec<Source> {
        self.desk.lock().wanted.keys().cloned().collect()
    }

    /// What becomes of `source`; `None` if it is not to be recorded.
    #[must_use]
    pub fn status(&self, source: &Source) -> Option<Status> {
        self.desk.lock().statuses.get(source).cloned()
    }

    /// What becomes of all sources that are to be recorded.
    #[must_use]
    pub fn statuses(&self) -> BTreeMap<Source, Status> {
        self.desk.lock().statuses.clone()
    }

    /// All sources together.
    #[must_use]
    pub fn totals(&self) -> RecordingTotals {
        let state = self.desk.lock();
        let mut totals = state.totals;
        for status in state.statuses.values() {
            *match status.state {
                State::Waiting => &mut totals.waiting,
                State::Recording => &mut totals.recording,
                State::DiskLow => &mut totals.disk_low,
                State::QuotaReached => &mut totals.quota_reached,
                State::Failed => &mut totals.failed,
            } += 1;
        }
        totals
    }

    /// The present, on the event clock.
    #[must_use]
    pub fn now(&self) -> EventTime {
        self.clock.now()
    }

    /// Whether everything is mended that a crash has left.
    #[must_use]
    pub fn is_mended(&self) -> bool {
        self.desk.lock().mended
    }

    /// Whether this recording of `source` is being written, or may go on at once.
    #[must_use]
    pub fn is_open(&self, source: &Source, id: &RecordingId) -> bool {
        self.status(source).is_some_and(|status| status.recording.as_ref() == Some(id))
    }

    /// What has been recorded.
    #[must_use]
    pub const fn library(&self) -> &Library {
        &self.library
    }

    /// Writes what is held and ends the thread. Blocks until that is done. Recordings go on at the next
    /// start.
    pub fn finish(&self) {
        let thread = {
            let mut state = self.desk.lock();
            state.finishing = true;
            state.thread.take()
        };
        self.desk.bell.ring();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("the recorder's thread ended with a fault");
        }
    }
}

/// Shared by the handle and the thread. Neither holds the lock while it works.
#[derive(Debug, Default)]
pub(super) struct Desk {
    state: Mutex<DeskState>,
    pub(super) bell: Arc<Bell>,
}

#[derive(Debug, Default)]
pub(super) struct DeskState {
    pub(super) wanted: BTreeMap<Source, Feed>,
    /// What was taken from `wanted` and the thread has not seen yet.
    pub(super) stops: BTreeMap<Source, Stop>,
    /// Events whose recordings are to be removed.
    pub(super) forgotten: BTreeSet<String>,
    /// The three above are not what the thread saw last.
    pub(super) changed: bool,
    pub(super) statuses: BTreeMap<Source, Status>,
    /// Bytes, losses and room; the states are counted when somebody asks.
    pub(super) totals: RecordingTotals,
    pub(super) finishing: bool,
    pub(super) mended: bool,
    thread: Option<JoinHandle<()>>,
}

impl Desk {
    /// Every change is made whole before the next, so a panic elsewhere leaves it usable.
    pub(super) fn lock(&self) -> MutexGuard<'_, DeskState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something else is to be recorded than before.
    fn note_change(&self, state: &mut DeskState) {
        state.changed = true;
        self.bell.ring();
    }
}
