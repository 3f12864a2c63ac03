//! The moment of a cut: the new camera takes the old one's place, and the sound is sent over the seam.

use std::time::Duration;

use genlock_feed::Joint;
use genlock_media::EventTime;

use crate::automation::Made;
use crate::cut::{OnAir, Request, Stage, video_time};
use crate::event::{Discontinuity, ProgramEvent, Settled};
use crate::limits::{AUDIO_PROBE, SEAM_MAX};
use crate::planner::{self, TargetView};
use crate::program_core::ProgramCore;
use crate::source::Source;

/// The sound's way over a cut that the picture has passed.
#[derive(Debug)]
pub(crate) struct Seam {
    /// Places whose middle lies before this belong to the old camera.
    pub(crate) at: EventTime,
    /// The old camera, for its last access units.
    pub(crate) tail: Option<Source>,
    /// They are waited for.
    pub(crate) expects_audio: bool,
    pub(crate) deadline: EventTime,
}

impl ProgramCore {
    /// Puts the incoming camera on air. The old camera's samples before the cut have left.
    pub(crate) fn hand_over(&mut self, now: EventTime, cut_pts: i64) {
        let Some(mut incoming) = self.incoming.take() else {
            return;
        };
        let discontinuity = self.discontinuity(&incoming.source);
        let old = self.on_air.take();
        let expects_audio = old.as_ref().is_some_and(|on_air| on_air.expects_audio);
        let old = old.map(|on_air| on_air.source);
        let end = old.as_ref().zip(self.edge).and_then(|(old, edge)| old.picture_end(edge));
        let mut cut_pts = cut_pts;
        if let Stage::Completing { .. } = incoming.stage {
            incoming.source.enter(cut_pts, self.edge);
            cut_pts = incoming.source.in_point().map_or(cut_pts, |first| first.sample.pts());
        }
        let cut_at = video_time(cut_pts);
        if let Some(end) = end {
            incoming.source.close_hole(end);
        }
        let shown_at = incoming.source.in_point().map_or(cut_at, |first| first.sample.pts_event());
        let picture_gap_us = end.map(|end| shown_at.as_micros() - video_time(end).as_micros());
        let catch_up = span(incoming.source.catch_up_ticks());
        let wanted = self.turns.wanted_at(shown_at).filter(|_| !self.sound.follows()).cloned();
        let sound = wanted.or_else(|| self.other_sound(old.as_ref(), &incoming.source));
        self.turns.forget_wish();
        if sound.is_some() {
            self.turns.tell(cut_at);
        }
        // With another audio configuration the cut has to stay where the sound changes.
        let stays = sound.is_some() || discontinuity == Discontinuity::Codec;
        let settled = if stays { shown_at } else { shown_at + catch_up };
        let from =
            old.as_ref().map(|source| &source.camera).filter(|from| !from.is_slate()).cloned();
        let to = incoming.source.camera.clone();
        // A grid that does not run yet starts with the new camera; a fixed source crosses nothing.
        let crosses = self.sound.follows() && self.grid.config().is_some();
        self.seam = crosses.then_some(Seam {
            at: cut_at,
            tail: old,
            expects_audio,
            deadline: now + SEAM_MAX,
        });
        self.on_air = Some(OnAir::new(now, incoming.source, cut_at));
        let splice = Joint::Splice { settled, sound };
        self.joint = if self.edge.is_some() { splice } else { Joint::Continues };
        self.cuts += 1;
        let planned_at = incoming.request.planned_at().unwrap_or(incoming.begun_at);
        let style = incoming.plan.forecast.style;
        self.note_change(now, &incoming.request, &to);
        let entry = Settled {
            id: incoming.request.id(),
            to: to.clone(),
            planned_at,
            planned_for: incoming.planned_for,
            cut_at: shown_at,
            wait: now.saturating_since(planned_at),
            style,
            discontinuity,
            picture_gap_us,
            audio_error_us: None,
            catch_up,
        };
        self.events.push_back(match incoming.request {
            Request::Command { id, planned_at } => ProgramEvent::CutCommitted {
                id,
                from,
                to,
                planned_at,
                cut_at,
                wait: now.saturating_since(planned_at),
                style,
                discontinuity,
            },
            Request::Automatic(cause) => {
                let decided_at = incoming.begun_at;
                cause.event(from, to, Made { decided_at, cut_at, style, discontinuity })
            }
        });
        self.open_entry(entry);
    }

    fn discontinuity(&self, source: &Source) -> Discontinuity {
        let status = source.feed.status();
        let first = source.video.front().map(|held| &*held.sample.config);
        let audio = status.audio.as_deref().filter(|_| self.is_followed(&source.camera));
        let target = TargetView { syncs: &[], video: first, audio };
        planner::discontinuity(&self.view(), &target)
    }
}

impl OnAir {
    fn new(now: EventTime, source: Source, since: EventTime) -> Self {
        let status = source.feed.status();
        let is_young =
            status.live_changed.is_some_and(|opened| now.saturating_since(opened) < AUDIO_PROBE);
        let may_have = status.audio.is_some() || is_young;
        let expects_audio = may_have && !source.camera.is_slate();
        Self { expects_audio, source, since, removed: false }
    }
}

impl Seam {
    /// The old camera may still send its last access units.
    pub(crate) fn is_waited_for(&self) -> bool {
        self.expects_audio && self.tail.as_ref().is_some_and(Source::is_live)
    }
}

/// The span of video ticks.
fn span(ticks: i64) -> Duration {
    video_time(ticks).saturating_since(EventTime::ZERO)
}
