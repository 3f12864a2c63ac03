//! A camera that enters late: with a sync sample that is past, from which it catches up.

use genlock_media::{EventTime, MediaTime, Sample, Timescale};

use super::{Gate, Source};
use crate::catch_up::{CatchUp, Line, completing};
use crate::limits::{
    CATCH_UP_LEAD, CATCH_UP_RATE, COMPOSITION_SHIFT_TICKS, SQUEEZED_PICTURE_TICKS,
};
use crate::splicer::{Edge, Held};

impl Source {
    /// Goes on air at `at` with the sync sample that is kept, however old that is, behind `edge`. One
    /// that is not that old enters at its own time.
    pub(crate) fn enter(&mut self, at: i64, edge: Option<Edge>) {
        let Some(first) = self.video.front() else { return };
        let from = first.sample.pts();
        let last_dts = edge.map_or(i64::MIN, |edge| edge.dts);
        self.follow(Line::new(from, at.max(from), self.frame_ticks()), from, last_dts);
        for held in std::mem::take(&mut self.video) {
            self.pass(held);
        }
    }

    /// How long it takes until the camera is back at its own times, in ticks.
    pub(crate) fn catch_up_ticks(&self) -> i64 {
        self.catch_up.as_ref().map_or(0, |catch_up| catch_up.line().length())
    }

    /// Largest decoding time that may leave at `line` of a camera that catches up. What has not left can
    /// be replaced by a sync sample. `None` where there is no such limit.
    pub(crate) fn catch_up_limit(&self, line: EventTime) -> Option<i64> {
        let catch_up = self.catch_up.as_ref()?.line();
        let entered = MediaTime::new(catch_up.at(), Timescale::VIDEO).to_event();
        let limit = (line.max(entered) + CATCH_UP_LEAD).to_media(Timescale::VIDEO).ticks;
        (limit < catch_up.meets()).then_some(limit.saturating_sub(COMPOSITION_SHIFT_TICKS))
    }

    /// When what is held back by [`Self::catch_up_limit`] may leave.
    pub(crate) fn catch_up_release(&self) -> Option<EventTime> {
        let catch_up = self.catch_up.as_ref()?.line();
        let next = &self.video.front()?.sample;
        let shown = next.dts.saturating_add(COMPOSITION_SHIFT_TICKS).min(catch_up.meets());
        Some(MediaTime::new(shown, Timescale::VIDEO).to_event() - CATCH_UP_LEAD)
    }

    /// The sample is shown after the sync sample that is kept.
    pub(super) fn is_after_first(&self, sample: &Sample) -> bool {
        self.video.front().is_some_and(|first| sample.pts() > first.sample.pts())
    }

    /// Queues what has passed the checks, `edge` being the programme's.
    pub(super) fn let_in(&mut self, held: Held, edge: Option<Edge>) {
        if self.catch_up.is_some() && held.sample.is_video_sync() {
            self.replace_rest(&held, edge);
        }
        self.pass(held);
    }

    /// What has come does not go on. What is caught up with and has not left stays, until the next sync sample replaces it:
    /// it is shown later than at its own times, and that may be before.
    pub(super) fn complete_catch_up(&mut self) {
        if let Some(catch_up) = &mut self.catch_up {
            catch_up.flush(&mut self.video);
        }
    }

    /// The camera is not caught up with any longer. What waits for the rest of its mini-GOP goes without.
    fn leave_catch_up(&mut self) {
        if let Some(mut catch_up) = self.catch_up.take() {
            catch_up.flush(&mut self.video);
        }
    }

    fn pass(&mut self, held: Held) {
        match &mut self.catch_up {
            Some(catch_up) if !catch_up.is_over(&held) => catch_up.push(held, &mut self.video),
            Some(_) => {
                self.leave_catch_up();
                self.video.push_back(held);
            }
            None => self.video.push_back(held),
        }
    }

    /// A sync sample takes the place of what would not be shown before it of a catch-up, and has not left:
    /// at its own time, or where that has passed, after the last picture that has left.
    fn replace_rest(&mut self, sync: &Held, edge: Option<Edge>) {
        let (Some(catch_up), Some(edge)) = (&mut self.catch_up, edge) else { return };
        catch_up.flush(&mut self.video);
        let line = *catch_up.line();
        let from = sync.sample.pts();
        let kept = completing(&line, edge, &self.video, from);
        let Some((kept, edge)) = kept else { return };
        let frame = self.frame_ticks();
        // Not later than with the rest of the catch-up, whose pictures need not be evenly apart.
        let next = edge.pts.saturating_add(frame / CATCH_UP_RATE);
        let soonest = edge.pts.saturating_add(SQUEEZED_PICTURE_TICKS);
        let at = from.max(next.min(line.replaced_at(from).max(soonest)));
        self.video.truncate(kept);
        self.follow(Line::new(from, at, frame), from, edge.dts);
    }

    fn follow(&mut self, line: Line, from: i64, last_dts: i64) {
        self.gate = Gate::Open { entered_at: from };
        self.catch_up = Some(CatchUp::new(line, last_dts));
    }
}
