//! The pass that moves samples: pulls what has arrived, cuts where a cut is due, pushes what may leave.
//!
//! Order matters. The incoming camera is read before the camera on air is released, so that a sync
//! sample that arrived together with old samples behind it still finds its place free.

use std::sync::Arc;
use std::time::Duration;

use genlock_feed::Joint;
use genlock_media::{EventTime, Sample, Timescale};

use crate::cut::{Incoming, Stage, video_time};
use crate::limits::{COMPOSITION_SHIFT, HOLD_WINDOW_MAX, PACING_SLACK, TRANSITIONS_MAX, WAKE_MIN};
use crate::program_core::ProgramCore;
use crate::splicer::{Edge, Held, Limit, releasable};

impl ProgramCore {
    /// Moves everything that can move at `now` and returns when to call again if nothing arrives
    /// before.
    pub fn advance(&mut self, now: EventTime) -> Option<EventTime> {
        self.pass(now);
        // A hand-over lets the new camera's samples go, and the end of a seam lets a queued take start;
        // each happens at most once per pass.
        for _ in 0..TRANSITIONS_MAX {
            if !self.settle(now) {
                return self.deadline(now);
            }
            self.pass(now);
        }
        // Two decisions that undo each other would go on for ever.
        Some(now + WAKE_MIN)
    }

    fn pass(&mut self, now: EventTime) {
        self.watch_incoming(now);
        self.pull(now);
        self.release_video(now);
        self.release_audio(now, EventTime::MAX);
    }

    /// Makes the transitions that the last pass made possible. Returns whether there was one.
    fn settle(&mut self, now: EventTime) -> bool {
        if let Some(cut_pts) = self.due_cut(now).or_else(|| self.due_instant(now)) {
            self.hand_over(now, cut_pts);
            return true;
        }
        self.begin_queued(now) || self.supervise(now)
    }

    /// The time that leaves the programme now.
    pub(crate) fn line(&self, now: EventTime) -> EventTime {
        now - self.delay.pacing(now)
    }

    fn pull(&mut self, now: EventTime) {
        let (edge, hold_back) = (self.edge, self.config.hold_back);
        self.listen(now);
        if let Some(on_air) = &mut self.on_air {
            on_air.source.pull(edge, hold_back);
            on_air.source.drop_audio_before(on_air.since);
        }
        if let Some(tail) = self.seam.as_mut().and_then(|seam| seam.tail.as_mut()) {
            tail.pull(edge, hold_back);
        }
        self.drop_unheard();
    }

    /// The in-point's presentation time, if its time has come and the old camera has sent all it can
    /// before it.
    fn due_cut(&self, now: EventTime) -> Option<i64> {
        let Some(Stage::Committed { dts, pts, tail_deadline }) =
            self.incoming.as_ref().map(|incoming| incoming.stage)
        else {
            return None;
        };
        let reached = self
            .on_air
            .as_ref()
            .is_none_or(|on_air| on_air.source.newest_dts().is_some_and(|newest| newest >= dts));
        let complete = reached || now >= tail_deadline || self.lost(now).is_some();
        (complete && dts <= paced_dts(self.line(now))).then_some(pts)
    }

    /// Lets pictures leave whose time has come, and with each the sound before it.
    fn release_video(&mut self, now: EventTime) {
        let limit = self.video_limit(now);
        let line = self.line(now);
        let Some(on_air) = &mut self.on_air else {
            return;
        };
        let queue = &on_air.source.video;
        let dts = paced_dts(line);
        let dts = on_air.source.catch_up_limit(line).map_or(dts, |limit| limit.min(dts));
        let paced = releasable(self.edge, queue, Limit::Paced { dts });
        let count = paced.min(releasable(self.edge, queue, limit));
        let leaving: Vec<_> = on_air.source.video.drain(..count).collect();
        for held in leaving {
            let shown = held.sample.pts_event();
            self.push_video(now, held.sample);
            // Where much comes at once, a packager would take sound that is behind all pictures for late.
            self.release_audio(now, shown);
        }
    }

    fn video_limit(&self, now: EventTime) -> Limit {
        let Some(incoming) = &self.incoming else {
            return Limit::Paced { dts: paced_dts(self.line(now)) };
        };
        match incoming.stage {
            Stage::Waiting => Limit::Pending {
                pts: ticks(incoming.limit(now, self.line(now))),
                overdue_dts: ticks(now - HOLD_WINDOW_MAX),
            },
            Stage::Completing { .. } => Limit::Pending { pts: i64::MIN, overdue_dts: i64::MIN },
            Stage::Found { dts, pts } | Stage::Committed { dts, pts, .. } => {
                let lasts = self.on_air.as_ref().map_or(0, |on_air| on_air.source.picture_lasts());
                Limit::Cut { dts, pts: pts - lasts }
            }
        }
    }

    fn push_video(&mut self, now: EventTime, sample: Sample) {
        if let Some(edge) = self.edge {
            let frame_gap = self.on_air.as_ref().map(|on_air| on_air.source.frame_gap);
            let patience = self.config.failover.patience(frame_gap.unwrap_or_default());
            let shown = sample.pts_event();
            if shown > video_time(edge.pts) + patience {
                self.grid.skip_to(shown);
            }
        }
        self.edge = Some(Edge::after(self.edge, &sample));
        self.video = Some(Arc::clone(&sample.config));
        let joint = std::mem::replace(&mut self.joint, Joint::Continues);
        let joint = if joint == Joint::Continues { self.turn_at(&sample) } else { joint };
        self.output_lost |= self.output.push_joined(now, sample, joint).is_err();
    }

    pub(crate) fn push(&mut self, now: EventTime, sample: Sample) {
        self.output_lost |= self.output.push(now, sample).is_err();
    }

    /// When something happens although nothing arrives.
    fn deadline(&self, now: EventTime) -> Option<EventTime> {
        let waiting = self.incoming.as_ref().map(|incoming| match incoming.stage {
            Stage::Waiting => incoming.deadline,
            Stage::Completing { deadline } => deadline,
            Stage::Found { dts, .. } => video_time(dts) + self.delay.pacing(now) - PACING_SLACK,
            Stage::Committed { tail_deadline, .. } => tail_deadline,
        });
        let seam = self.seam.as_ref().map(|seam| seam.deadline);
        let release = self.release_at(now);
        let sound = self.sound.fixed().and_then(|fixed| fixed.next_look(now));
        [waiting, seam, release, sound, self.silent_at(now), self.acts_at(now)]
            .into_iter()
            .flatten()
            .min()
            .map(|at| at.max(now + WAKE_MIN))
    }

    /// When the next held sample may leave by the passage of time.
    fn release_at(&self, now: EventTime) -> Option<EventTime> {
        let ahead = match self.incoming.as_ref().map(|incoming| (incoming.stage, incoming)) {
            Some((Stage::Waiting, incoming)) => incoming.plan.hold.window + PACING_SLACK,
            _ => Duration::ZERO,
        };
        let ahead = ahead + self.delay.pacing(now);
        let source = &self.on_air.as_ref()?.source;
        let audio = source.audio.front().filter(|_| self.seam.is_none());
        let first = source.video.front().into_iter().chain(audio);
        let due = |held: &Held| held.sample.pts_event() - COMPOSITION_SHIFT - PACING_SLACK;
        let caught_up = source.catch_up_release();
        // What is held although its time has come waits for an arrival, not for time.
        let due = first.map(due).chain(caught_up).map(|at| at + ahead);
        due.filter(|at| *at > now).min()
    }

    /// When the camera on air will count as lost.
    fn silent_at(&self, now: EventTime) -> Option<EventTime> {
        let on_air = self.on_air.as_ref()?;
        let lost = self.lost(now).is_some();
        (!lost).then(|| self.silent_from(on_air) + WAKE_MIN)
    }
}

impl Incoming {
    /// Presentation time up to which the old camera's samples may leave at `now`, when the time that leaves
    /// the programme is `line`.
    pub(crate) fn limit(&self, now: EventTime, line: EventTime) -> EventTime {
        self.plan.hold.limit(now).min(paced(line))
    }
}

/// Presentation time up to which samples leave when nothing holds them.
pub(crate) fn paced(line: EventTime) -> EventTime {
    line + COMPOSITION_SHIFT + PACING_SLACK
}

/// Decoding time up to which samples leave when nothing holds them.
pub(crate) fn paced_dts(line: EventTime) -> i64 {
    ticks(line + PACING_SLACK)
}

/// The video tick of an event-clock time.
pub(crate) fn ticks(time: EventTime) -> i64 {
    time.to_media(Timescale::VIDEO).ticks
}
