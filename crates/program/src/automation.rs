//! What the programme does by itself, carried out: the core's half of [`failover`](crate::failover).
//!
//! Intent is what a human chose, actual is what is on air. Automation changes the second only.

use genlock_feed::Feed;
use genlock_media::EventTime;

use crate::camera::{Camera, CameraId, Priority};
use crate::cut::{Incoming, OnAir, Request};
use crate::event::{Discontinuity, Lock, Loss, ProgramEvent};
use crate::failover::{Actual, Cause, Decision, Flaps, Health, Lost, Situation, decide, next_look};
use crate::limits::HOLD_WINDOW_MAX;
use crate::program_core::ProgramCore;
use crate::style::CutStyle;

/// What automation remembers.
#[derive(Debug, Default)]
pub(crate) struct Automation {
    pub(crate) lock: Option<Lock>,
    /// The camera that was chosen.
    pub(crate) intent: Option<CameraId>,
    /// It was chosen before a restart, and has not been on air since.
    owed: bool,
    /// How it is while another is on air.
    health: Health,
    flaps: Flaps,
    slate: Option<Feed>,
    /// Since when nothing has been on air.
    dark_since: Option<EventTime>,
    /// The camera whose automatic takeover failed last.
    failed: Option<CameraId>,
}

impl ProgramCore {
    /// Stops everything that the programme does by itself, until [`unlock`](Self::unlock). Takes go on.
    pub fn lock(&mut self) {
        self.set_lock(Lock::Operator);
    }

    /// Lets the programme act by itself again, whatever locked it.
    pub fn unlock(&mut self) {
        if self.automation.lock.take().is_some() {
            self.automation.flaps = Flaps::default();
            self.events.push_back(ProgramEvent::Unlocked);
        }
    }

    /// The camera that a human chose before a restart. Until it has been on air, or somebody chooses
    /// another, the programme goes to it by itself: at once when it is the first to come, else as soon as
    /// it is live, or has been well for as long as [`Revert::After`](crate::Revert::After) asks. Of no
    /// effect once something was chosen, or if the camera is unknown.
    pub fn restore_intent(&mut self, camera: CameraId) {
        if self.automation.intent.is_none() && self.roster.get(&camera).is_some() {
            self.automation.intent = Some(camera);
            self.automation.owed = true;
        }
    }

    /// What to show when no camera is left; `None` for nothing. Its sound is not used: silence in the
    /// programme's own configuration costs no discontinuity. Its pictures are to be on the event clock,
    /// with a sync sample at least once a second while it is wanted.
    pub fn set_slate(&mut self, slate: Option<Feed>) {
        self.automation.slate = slate;
    }

    pub(crate) const fn has_slate(&self) -> bool {
        self.automation.slate.is_some()
    }

    /// The camera on air.
    pub(crate) fn on_air_camera(&self) -> Option<&CameraId> {
        let on_air = self.on_air.as_ref().map(|on_air| &on_air.source.camera);
        on_air.filter(|camera| !camera.is_slate())
    }

    pub(crate) fn is_slate_on(&self) -> bool {
        self.on_air.as_ref().is_some_and(|on_air| on_air.source.camera.is_slate())
    }

    /// Lets the programme act by itself. Returns whether it started to wait for a camera.
    pub(crate) fn supervise(&mut self, now: EventTime) -> bool {
        self.note_health(now);
        self.leave_dead_slate(now);
        let is_command = |incoming: &Incoming| incoming.request.id().is_some();
        if self.is_cutting() || self.incoming.as_ref().is_some_and(is_command) {
            return false;
        }
        let situation = self.situation(now);
        match decide(&self.config.failover, &situation, self.roster.iter()) {
            Decision::Wait => false,
            Decision::Stay => {
                self.incoming = None;
                false
            }
            Decision::GoDark(loss) => {
                self.go_dark(now, loss);
                false
            }
            Decision::Take(camera, cause) => self.begin_by_itself(now, &camera, cause),
            Decision::ShowSlate => self.begin_slate(now),
        }
    }

    /// When the programme may act by itself although nothing arrives.
    pub(crate) fn acts_at(&self, now: EventTime) -> Option<EventTime> {
        next_look(&self.config.failover, &self.situation(now))
    }

    /// The camera that the programme may go back to.
    pub(crate) fn revert_to(&self) -> Option<&CameraId> {
        let intent = self.automation.intent.as_ref();
        intent.filter(|intent| self.on_air_camera().is_some_and(|on_air| on_air != *intent))
    }

    /// Whether the camera on air is lost at `now`.
    pub(crate) fn lost(&self, now: EventTime) -> Option<Lost> {
        let on_air = self.on_air.as_ref()?;
        if on_air.removed {
            return Some(Lost { why: Loss::Removed, since: now });
        }
        let status = on_air.source.feed.status();
        if !status.live {
            let since = status.live_changed.unwrap_or(now);
            return Some(Lost { why: Loss::Closed, since });
        }
        let since = self.silent_from(on_air);
        (now > since).then_some(Lost { why: Loss::Silent, since })
    }

    /// When the camera on air counts as silent if no picture comes.
    pub(crate) fn silent_from(&self, on_air: &OnAir) -> EventTime {
        let last = on_air.source.last_video.unwrap_or(on_air.since);
        last + self.config.failover.patience(on_air.source.frame_gap)
    }

    /// Notes who goes on air, and why.
    pub(crate) fn note_change(&mut self, now: EventTime, request: &Request, to: &CameraId) {
        self.automation.failed = None;
        self.automation.dark_since = None;
        self.automation.health = Health::default();
        let by_command = request.id().is_some();
        self.automation.owed &= !by_command && self.automation.intent.as_ref() != Some(to);
        let chosen = by_command || self.automation.intent.is_none();
        if chosen && !to.is_slate() {
            self.automation.intent = Some(to.clone());
        }
        let is_flap = matches!(request, Request::Automatic(Cause::Lost(_) | Cause::Reverted));
        if is_flap && self.automation.flaps.note(now, self.config.failover.flaps) {
            self.set_lock(Lock::Flapping);
        }
    }

    pub(crate) fn note_failed(&mut self, camera: CameraId) {
        self.automation.failed = Some(camera);
    }

    fn set_lock(&mut self, lock: Lock) {
        if self.automation.lock != Some(lock) {
            self.automation.lock = Some(lock);
            self.events.push_back(ProgramEvent::Locked(lock));
        }
    }

    fn situation(&self, now: EventTime) -> Situation<'_> {
        let automation = &self.automation;
        let slate = automation.slate.as_ref();
        let actual = match &self.on_air {
            None => Actual::Nothing { since: automation.dark_since },
            Some(OnAir { source, .. }) if source.camera.is_slate() => {
                Actual::Slate { outdated: !slate.is_some_and(|slate| slate.is_same(&source.feed)) }
            }
            Some(OnAir { source, since, .. }) => {
                Actual::Camera { id: &source.camera, since: *since, lost: self.lost(now) }
            }
        };
        Situation {
            now,
            actual,
            locked: automation.lock.is_some(),
            intent: automation.intent.as_ref(),
            intent_owed: automation.owed,
            intent_well_since: automation.health.well_since(),
            failed: automation.failed.as_ref(),
            waiting: self.incoming.as_ref().is_some_and(|wait| !wait.source.camera.is_slate()),
            slate_coming: self.incoming.as_ref().is_some_and(|wait| wait.source.camera.is_slate()),
            slate: slate.is_some_and(|slate| slate.status().live),
        }
    }

    fn note_health(&mut self, now: EventTime) {
        let Some(intent) = self.revert_to() else { return };
        if let Some(camera) = self.roster.get(intent) {
            let status = camera.feed.status();
            self.automation.health.note(now, &self.config.failover, &status);
        }
    }

    /// Begins a cut, unless one is waited for already: that goes on, with the cause of the moment.
    fn begin_by_itself(&mut self, now: EventTime, camera: &Camera, cause: Cause) -> bool {
        // Behind what a lost camera has sent the first sync sample is wanted, not the nearest to now.
        let behind = matches!(cause, Cause::Lost(_)) && !self.delay.at(now).is_zero();
        let style = if behind { CutStyle::Clean } else { self.config.styles.style };
        let request = Request::Automatic(cause);
        let goes_on = self.incoming.as_ref().is_some_and(|incoming| {
            !incoming.source.camera.is_slate()
                && (incoming.source.camera == camera.id
                    || !self.is_no_later(now, camera, style, &request, incoming))
        });
        if let Some(incoming) = self.incoming.as_mut().filter(|_| goes_on) {
            incoming.request = request;
            return false;
        }
        self.begin(now, camera, style, request);
        true
    }

    /// Whether viewers see `camera`, which comes before the one that is waited for, no later than that. Each
    /// change of the wait makes it shorter, so cameras that come and go cannot prolong it.
    fn is_no_later(
        &self,
        now: EventTime,
        camera: &Camera,
        style: CutStyle,
        request: &Request,
        waited_for: &Incoming,
    ) -> bool {
        let line = self.line(now);
        // A sync sample that has not come by then is not believed in any more.
        let awaited = waited_for.plan.forecast.cut_at.filter(|at| *at + HOLD_WINDOW_MAX >= line);
        let planned = self.plan(now, camera, style, Some(request)).forecast.cut_at;
        planned.is_some_and(|planned| awaited.is_none_or(|awaited| planned <= awaited))
    }

    /// Begins to show the slate, in place of a wait for a camera.
    fn begin_slate(&mut self, now: EventTime) -> bool {
        let waits = |incoming: &Incoming| incoming.source.camera.is_slate();
        let Some(feed) = self.automation.slate.clone() else { return false };
        if self.incoming.as_ref().is_some_and(waits) {
            return false;
        }
        let slate = Camera { id: CameraId::slate(), feed, priority: Priority::default() };
        self.begin(now, &slate, CutStyle::Clean, Request::Automatic(Cause::NobodyLeft));
        true
    }

    fn go_dark(&mut self, now: EventTime, loss: Loss) {
        self.incoming = None;
        self.automation.dark_since = Some(now);
        if let Some(on_air) = self.on_air.take() {
            let camera = on_air.source.camera;
            self.events.push_back(ProgramEvent::OffAir { camera, loss });
        }
    }

    /// A slate that was withdrawn or whose writer has gone is not shown any longer.
    fn leave_dead_slate(&mut self, now: EventTime) {
        let withdrawn = self.automation.slate.is_none();
        let dead = |on_air: &mut OnAir| {
            on_air.source.camera.is_slate() && (withdrawn || !on_air.source.is_live())
        };
        if self.seam.is_none() && self.on_air.take_if(dead).is_some() {
            self.automation.dark_since = Some(now);
        }
    }
}

impl Cause {
    /// How a change of what is on air is told.
    pub(crate) fn event(self, from: Option<CameraId>, to: CameraId, made: Made) -> ProgramEvent {
        let Made { decided_at, cut_at, style, discontinuity } = made;
        match (self, from) {
            (Self::NobodyLeft, from) => {
                ProgramEvent::SlateShown { from, decided_at, at: cut_at, discontinuity }
            }
            (Self::Lost(loss), Some(from)) => ProgramEvent::FailedOver {
                from,
                to,
                loss,
                decided_at,
                cut_at,
                style,
                discontinuity,
            },
            (Self::Reverted, Some(from)) => {
                ProgramEvent::Reverted { from, to, decided_at, cut_at, style, discontinuity }
            }
            (Self::NothingOnAir | Self::Lost(_) | Self::Reverted, _) => {
                ProgramEvent::OnAir { camera: to, decided_at, at: cut_at, style, discontinuity }
            }
        }
    }
}

/// A cut that the programme has made by itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Made {
    pub(crate) decided_at: EventTime,
    pub(crate) cut_at: EventTime,
    pub(crate) style: CutStyle,
    pub(crate) discontinuity: Discontinuity,
}
