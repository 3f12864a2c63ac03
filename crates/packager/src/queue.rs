//! Samples of one track that are in no part yet.

use std::collections::VecDeque;
use std::sync::Arc;

use genlock_media::{EventTime, MediaTime, Sample, Timescale, TrackConfig, TrackKind};

use crate::limits::{PENDING_BYTES_MAX, PENDING_SAMPLES_MAX};
use crate::line::rescale_90k;
use crate::mux::TimedSample;

/// A sample and where it lies on the [line](crate::line).
#[derive(Debug)]
pub(crate) struct Queued {
    pub(crate) sample: Sample,
    pub(crate) start_90k: i64,
    pub(crate) arrived: EventTime,
    /// Of a sync picture: how far away the next one is expected.
    pub(crate) gop_90k: Option<i64>,
    /// Another camera's pictures begin, and viewers wait for them.
    pub(crate) splice: Option<Spliced>,
}

impl Queued {
    /// Sound of another configuration than the newest, `config`, that overlaps with it: it starts a count of
    /// its own, in a segment of its own.
    fn starts_anew(&self, newest_90k: i64, config: &Arc<TrackConfig>) -> bool {
        let length_90k = nominal_90k(&self.sample).unwrap_or(0);
        self.sample.kind() == TrackKind::Audio
            && !same_config(config, &self.sample.config)
            && self.start_90k + length_90k > newest_90k
    }
}

/// The first picture of a splice.
#[derive(Debug, Clone)]
pub(crate) struct Spliced {
    /// When it was to be shown, before it took the place of what was not published.
    pub(crate) shown: EventTime,
    /// The configuration of the sound that follows, if it may be another.
    pub(crate) sound: Option<Arc<TrackConfig>>,
}

/// A queue in decoding order.
#[derive(Debug)]
pub(crate) struct TrackQueue {
    entries: VecDeque<Queued>,
    /// Samples further apart than this are not next to each other: something is missing.
    hole_90k: i64,
    bytes: usize,
    /// Start and configuration of the newest.
    last: Option<(i64, Arc<TrackConfig>)>,
    usual_90k: Option<i64>,
}

/// The sample is not after the one before it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NotLater;

impl TrackQueue {
    pub(crate) fn new(hole_90k: i64) -> Self {
        Self { entries: VecDeque::new(), hole_90k, bytes: 0, last: None, usual_90k: None }
    }

    /// Appends a sample; returns how many old ones had to go to make room.
    pub(crate) fn push(&mut self, queued: Queued) -> Result<u64, NotLater> {
        if let Some((last_90k, config)) = &self.last {
            let distance_90k = queued.start_90k - last_90k;
            if distance_90k <= 0 && !queued.starts_anew(*last_90k, config) {
                return Err(NotLater);
            }
            if (1..=LONGEST_USUAL_90K).contains(&distance_90k) {
                self.usual_90k = Some(distance_90k);
            }
        }
        self.last = Some((queued.start_90k, Arc::clone(&queued.sample.config)));
        self.bytes += queued.sample.payload.len();
        self.entries.push_back(queued);
        let mut dropped = 0;
        while self.entries.len() > PENDING_SAMPLES_MAX || self.bytes > PENDING_BYTES_MAX {
            self.pop();
            dropped += 1;
        }
        Ok(dropped)
    }

    pub(crate) fn front(&self) -> Option<&Queued> {
        self.entries.front()
    }

    pub(crate) fn back(&self) -> Option<&Queued> {
        self.entries.back()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Queued> {
        self.entries.iter()
    }

    pub(crate) fn pop(&mut self) -> Option<Queued> {
        let queued = self.entries.pop_front()?;
        self.bytes -= queued.sample.payload.len();
        Some(queued)
    }

    /// Drops everything, and lets what comes next lie before it. Returns how many there were.
    pub(crate) fn clear(&mut self) -> u64 {
        let dropped = self.entries.len();
        self.entries.clear();
        self.bytes = 0;
        self.last = None;
        u64::try_from(dropped).unwrap_or(u64::MAX)
    }

    /// How long samples of the track usually last.
    pub(crate) fn usual_90k(&self) -> i64 {
        self.usual_90k.unwrap_or(UNKNOWN_90K)
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// How many entries lie before the first hole.
    pub(crate) fn len_before_hole(&self) -> Option<usize> {
        let next = self.entries.iter().skip(1);
        let hole = self
            .entries
            .iter()
            .zip(next)
            .position(|(this, next)| next.start_90k - this.start_90k > self.hole_90k)?;
        Some(hole + 1)
    }

    /// Where the entry at `index` ends, by the best knowledge.
    pub(crate) fn probable_end_90k(&self, index: usize) -> Option<i64> {
        let queued = self.entries.get(index)?;
        let nominal_90k = nominal_90k(&queued.sample).unwrap_or_else(|| self.usual_90k());
        Some(queued.start_90k + nominal_90k.min(self.hole_90k))
    }

    /// Takes the samples that start before `end_90k`, as far as they have the configuration `config`.
    pub(crate) fn take_before(
        &mut self,
        end_90k: i64,
        config: &Arc<TrackConfig>,
    ) -> Vec<TimedSample> {
        let mut taken = Vec::new();
        while let Some(front) = self.entries.front() {
            if front.start_90k >= end_90k || !same_config(&front.sample.config, config) {
                break;
            }
            let duration = self.front_duration();
            if let Some(queued) = self.pop() {
                taken.push(TimedSample { sample: queued.sample, duration });
            }
        }
        taken
    }

    /// Ticks from the first entry to the second; across a hole or a change of timescale, and without
    /// a second one, what the sample itself lasts.
    fn front_duration(&self) -> u32 {
        let Some(front) = self.entries.front() else { return 1 };
        let timescale = front.sample.timescale();
        let own = nominal_ticks(&front.sample).unwrap_or_else(|| {
            let usual = MediaTime::new(self.usual_90k(), Timescale::VIDEO);
            u32::try_from(usual.rescale(timescale).ticks).unwrap_or(1)
        });
        let next = self.entries.get(1).filter(|next| next.sample.timescale() == timescale);
        let Some(next) = next else { return own.max(1) };
        let distance = next.sample.dts - front.sample.dts;
        let continuous = next.start_90k - front.start_90k <= self.hole_90k;
        u32::try_from(distance)
            .ok()
            .filter(|ticks| continuous && *ticks > 0)
            .unwrap_or_else(|| own.max(1))
    }
}

/// What the producer or the codec says about how long a sample lasts.
pub(crate) fn nominal_90k(sample: &Sample) -> Option<i64> {
    Some(rescale_90k(nominal_ticks(sample)?.into(), sample.timescale()))
}

fn nominal_ticks(sample: &Sample) -> Option<u32> {
    sample
        .duration
        .or_else(|| Some(sample.config.as_audio()?.duration_of(&sample.payload)))
        .filter(|ticks| *ticks > 0)
}

/// Two configurations are the same exactly when their bytes are.
pub(crate) fn same_config(a: &Arc<TrackConfig>, b: &Arc<TrackConfig>) -> bool {
    Arc::ptr_eq(a, b) || a == b
}

/// Frames further apart than 1 s say nothing about the frame rate.
const LONGEST_USUAL_90K: i64 = 90_000;
/// Before a second sample is there: 40 ms.
const UNKNOWN_90K: i64 = 3_600;
