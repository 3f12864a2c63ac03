//! A camera as the programme reads it: its Feed's reader, and the samples that wait for their time.
//!
//! A camera that is taken at once enters with a sync sample that is past. Its samples are kept as they are
//! until it goes on air; from then on they pass through a [`CatchUp`] until they are back at their own
//! times. A sync sample that comes while that lasts replaces what is left of it.
//!
//! What is let in has passed three checks, so that everything behind this module may rely on them:
//!
//! - **continuity**: video enters at a sync sample beyond the programme's edge and its decoding times
//!   grow from there. After a new publish session, a lag in the ring or a step backwards in time, video
//!   waits for the next such sync sample (an in-point on the same camera);
//! - **no leading pictures**: what is shown before the in-point is dropped, whatever its codec calls it
//!   (RASL and RADL pictures in HEVC, B-pictures of an open GOP in H.264);
//! - **lateness**: a sample that is later than the viewers' hold-back, measured against the camera's own
//!   best, is past. It is not aired, and video waits for the next sync sample in time.

mod late;

use std::collections::VecDeque;
use std::time::Duration;

use genlock_feed::{Entry, Epoch, Feed, FeedReader, Read, Start};
use genlock_media::{EventTime, Sample, Timescale, TrackKind};

use crate::camera::CameraId;
use crate::catch_up::CatchUp;
use crate::limits::{
    AHEAD_MAX, GRID_ROUNDING_TICKS, GRID_TOLERANCE_TICKS, INCOMING_AUDIO_MAX, LATENESS_WINDOW,
    QUEUE_MAX, SEAM_HOLE_MAX_TICKS, USUAL_PICTURE_TICKS, WHOLE_PICTURE_MAX_TICKS,
};
use crate::splicer::{Edge, Held};

/// A camera that is on air, leaving it or about to enter it.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) camera: CameraId,
    pub(crate) feed: Feed,
    reader: FeedReader,
    epoch: Option<Epoch>,
    /// Video that has passed the checks.
    pub(crate) video: VecDeque<Held>,
    /// Audio that has passed the checks.
    pub(crate) audio: VecDeque<Held>,
    gate: Gate,
    catch_up: Option<CatchUp>,
    /// How far the video let in has come, in the camera's own times.
    edge: Option<Edge>,
    video_lag: Lag,
    audio_lag: Lag,
    /// When the newest video sample that was let in came.
    pub(crate) last_video: Option<EventTime>,
    /// Distance of the last two decoding times let in.
    pub(crate) frame_gap: Duration,
    /// The last three distances of its pictures in ticks.
    frame_gaps: Option<[u64; 3]>,
    /// Sync samples that came too late to be an in-point.
    pub(crate) missed: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gate {
    /// Video waits for an in-point.
    Waiting,
    /// Video is kept from the newest sync sample on, in its own times, to be caught up with.
    Cached,
    /// Video passes unless it is shown before the in-point's presentation time.
    Open { entered_at: i64 },
}

/// Lateness of a track: arrival minus its own time, in microseconds.
///
/// The best of the last [`LATENESS_WINDOW`] to two of them is what later samples are measured against:
/// a camera whose sync offset is changed is believed again after that time.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Lag {
    last: i64,
    best: Option<i64>,
    best_before: Option<i64>,
    window_ends: EventTime,
}

impl Lag {
    /// Notes a sample and returns by how much it is later than the best one.
    pub(crate) fn note(&mut self, arrived: EventTime, time: EventTime) -> Duration {
        if arrived >= self.window_ends {
            self.best_before = self.best.take();
            self.window_ends = arrived + LATENESS_WINDOW;
        }
        self.last = arrived.as_micros().saturating_sub(time.as_micros());
        let best = self.best.map_or(self.last, |best| best.min(self.last));
        self.best = Some(best);
        let best = self.best_before.map_or(best, |before| before.min(best));
        let excess = self.last.saturating_sub(best);
        Duration::from_micros(u64::try_from(excess).unwrap_or(0))
    }
}

impl Source {
    pub(crate) fn new(camera: CameraId, feed: Feed, start: Start) -> Self {
        let reader = feed.reader(start);
        Self {
            camera,
            feed,
            reader,
            epoch: None,
            video: VecDeque::new(),
            audio: VecDeque::new(),
            gate: Gate::Waiting,
            catch_up: None,
            edge: None,
            video_lag: Lag::default(),
            audio_lag: Lag::default(),
            last_video: None,
            frame_gap: Duration::ZERO,
            frame_gaps: None,
            missed: 0,
        }
    }

    /// A camera that enters with the newest sync sample it has sent from `start` on, past or not.
    pub(crate) fn cached(camera: CameraId, feed: Feed, start: Start) -> Self {
        Self { gate: Gate::Cached, ..Self::new(camera, feed, start) }
    }

    /// Takes everything that has arrived. `edge` is the programme's; `late_max` the viewers' hold-back.
    pub(crate) fn pull(&mut self, edge: Option<Edge>, late_max: Duration) {
        while let Some(read) = self.reader.try_next() {
            match read {
                Read::Lagged { .. } => self.interrupt(),
                Read::Entry(entry) => self.accept(entry, edge, late_max),
            }
        }
    }

    /// The sync sample that the camera enters with, while it is still in the queue.
    pub(crate) fn in_point(&self) -> Option<&Held> {
        match self.gate {
            Gate::Open { .. } | Gate::Cached => self.video.front(),
            Gate::Waiting => None,
        }
    }

    /// Decoding time of the newest video sample let in.
    pub(crate) fn newest_dts(&self) -> Option<i64> {
        self.edge.map(|edge| edge.dts)
    }

    /// Largest presentation time of the video let in.
    pub(crate) fn newest_pts(&self) -> Option<i64> {
        self.edge.map(|edge| edge.pts)
    }

    /// How much later than its decoding time the newest video sample came.
    pub(crate) fn lateness(&self) -> Duration {
        Duration::from_micros(u64::try_from(self.video_lag.last).unwrap_or(0))
    }

    /// By how much more this camera's sound is late than `other`'s picture.
    pub(crate) fn sound_behind(&self, other: &Self) -> Duration {
        let behind = self.audio_lag.last.saturating_sub(other.video_lag.last);
        Duration::from_micros(u64::try_from(behind).unwrap_or(0))
    }

    /// A publisher is connected.
    pub(crate) fn is_live(&self) -> bool {
        self.feed.status().live
    }

    /// Drops the audio that ends before `instant`.
    pub(crate) fn drop_audio_before(&mut self, instant: EventTime) {
        drop_ended(&mut self.audio, instant);
    }

    /// Drops the oldest audio beyond what a waiting camera may keep.
    pub(crate) fn trim_audio(&mut self) {
        while self.audio.len() > INCOMING_AUDIO_MAX {
            self.audio.pop_front();
        }
    }

    fn accept(&mut self, entry: Entry, edge: Option<Edge>, late_max: Duration) {
        if self.epoch != Some(entry.epoch) {
            self.epoch = Some(entry.epoch);
            self.interrupt();
            self.video_lag = Lag::default();
            self.audio_lag = Lag::default();
        }
        let held = Held { arrived: entry.arrived, sample: entry.sample };
        match held.sample.kind() {
            TrackKind::Video => self.accept_video(held, edge, late_max),
            TrackKind::Audio => self.accept_audio(held, late_max),
        }
    }

    fn accept_video(&mut self, held: Held, edge: Option<Edge>, late_max: Duration) {
        let Held { arrived, sample } = &held;
        let time = sample.dts_time().to_event();
        let late = self.video_lag.note(*arrived, time) > late_max;
        let usable = !late && time <= *arrived + AHEAD_MAX && self.video.len() < QUEUE_MAX;
        let backwards = self.edge.is_some_and(|own| sample.dts <= own.dts);
        if !usable || backwards {
            self.interrupt();
        }
        match self.gate {
            Gate::Cached if !usable => return,
            Gate::Cached if sample.is_video_sync() => self.video.clear(),
            Gate::Cached if !self.is_after_first(sample) => return,
            Gate::Cached => self.note_frame_gap(sample),
            Gate::Waiting if !usable || !sample.is_video_sync() => return,
            Gate::Waiting if !Edge::admits(Edge::max(self.edge, edge), sample) => {
                self.missed += 1;
                return;
            }
            Gate::Waiting => {
                self.gate = Gate::Open { entered_at: sample.pts() };
            }
            Gate::Open { entered_at } if sample.pts() < entered_at => return,
            Gate::Open { .. } => self.note_frame_gap(sample),
        }
        self.edge = Some(Edge::after(self.edge, sample));
        self.last_video = Some(*arrived);
        self.let_in(held, edge);
    }

    /// What comes next does not continue what came before.
    fn interrupt(&mut self) {
        if self.gate == Gate::Cached {
            self.video.clear();
        } else {
            self.gate = Gate::Waiting;
            self.complete_catch_up();
        }
    }

    fn accept_audio(&mut self, held: Held, late_max: Duration) {
        let time = held.sample.pts_event();
        let late = self.audio_lag.note(held.arrived, time);
        if late <= late_max && time <= held.arrived + AHEAD_MAX && self.audio.len() < QUEUE_MAX {
            self.audio.push_back(held);
        }
    }

    /// When the picture at `edge`, the last that this camera shows, has been shown. `None` while the
    /// camera's cadence is not known, or too quick to tell pictures apart.
    pub(crate) fn picture_end(&self, edge: Edge) -> Option<i64> {
        let gap = self.known_frame_ticks()?;
        Some(edge.pts.saturating_add(gap))
    }

    fn known_frame_ticks(&self) -> Option<i64> {
        let gap = i64::try_from(self.frame_gap.as_micros()).ok()?;
        let gap = EventTime::from_micros(gap).to_media(Timescale::VIDEO).ticks;
        (gap > GRID_TOLERANCE_TICKS).then_some(gap)
    }

    /// How long a picture of the camera lasts.
    pub(crate) fn frame_ticks(&self) -> i64 {
        self.known_frame_ticks().unwrap_or(USUAL_PICTURE_TICKS)
    }

    /// How long before a cut this camera's last picture has to begin, in 90 kHz ticks, so that it is not
    /// cut short: the distance of its pictures, less what the grid's rounding hides. Nothing for a camera so
    /// slow that its last picture should rather end with the cut.
    pub(crate) fn picture_lasts(&self) -> i64 {
        let gap = i64::try_from(self.frame_gap.as_micros()).unwrap_or(0);
        let gap = EventTime::from_micros(gap).to_media(Timescale::VIDEO).ticks;
        if gap <= WHOLE_PICTURE_MAX_TICKS { (gap - GRID_ROUNDING_TICKS).max(0) } else { 0 }
    }

    /// Shows the in-point from `end` on, if what lies between is not longer than an out-point may leave
    /// out.
    ///
    /// Both of its times move, so the decoding times stay continuous too: the old camera's end 100 ms
    /// ahead of its presentation. Everything after the in-point keeps its own time.
    pub(crate) fn close_hole(&mut self, end: i64) {
        let Some(Held { sample, .. }) = self.video.front_mut() else { return };
        let hole = sample.pts().saturating_sub(end);
        if (1..=SEAM_HOLE_MAX_TICKS).contains(&hole) {
            sample.dts -= hole;
        }
    }

    /// The median of the last three distances: one that is odd changes nothing.
    fn note_frame_gap(&mut self, sample: &Sample) {
        if let Some(edge) = self.edge {
            let ticks = u64::try_from(sample.dts.saturating_sub(edge.dts)).unwrap_or(0);
            let [_, second, third] = self.frame_gaps.unwrap_or([ticks; 3]);
            self.frame_gaps = Some([second, third, ticks]);
            let mut sorted = [second, third, ticks];
            sorted.sort_unstable();
            self.frame_gap = Duration::from_micros(sorted[1].saturating_mul(100) / 9);
        }
    }
}

/// Drops the access units that end before `instant`.
pub(crate) fn drop_ended(queue: &mut VecDeque<Held>, instant: EventTime) {
    while queue.front().is_some_and(|held| audio_end(&held.sample) < instant) {
        queue.pop_front();
    }
}

/// When the access unit has been heard.
fn audio_end(sample: &Sample) -> EventTime {
    let length = sample.config.as_audio().map_or(0, |audio| audio.duration_of(&sample.payload));
    let mut end = sample.dts_time();
    end.ticks = end.ticks.saturating_add(i64::from(length));
    end.to_event()
}

#[cfg(test)]
mod tests;
