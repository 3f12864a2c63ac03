//! Lands one publish session's access units on the event clock.
//!
//! ```text
//!  RTMP ms ─▶ unwrap ─▶ media line ─▶ clock map ─▶ video: 90 kHz grid, one offset at sync samples
//!             (2^32)    (no jumps)    (lower        audio: counted in samples
//!                                      envelope)
//! ```
//!
//! Sound and picture share one map, so that what the publisher kept together stays together. The
//! policy, after what real encoders do:
//!
//! | what the timestamps do | what the timeline does |
//! |---|---|
//! | jitter of arrival | nothing: the map follows the earliest arrivals, not the average |
//! | drift of the publisher's clock | slews by at most 500 ppm, once a second (0.5 % in the first half minute) |
//! | forward by over 1 s into the future, or back by over 200 ms | goes on at the present ([`TimelineCounters::jumps`]) |
//! | repeat, or back by less | moves on by one tick ([`TimelineCounters::repeats`]) |
//! | rounding of a steady camera's pictures to milliseconds | takes it out again, by 1 ms at most |
//! | all arrivals later by over 1 s for 5 s | steps the map once ([`TimelineCounters::shifts`]) |
//! | audio deviates from its sample count by over 50 ms | realigns it ([`TimelineCounters::realignments`]) |
//!
//! Pure: time comes in as `now`.

mod audio;
mod cadence;
mod clock_map;
mod frame_grid;
mod media_line;
mod unwrap;
mod video;

use std::collections::VecDeque;
use std::time::Duration;

use genlock_media::{EventTime, Sample, TrackKind};

use crate::limits::{HELD_BYTES_MAX, HELD_UNITS_MAX, SYNC_OFFSET_MAX_MICROS};
use crate::unit::Unit;
use audio::{AudioStamp, AudioStamper};
use clock_map::ClockMap;
use media_line::{MediaLine, Step};
use video::VideoStamper;

pub use video::SYNC_COMPOSITION_OFFSET;

/// Without video for this long, a changed sync offset is applied at the next audio access unit.
const AUDIO_ONLY_AFTER: Duration = Duration::from_secs(3);

/// The timeline of one publish session.
///
/// After each [`Timeline::push`] drain [`Timeline::poll`] until it returns `None`. Nothing comes out
/// during the first half second of a session: the map is fixed by the earliest arrival of that time.
///
/// Guarantees, whatever the timestamps: video DTS and audio times strictly increase; every video sync
/// sample has the composition offset [`SYNC_COMPOSITION_OFFSET`].
#[derive(Debug, Default)]
pub struct Timeline {
    line: MediaLine,
    map: ClockMap,
    video: VideoStamper,
    audio: AudioStamper,
    held: VecDeque<(i64, Unit)>,
    held_bytes: usize,
    ready: VecDeque<Sample>,
    wanted_offset: i64,
    applied_offset: i64,
    last_video: Option<EventTime>,
    counters: TimelineCounters,
}

/// What the timeline had to put right, counted from the start of the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TimelineCounters {
    /// Timestamps that jumped.
    pub jumps: u64,
    /// Timestamps that repeated or went back a little.
    pub repeats: u64,
    /// Lasting changes of delay that stepped the map.
    pub shifts: u64,
    /// Gaps in the audio that were jumped over.
    pub realignments: u64,
    /// Sync offsets that took effect after the first.
    pub offsets: u64,
    /// Access units that were dropped because time went back: the audio count was ahead, a sync offset
    /// was made smaller, or the last session of the camera had come further.
    pub dropped: u64,
}

impl Timeline {
    /// A timeline that has seen nothing, with the camera's sync offset in microseconds.
    #[must_use]
    pub fn new(sync_offset_micros: i64) -> Self {
        let offset = limit_offset(sync_offset_micros);
        Self { wanted_offset: offset, applied_offset: offset, ..Self::default() }
    }

    /// Takes an access unit that arrived at `now`.
    pub fn push(&mut self, now: EventTime, unit: Unit) {
        let placed = self.line.place(now, unit.kind(), unit.timestamp, self.map.estimate());
        match placed.step {
            Step::Onward => {}
            // The count of samples covers audio that repeats.
            Step::Repeated if unit.kind() == TrackKind::Audio => {}
            Step::Repeated => self.counters.repeats += 1,
            Step::Jumped => {
                self.counters.jumps += 1;
                self.map.restart(now);
                self.audio.realign();
            }
        }
        if self.map.observe(now, placed.media).is_some() {
            self.counters.shifts += 1;
            self.audio.realign();
        }
        self.apply_sync_offset(now, &unit);
        self.held_bytes = self.held_bytes.saturating_add(unit.payload.len());
        self.held.push_back((placed.media, unit));
        if self.held.len() > HELD_UNITS_MAX || self.held_bytes > HELD_BYTES_MAX {
            self.map.fix(now);
        }
        if self.map.is_fixed() {
            self.release();
        }
    }

    /// The next sample that has its time.
    pub fn poll(&mut self) -> Option<Sample> {
        self.ready.pop_front()
    }

    /// Sets the camera's sync offset in microseconds: positive presents it later. It takes effect at
    /// the next sync sample, so that no GOP is torn. A smaller offset costs the pictures and the sound
    /// that would be shown twice.
    pub fn set_sync_offset(&mut self, micros: i64) {
        self.wanted_offset = limit_offset(micros);
    }

    /// Presents nothing at or before `end`, which is where the camera's last session ended: what an
    /// encoder gathered while it was away would go back in time. Has no effect on a track that has
    /// started.
    pub fn start_after(&mut self, end: EventTime) {
        self.video.start_after(end.as_micros());
        self.audio.start_after(end.as_micros());
    }

    /// What had to be put right so far.
    #[must_use]
    pub const fn counters(&self) -> TimelineCounters {
        self.counters
    }

    fn apply_sync_offset(&mut self, now: EventTime, unit: &Unit) {
        let applies = match unit.kind() {
            TrackKind::Video => {
                self.last_video = Some(now);
                unit.is_video_sync()
            }
            TrackKind::Audio => {
                self.last_video.is_none_or(|at| now.saturating_since(at) > AUDIO_ONLY_AFTER)
            }
        };
        if applies && self.applied_offset != self.wanted_offset {
            self.applied_offset = self.wanted_offset;
            self.counters.offsets += 1;
            self.audio.realign();
        }
    }

    fn release(&mut self) {
        self.held_bytes = 0;
        while let Some((media, unit)) = self.held.pop_front() {
            let micros = self.map.map(media).saturating_add(self.applied_offset);
            match self.stamp(media, micros, unit) {
                Some(sample) => self.ready.push_back(sample),
                None => self.counters.dropped += 1,
            }
        }
    }

    fn stamp(&mut self, media: i64, micros: i64, unit: Unit) -> Option<Sample> {
        let (dts, composition_offset, duration) = match unit.kind() {
            TrackKind::Video => {
                let sync = unit.is_video_sync();
                let composition = unit.composition_micros;
                let stamp = self.video.stamp(media, micros, composition, sync)?;
                (stamp.dts, stamp.composition_offset, None)
            }
            TrackKind::Audio => {
                let duration = unit.config.as_audio()?.duration_of(&unit.payload);
                let start = match self.audio.stamp(micros, unit.config.timescale(), duration) {
                    AudioStamp::At(start) => start,
                    AudioStamp::After(start) => {
                        self.counters.realignments += 1;
                        start
                    }
                    AudioStamp::Dropped => return None,
                };
                (start, 0, Some(duration))
            }
        };
        Some(Sample {
            config: unit.config,
            dts,
            composition_offset,
            duration,
            dependency: unit.dependency,
            payload: unit.payload,
        })
    }
}

fn limit_offset(micros: i64) -> i64 {
    micros.clamp(-SYNC_OFFSET_MAX_MICROS, SYNC_OFFSET_MAX_MICROS)
}
