//! Starting and resuming: which samples a stretch of content can begin with.

use std::sync::Arc;

use genlock_media::{EventTime, TrackConfig, TrackKind};

use super::step::{Begin, Layout, Step};
use super::{Segmenter, State};
use crate::boundary::Position;
use crate::limits::{SOUND_OVERHANG_MAX, TRACK_PROBE};
use crate::line::ticks_90k;
use crate::queue::same_config;

impl Segmenter {
    /// Opens a segment if there is something at or after `floor_90k` that one can start with.
    pub(super) fn start(&mut self, now: EventTime, floor_90k: i64) -> bool {
        self.intake.drop_unstartable(floor_90k);
        let Some(start_90k) = self.startable(now) else { return false };
        let jumped = match self.state {
            State::Gap(mut gap) => {
                !gap.fill_until(start_90k, &self.rules, &self.layout, &mut self.steps)
            }
            State::Idle { jumped, .. } => jumped,
            State::Open(_) | State::Ended => false,
        };
        self.begin(start_90k, Some(jumped));
        true
    }

    /// Where the first segment of a stretch can start, once it is known which tracks there are.
    fn startable(&mut self, now: EventTime) -> Option<i64> {
        let probe_90k = ticks_90k(TRACK_PROBE);
        if let (Some(first), Some(last)) = (self.intake.video.front(), self.intake.video.back()) {
            let start_90k = first.start_90k;
            let probed = first.arrived + TRACK_PROBE;
            let sound_known = !self.intake.audio.is_empty() || self.layout.audio.is_some();
            if sound_known || now >= probed || last.start_90k - start_90k >= probe_90k {
                return Some(start_90k);
            }
            self.wake_at(probed);
            return None;
        }
        let patience_90k = if self.layout.video.is_some() { 3 * probe_90k } else { probe_90k };
        self.intake.audio_alone_since(patience_90k)
    }

    /// Opens a segment at `start_90k`. `fresh` is given where it does not continue the last one: whether
    /// the timeline jumped.
    pub(super) fn begin(&mut self, start_90k: i64, fresh: Option<bool>) {
        let lead = self.intake.video.front().or_else(|| self.intake.audio.front());
        let independent = lead.is_some_and(|lead| {
            lead.start_90k == start_90k
                && (lead.sample.kind() == TrackKind::Audio || lead.sample.is_video_sync())
        });
        let layout = if independent { self.layout_at(start_90k) } else { self.layout.clone() };
        let renewed = layout != self.layout;
        if renewed || fresh.is_some() {
            // Sound that was late for the segment before goes into this one as far as players will not take it for
            // the beginning: they go by the earliest time of a segment, which is when its first picture is decoded.
            let early_90k = if fresh.is_some() { 0 } else { self.intake.shift_90k() };
            self.intake.drop_audio_before(start_90k - early_90k, layout.audio.as_ref());
        }
        let discontinuity = !self.layout.is_empty() && (renewed || fresh == Some(true));
        self.layout = layout.clone();
        let jumped = discontinuity && fresh == Some(true);
        let begin = Begin { start_90k, layout, discontinuity, jumped, independent };
        self.steps.push_back(Step::Begin(begin));
        self.tagged = discontinuity;
        self.state = State::Open(Position {
            segment_start_90k: start_90k,
            part_start_90k: start_90k,
            segment_end_90k: None,
        });
    }

    fn layout_at(&self, start_90k: i64) -> Layout {
        let video = self.intake.video.front().filter(|front| front.start_90k == start_90k);
        Layout {
            video: video.map(|front| Arc::clone(&front.sample.config)),
            audio: self.audio_behind(start_90k),
        }
    }

    /// The sound's configuration in a segment that begins at `start_90k`.
    pub(super) fn audio_behind(&self, start_90k: i64) -> Option<Arc<TrackConfig>> {
        let running = self.layout.audio.as_ref();
        let change = self.intake.audio_change(running).filter(|_| running.is_some());
        let told_behind = self.sound_change_told_behind(start_90k);
        let audio = match (change, self.sound_told_at(start_90k)) {
            (Some(change), Some(told)) => {
                let own = !told_behind || same_config(told, &change.sample.config);
                // Later it is told with the sync sample that it comes behind.
                let until_90k = start_90k + ticks_90k(SOUND_OVERHANG_MAX) + UNIT_90K;
                Some(change).filter(|change| own && change.start_90k < until_90k)
            }
            // What is there of another configuration belongs to a later splice, however near it begins.
            (Some(_), None) if told_behind => None,
            _ => self.intake.audio_at(start_90k),
        };
        audio.map(|unit| Arc::clone(&unit.sample.config)).or_else(|| running.cloned())
    }

    /// A splice comes behind `start_90k` at which the sound changes.
    pub(super) fn sound_change_told_behind(&self, start_90k: i64) -> bool {
        let mut behind = self.intake.video.iter().filter(|queued| queued.start_90k > start_90k);
        behind.any(|queued| queued.splice.as_ref().is_some_and(|splice| splice.sound.is_some()))
    }
}

/// An access unit of 1024 at 44.1 kHz: another configuration's first one is placed by its middle.
const UNIT_90K: i64 = 2_100;
