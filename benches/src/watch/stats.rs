//! What viewers saw, counted together, and the state of each that is needed for it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;

use super::continuity::{Continuity, Counts};
use super::follow::Update;
use super::playback::{Arrival, Playback};
use super::scan::MarkerCache;
use super::viewer::{Arrived, Observer};
use crate::histogram::Histogram;
use crate::http::Traffic;
use crate::marker::Marker;
use crate::outcome::ms;
use crate::tally::{add, count_failure};

/// Counters of all viewers. They live on one thread, hence cells.
#[derive(Debug, Default)]
pub(crate) struct Stats {
    pub(crate) traffic: Rc<Traffic>,
    pub(crate) live: Cell<usize>,
    pub(crate) played: Cell<u64>,
    pub(crate) playlists: Cell<u64>,
    pub(crate) early: Cell<u64>,
    pub(crate) went_back: Cell<u64>,
    pub(crate) discontinuities: Cell<u64>,
    pub(crate) pieces: Cell<u64>,
    pub(crate) late: Cell<u64>,
    pub(crate) skipped: Cell<u64>,
    pub(crate) gaps: Cell<u64>,
    pub(crate) stalls: Cell<u64>,
    pub(crate) stalled: Cell<Duration>,
    pub(crate) stalled_viewers: Cell<u64>,
    pub(crate) frames: Cell<Counts>,
    pub(crate) send_to_downloaded: RefCell<Histogram>,
    pub(crate) newest_to_downloaded: RefCell<Histogram>,
    pub(crate) listed_to_downloaded: RefCell<Histogram>,
    pub(crate) start_up: RefCell<Histogram>,
    pub(crate) late_by: RefCell<Histogram>,
    pub(crate) failures: RefCell<BTreeMap<String, u64>>,
    markers: MarkerCache,
    reported_bytes: Cell<u64>,
}

impl Stats {
    pub(crate) fn progress(&self) -> String {
        let bytes = self.traffic.bytes.get();
        let recent = bytes - self.reported_bytes.replace(bytes);
        let newest = self.newest_to_downloaded.borrow();
        format!(
            "viewers  {:.1} Mb/s  newest frame p99 {} ms  late {}  stalls {}  lost {}  repeated {}  failures {}",
            recent as f64 * 8e-6,
            ms(newest.quantile_us(0.99)),
            self.late.get(),
            self.stalls.get(),
            self.frames.get().lost,
            self.frames.get().repeated,
            self.failures.borrow().values().sum::<u64>(),
        )
    }
}

/// One viewer's state. It counts as live while it exists.
#[derive(Debug)]
pub(crate) struct ViewerStats {
    stats: Rc<Stats>,
    started: Instant,
    state: RefCell<State>,
}

#[derive(Debug)]
struct State {
    playback: Option<Playback>,
    continuity: Continuity,
    has_stalled: bool,
    media_sequence: u64,
    /// Discontinuities before the end of the last playlist.
    discontinuities: Option<u64>,
}

impl ViewerStats {
    pub(crate) fn new(stats: Rc<Stats>, started: Instant) -> Self {
        stats.live.set(stats.live.get() + 1);
        let state = State {
            playback: None,
            continuity: Continuity::default(),
            has_stalled: false,
            media_sequence: 0,
            discontinuities: None,
        };
        Self { stats, started, state: RefCell::new(state) }
    }

    fn count_latency(&self, arrived: &Arrived, markers: &[Marker]) {
        let since = |marker: &Marker| arrived.answer.done_unix_us.saturating_sub(marker.sent_us);
        let mut all = self.stats.send_to_downloaded.borrow_mut();
        markers.iter().for_each(|marker| all.record_us(since(marker)));
        if let Some(newest) = markers.iter().map(since).min() {
            self.stats.newest_to_downloaded.borrow_mut().record_us(newest);
        }
        let listed = arrived.answer.done.saturating_duration_since(arrived.listed);
        self.stats.listed_to_downloaded.borrow_mut().record(listed);
    }

    fn play(&self, state: &mut State, now: Instant, duration: Duration) {
        let Some(playback) = &mut state.playback else { return };
        match playback.push(now, duration) {
            Arrival::Buffered | Arrival::InTime => {}
            Arrival::Started => {
                add(&self.stats.played, 1);
                let start_up = now.saturating_duration_since(self.started);
                self.stats.start_up.borrow_mut().record(start_up);
            }
            Arrival::Late { by, new_stall } => {
                add(&self.stats.late, 1);
                add(&self.stats.stalls, new_stall.into());
                add(&self.stats.stalled_viewers, (!state.has_stalled).into());
                state.has_stalled = true;
                self.stats.stalled.set(self.stats.stalled.get() + by);
                self.stats.late_by.borrow_mut().record(by);
            }
        }
    }
}

impl Observer for ViewerStats {
    fn opened(&self, hold_back: Duration) {
        let mut state = self.state.borrow_mut();
        state.playback = Some(Playback::new(hold_back));
        state.continuity.interrupt();
    }

    fn playlist(&self, update: &Update) {
        let mut state = self.state.borrow_mut();
        let media = &update.media;
        add(&self.stats.playlists, 1);
        add(&self.stats.early, update.is_early.into());
        add(&self.stats.went_back, (media.media_sequence < state.media_sequence).into());
        state.media_sequence = media.media_sequence;
        let listed = media.segments.iter().filter(|segment| segment.discontinuity).count() as u64;
        let total = media.discontinuity_sequence + listed;
        if let Some(before) = state.discontinuities.replace(total) {
            add(&self.stats.discontinuities, total.saturating_sub(before));
        }
    }

    fn piece(&self, arrived: &Arrived) {
        let markers = self.stats.markers.markers(&arrived.answer.url.path, &arrived.answer.body);
        add(&self.stats.pieces, 1);
        if !arrived.at_start {
            self.count_latency(arrived, &markers);
        }
        let mut state = self.state.borrow_mut();
        let counts = state.continuity.push(&markers);
        self.stats.frames.set(self.stats.frames.get() + counts);
        self.play(&mut state, arrived.answer.done, arrived.duration);
    }

    fn skipped(&self, count: u64) {
        add(&self.stats.skipped, count);
        self.state.borrow_mut().continuity.interrupt();
    }

    /// Players jump over gaps: they are media without frames.
    fn gap(&self, duration: Duration) {
        add(&self.stats.gaps, 1);
        let mut state = self.state.borrow_mut();
        state.continuity.interrupt();
        self.play(&mut state, Instant::now(), duration);
    }

    fn failed(&self, error: anyhow::Error) {
        count_failure(&self.stats.failures, &error);
    }
}

impl Drop for ViewerStats {
    fn drop(&mut self) {
        self.stats.live.set(self.stats.live.get() - 1);
    }
}
