//! Starting and resuming: which samples a stretch of content can begin with.

use std::sync::Arc;

use genlock_media::{EventTime, TrackKind};

use super::step::{Begin, Layout, Step};
use super::{Segmenter, State};
use crate::boundary::Position;
use crate::limits::TRACK_PROBE;
use crate::line::ticks_90k;

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
            self.intake.drop_audio_before(start_90k, layout.audio.as_ref());
        }
        let discontinuity = !self.layout.is_empty() && (renewed || fresh == Some(true));
        self.layout = layout.clone();
        let jumped = discontinuity && fresh == Some(true);
        let begin = Begin { start_90k, layout, discontinuity, jumped, independent };
        self.steps.push_back(Step::Begin(begin));
        self.state =
            State::Open(Position { segment_start_90k: start_90k, part_start_90k: start_90k });
    }

    fn layout_at(&self, start_90k: i64) -> Layout {
        let video = self.intake.video.front().filter(|front| front.start_90k == start_90k);
        let audio = self.intake.audio_config_at(start_90k);
        Layout {
            video: video.map(|front| Arc::clone(&front.sample.config)),
            audio: audio.or_else(|| self.layout.audio.clone()),
        }
    }
}
