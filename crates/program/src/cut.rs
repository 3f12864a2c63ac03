//! The life of a cut: planned, waiting for its in-point, committed, handed over, its sound past the
//! seam.
//!
//! The states are those of the picture in [`program_core`](crate::program_core); this module makes the
//! transitions between them, and the programme's own decisions go the same way as commands.

use std::time::Duration;

use genlock_feed::{Feed, Start, SyncPoint};
use genlock_media::{EventTime, MediaTime, Timescale};

use crate::advance::{paced_dts, ticks};
use crate::camera::{Camera, CameraId};
use crate::error::CutFailure;
use crate::event::{CutId, Forecast, Loss, PendingCut, ProgramEvent, Reason};
use crate::failover::Cause;
use crate::limits::{TAIL_WAIT, TAIL_WAIT_MAX, USUAL_PICTURE_TICKS};
use crate::planner::{self, InPoint, Plan, ProgramView, SyncTime, TargetView, Terms};
use crate::program_core::ProgramCore;
use crate::source::Source;
use crate::splicer::Edge;
use crate::style::{CutStyle, StylePolicy};

/// The camera on air.
#[derive(Debug)]
pub(crate) struct OnAir {
    pub(crate) source: Source,
    /// Presentation time of its first picture.
    pub(crate) since: EventTime,
    /// Its sound is waited for. Otherwise silence keeps step with the picture.
    pub(crate) expects_audio: bool,
    pub(crate) removed: bool,
}

/// The camera that a cut leads to.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) source: Source,
    pub(crate) request: Request,
    pub(crate) plan: Plan,
    /// What was asked for.
    style: CutStyle,
    pub(crate) begun_at: EventTime,
    pub(crate) planned_for: Option<EventTime>,
    missed: u64,
    pub(crate) stage: Stage,
    pub(crate) deadline: EventTime,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// For a sync sample.
    Waiting,
    /// The in-point is known, its time has not come.
    Found { dts: i64, pts: i64 },
    /// The in-point is past; the old camera's pictures that would leave a hole are waited for.
    Completing { deadline: EventTime },
    /// The in-point is known; the old camera's last samples are waited for.
    Committed { dts: i64, pts: i64, tail_deadline: EventTime },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Request {
    Command { id: CutId, planned_at: EventTime },
    Automatic(Cause),
}

/// A take that waits for the cut before it.
#[derive(Debug, Clone)]
pub(crate) struct Command {
    pub(crate) id: CutId,
    pub(crate) to: CameraId,
    pub(crate) style: CutStyle,
    pub(crate) planned_at: EventTime,
}

impl ProgramCore {
    /// Who is on air once the cut under way is done.
    pub(crate) fn settled_on(&self) -> Option<&CameraId> {
        match &self.incoming {
            Some(incoming) if incoming.is_committed() => Some(&incoming.source.camera),
            _ => self.on_air.as_ref().map(|on_air| &on_air.source.camera),
        }
    }

    /// A cut is past the point where it can be replaced.
    pub(crate) fn is_cutting(&self) -> bool {
        self.seam.is_some() || self.incoming.as_ref().is_some_and(Incoming::is_committed)
    }

    /// Takes back the commands that are not committed yet. What the programme does by itself goes on
    /// until a command takes its place.
    pub(crate) fn withdraw_command(&mut self) {
        let waiting = self
            .incoming
            .take_if(|incoming| !incoming.is_committed() && incoming.request.id().is_some());
        let waiting = waiting.and_then(|incoming| incoming.request.id());
        let queued = self.queued.take().map(|command| command.id);
        for id in waiting.into_iter().chain(queued) {
            self.events.push_back(ProgramEvent::CutSuperseded { id });
        }
    }

    /// Takes back the newest command whose camera has not gone on air.
    pub(crate) fn withdraw_newest(&mut self) -> Option<(CutId, CameraId)> {
        if let Some(command) = self.queued.take() {
            return Some((command.id, command.to));
        }
        let incoming = self.incoming.take_if(|incoming| incoming.request.id().is_some())?;
        Some((incoming.request.id()?, incoming.source.camera))
    }

    /// Starts to wait for `camera`'s in-point.
    pub(crate) fn begin(
        &mut self,
        now: EventTime,
        camera: &Camera,
        style: CutStyle,
        request: Request,
    ) -> Plan {
        let plan = self.plan(now, camera, style, Some(&request));
        let (id, feed) = (camera.id.clone(), camera.feed.clone());
        let (source, stage) = match plan.in_point {
            InPoint::Held(position) => {
                (Source::new(id, feed, Start::Sync(position)), Stage::Waiting)
            }
            InPoint::Next => (Source::new(id, feed, Start::Next), Stage::Waiting),
            InPoint::Cached(position) => (
                Source::cached(id, feed, Start::Sync(position)),
                Stage::Completing { deadline: now + TAIL_WAIT },
            ),
        };
        self.incoming = Some(Incoming {
            source,
            request,
            plan,
            style,
            begun_at: now,
            planned_for: plan.forecast.cut_at,
            missed: 0,
            stage,
            deadline: now + self.config.cut_timeout,
        });
        plan
    }

    /// Without a request it is one that will follow what is under way.
    pub(crate) fn plan(
        &self,
        now: EventTime,
        camera: &Camera,
        style: CutStyle,
        request: Option<&Request>,
    ) -> Plan {
        let status = camera.feed.status();
        let syncs = sync_times(&camera.feed);
        let target = TargetView {
            syncs: &syncs,
            video: status.video.as_deref(),
            audio: status.audio.as_deref().filter(|_| self.is_followed(&camera.id)),
        };
        let fresh = self.config.failover.silence_max;
        let styles = StylePolicy { lookahead: self.delay.at(now), ..self.config.styles };
        let view = self.view();
        let view = ProgramView { edge: view.edge.max(self.shown_out(request)), ..view };
        planner::plan(&view, &target, style, &Terms { now, fresh, styles })
    }

    /// Where the pictures end that a lost camera has sent. In a programme that runs behind they are still to
    /// be shown, so it is left behind the last of them and not at once.
    fn shown_out(&self, request: Option<&Request>) -> Option<EventTime> {
        let lost = request.is_some_and(Request::is_for_a_silent_camera);
        let on_air = self.on_air.as_ref().filter(|_| lost)?;
        on_air.source.newest_pts().map(video_time)
    }

    pub(crate) fn view(&self) -> ProgramView<'_> {
        ProgramView {
            edge: self.whole_edge().map(|edge| video_time(edge.pts)),
            video: self.video.as_deref(),
            audio: self.grid.config().map(|config| &**config),
        }
    }

    /// What an in-point has to lie beyond so that it does not cut the last picture short. A sync sample
    /// before it came too late.
    fn whole_edge(&self) -> Option<Edge> {
        let lasts = self.on_air.as_ref().map_or(0, |on_air| on_air.source.picture_lasts());
        self.edge.map(|edge| Edge { pts: edge.pts.saturating_add(lasts), ..edge })
    }

    pub(crate) fn forecast_queued(
        &self,
        now: EventTime,
        camera: &Camera,
        style: CutStyle,
    ) -> Forecast {
        Forecast { reason: Reason::Queued, ..self.plan(now, camera, style, None).forecast }
    }

    /// Starts the queued take once nothing is under way. Returns whether it did.
    pub(crate) fn begin_queued(&mut self, now: EventTime) -> bool {
        if self.is_cutting() {
            return false;
        }
        let Some(command) = self.queued.take() else {
            return false;
        };
        let target = self.roster.get(&command.to).cloned();
        let Some(camera) = target.filter(|camera| camera.feed.status().live) else {
            self.report_failure(command.id, command.to, CutFailure::CameraGone);
            return false;
        };
        self.begin(now, &camera, command.style, Request::of(&command));
        true
    }

    /// Looks whether the camera that is waited for has sent its in-point, or cannot any more.
    pub(crate) fn watch_incoming(&mut self, now: EventTime) {
        let (edge, hold_back) = (self.whole_edge(), self.config.hold_back);
        let due_dts = paced_dts(self.line(now));
        let Some(incoming) = &mut self.incoming else {
            return;
        };
        incoming.source.pull(edge, hold_back);
        if incoming.is_committed() {
            return;
        }
        incoming.source.trim_audio();
        if let Some(held) = incoming.source.in_point() {
            let (dts, pts) = (held.sample.dts, held.sample.pts());
            match incoming.stage {
                Stage::Completing { .. } => {}
                _ if dts > due_dts => incoming.stage = Stage::Found { dts, pts },
                _ => self.commit(now, dts, pts),
            }
        } else if !incoming.source.is_live() {
            self.fail_incoming(CutFailure::CameraGone);
        } else if now >= incoming.deadline {
            self.fail_incoming(CutFailure::NoSyncSample);
        } else if incoming.missed != incoming.source.missed {
            incoming.missed = incoming.source.missed;
            self.replan(now);
        }
    }

    fn commit(&mut self, now: EventTime, dts: i64, pts: i64) {
        let tail_deadline = self.tail_deadline(now, dts);
        if let Some(incoming) = &mut self.incoming {
            incoming.stage = Stage::Committed { dts, pts, tail_deadline };
        }
    }

    /// Where an instant cut is made, once the old camera's pictures leave no hole or have been waited
    /// for: at the end of the last one. After a longer pause of the programme it is now.
    pub(crate) fn due_instant(&self, now: EventTime) -> Option<i64> {
        let incoming = self.incoming.as_ref()?;
        let Stage::Completing { deadline } = incoming.stage else { return None };
        incoming.source.in_point()?;
        let edge = self.edge?;
        if !edge.is_complete() && now < deadline && self.lost(now).is_none() {
            return None;
        }
        let old = self.on_air.as_ref().map(|on_air| &on_air.source);
        let end = old.and_then(|old| old.picture_end(edge));
        let end = end.unwrap_or_else(|| edge.pts.saturating_add(USUAL_PICTURE_TICKS));
        let line = self.line(now);
        let missed = video_time(end) + self.config.failover.silence_max < line;
        Some(if missed { ticks(line) } else { end })
    }

    /// Looks ahead to the next sync sample after one that came too late.
    fn replan(&mut self, now: EventTime) {
        let Some(incoming) = &self.incoming else {
            return;
        };
        let style = incoming.style;
        let target = self.roster.get(&incoming.source.camera);
        let plan = target.map(|camera| self.plan(now, camera, style, Some(&incoming.request)));
        if let Some((incoming, plan)) = self.incoming.as_mut().zip(plan) {
            incoming.plan = plan;
        }
    }

    /// How long the old camera's samples before the cut are waited for.
    fn tail_deadline(&self, now: EventTime, cut_dts: i64) -> EventTime {
        let lateness =
            self.on_air.as_ref().map_or(Duration::ZERO, |on_air| on_air.source.lateness());
        let cut = video_time(cut_dts);
        let usual = (cut + lateness).max(now) + TAIL_WAIT;
        usual.min(cut.max(now) + TAIL_WAIT_MAX)
    }

    pub(crate) fn fail_incoming(&mut self, reason: CutFailure) {
        let Some(incoming) = self.incoming.take() else {
            return;
        };
        let to = incoming.source.camera;
        match incoming.request {
            Request::Command { id, .. } => self.report_failure(id, to, reason),
            Request::Automatic(_) => self.note_failed(to),
        }
    }

    pub(crate) fn report_failure(&mut self, id: CutId, to: CameraId, reason: CutFailure) {
        self.events.push_back(ProgramEvent::CutFailed { id, to, reason });
    }
}

impl Incoming {
    pub(crate) fn is_committed(&self) -> bool {
        matches!(self.stage, Stage::Committed { .. })
    }

    pub(crate) fn describe(&self) -> PendingCut {
        PendingCut {
            id: self.request.id(),
            to: self.source.camera.clone(),
            forecast: self.plan.forecast,
        }
    }
}

impl Request {
    pub(crate) const fn of(command: &Command) -> Self {
        Self::Command { id: command.id, planned_at: command.planned_at }
    }

    /// The camera on air sends nothing any more.
    const fn is_for_a_silent_camera(&self) -> bool {
        matches!(self, Self::Automatic(Cause::Lost(Loss::Closed | Loss::Silent)))
    }

    /// When the command came.
    pub(crate) const fn planned_at(&self) -> Option<EventTime> {
        match self {
            Self::Command { planned_at, .. } => Some(*planned_at),
            Self::Automatic(_) => None,
        }
    }

    pub(crate) const fn id(&self) -> Option<CutId> {
        match self {
            Self::Command { id, .. } => Some(*id),
            Self::Automatic(_) => None,
        }
    }
}

/// The event-clock time of a video tick.
pub(crate) fn video_time(ticks: i64) -> EventTime {
    MediaTime::new(ticks, Timescale::VIDEO).to_event()
}

/// The sync samples of the Feed's current publish session.
pub(crate) fn sync_times(feed: &Feed) -> Vec<SyncTime> {
    let epoch = feed.status().epoch;
    let of_session = |sync: &SyncPoint| sync.epoch == epoch;
    feed.sync_points()
        .into_iter()
        .filter(of_session)
        .map(|sync| SyncTime { position: sync.position, pts: sync.pts, arrived: sync.arrived })
        .collect()
}
