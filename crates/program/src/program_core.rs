//! The programme's core: who is on air, what is planned, and the passage of samples. Deterministic: it
//! owns Feed readers and the programme's Feed writer, and is told the time.
//!
//! ```text
//!             take()                    sync sample arrives            both tracks past the seam
//!   idle ───────────────▶ waiting ─────────────────────────▶ committed ──▶ splice ──▶ seam ──▶ idle
//!             ▲              │ newer take: superseded          │ newer take: queued ─────────────┘
//!             └──────────────┘ timeout, camera gone: failed
//! ```
//!
//! The pass that moves samples is in [`advance`](crate::advance); this module holds the state, the
//! commands and the transitions.
//!
//! Architecture Invariant: every sample leaves at its own event-clock time (audio: within half an
//! access unit after a cut). No transition shifts a timeline, so lag cannot add up.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use genlock_feed::{Feed, FeedWriter, Start};
use genlock_media::{AudioConfig, EventTime, MediaTime, Timescale, TrackConfig};

use crate::audio::AudioGrid;
use crate::camera::{Camera, CameraId, Priority, Roster};
use crate::error::{CutFailure, TakeError};
use crate::event::{
    Cut, CutId, CutStyle, Discontinuity, Forecast, Loss, PendingCut, ProgramEvent, ProgramStatus,
    Reason,
};
use crate::failover::FailoverPolicy;
use crate::limits::{AUDIO_PROBE, SEAM_MAX, TAIL_WAIT, TAIL_WAIT_MAX};
use crate::planner::{self, InPoint, Plan, ProgramView, SyncTime, TargetView};
use crate::source::Source;
use crate::splicer::Edge;

/// What a programme may decide for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgramConfig {
    /// When a camera counts as lost.
    pub failover: FailoverPolicy,
    /// How late a sample may be and still reach viewers in time. Default 1.5 s, the playlists'
    /// `PART-HOLD-BACK`. Later ones are not aired.
    pub hold_back: Duration,
    /// How long a take waits for a sync sample. Default 15 s, above the longest GOP that encoders make
    /// by themselves (OBS: 8.3 s).
    pub cut_timeout: Duration,
}

impl Default for ProgramConfig {
    fn default() -> Self {
        Self {
            failover: FailoverPolicy::default(),
            hold_back: Duration::from_millis(1_500),
            cut_timeout: Duration::from_secs(15),
        }
    }
}

/// The programme without its shell.
///
/// Drain contract: after every command and whenever a watched Feed changed or the last deadline passed,
/// call [`advance`](Self::advance), then [`poll_event`](Self::poll_event) until it is empty.
#[derive(Debug)]
pub struct ProgramCore {
    pub(crate) config: ProgramConfig,
    pub(crate) output: FeedWriter,
    pub(crate) output_lost: bool,
    roster: Roster,
    pub(crate) on_air: Option<OnAir>,
    pub(crate) incoming: Option<Incoming>,
    pub(crate) seam: Option<Seam>,
    queued: Option<Command>,
    /// How far the video has come.
    pub(crate) edge: Option<Edge>,
    /// Configuration of the newest video sample.
    pub(crate) video: Option<Arc<TrackConfig>>,
    pub(crate) grid: AudioGrid,
    /// The camera whose automatic takeover failed last.
    failed: Option<CameraId>,
    events: VecDeque<ProgramEvent>,
    next_cut: u64,
    cuts: u64,
}

/// The camera on air.
#[derive(Debug)]
pub(crate) struct OnAir {
    pub(crate) source: Source,
    /// Presentation time of its first picture.
    pub(crate) since: EventTime,
    /// Its sound is waited for. Otherwise silence keeps step with the picture.
    pub(crate) expects_audio: bool,
    removed: bool,
}

/// The camera that a cut leads to.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) source: Source,
    request: Request,
    pub(crate) plan: Plan,
    missed: u64,
    pub(crate) stage: Stage,
    pub(crate) deadline: EventTime,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// For a sync sample.
    Waiting,
    /// The in-point is known; the old camera's last samples are waited for.
    Committed { dts: i64, pts: i64, tail_deadline: EventTime },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Request {
    Command {
        id: CutId,
        planned_at: EventTime,
    },
    /// `None` where nothing was on air.
    Automatic(Option<Loss>),
}

/// The sound's way over a cut that the picture has passed.
#[derive(Debug)]
pub(crate) struct Seam {
    /// Places whose middle lies before this belong to the old camera.
    pub(crate) at: EventTime,
    /// The old camera, for its last access units.
    pub(crate) tail: Option<Source>,
    pub(crate) deadline: EventTime,
}

/// A take that waits for the cut before it.
#[derive(Debug, Clone)]
struct Command {
    id: CutId,
    to: CameraId,
    style: CutStyle,
    planned_at: EventTime,
}

/// Which Feeds the next [`ProgramCore::advance`] depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Watched {
    /// Any camera may go on air.
    All,
    /// Only these.
    Only(Vec<CameraId>),
}

impl Watched {
    /// Whether a change of `camera`'s Feed matters.
    #[must_use]
    pub fn includes(&self, camera: &CameraId) -> bool {
        match self {
            Self::All => true,
            Self::Only(cameras) => cameras.contains(camera),
        }
    }
}

impl ProgramCore {
    /// A programme without cameras that publishes into `output` from `now` on.
    #[must_use]
    pub fn new(config: ProgramConfig, output: &Feed, now: EventTime) -> Self {
        Self {
            config,
            output: output.open(now),
            output_lost: false,
            roster: Roster::default(),
            on_air: None,
            incoming: None,
            seam: None,
            queued: None,
            edge: None,
            video: None,
            grid: AudioGrid::default(),
            failed: None,
            events: VecDeque::new(),
            next_cut: 1,
            cuts: 0,
        }
    }

    /// Adds a camera. One that is known gets the new Feed and priority for its next time on air.
    pub fn add_camera(&mut self, id: CameraId, feed: Feed, priority: Priority) {
        self.roster.add(Camera { id, feed, priority });
    }

    /// Removes a camera. If it is on air the next one takes over; a cut to it fails. Returns whether it
    /// was known.
    pub fn remove_camera(&mut self, id: &CameraId) -> bool {
        let known = self.roster.remove(id);
        if let Some(on_air) = &mut self.on_air
            && on_air.source.camera == *id
        {
            on_air.removed = true;
        }
        if self.incoming.as_ref().is_some_and(|incoming| incoming.source.camera == *id) {
            self.fail_incoming(CutFailure::CameraRemoved);
        }
        if let Some(queued) = self.queued.take_if(|queued| queued.to == *id) {
            self.report_failure(queued.id, queued.to, CutFailure::CameraRemoved);
        }
        known
    }

    /// Moves a camera in the failover list. Returns whether it is known.
    pub fn set_priority(&mut self, id: &CameraId, priority: Priority) -> bool {
        self.roster.set_priority(id, priority)
    }

    /// Changes when a camera counts as lost, from now on.
    pub const fn set_failover(&mut self, policy: FailoverPolicy) {
        self.config.failover = policy;
    }

    /// Plans a cut to `camera` and answers at once; [`ProgramEvent`]s tell what becomes of it.
    ///
    /// # Errors
    /// When the camera cannot be cut to, or is on air already.
    pub fn take(
        &mut self,
        now: EventTime,
        camera: &CameraId,
        style: CutStyle,
    ) -> Result<Cut, TakeError> {
        let target = self
            .roster
            .get(camera)
            .cloned()
            .ok_or_else(|| TakeError::UnknownCamera(camera.clone()))?;
        let status = target.feed.status();
        if !status.live {
            return Err(TakeError::NotLive(camera.clone()));
        }
        if self.settled_on() == Some(camera) {
            self.withdraw_command();
            return Err(TakeError::AlreadyOnAir(camera.clone()));
        }
        if status.video.is_none() {
            return Err(TakeError::NoVideo(camera.clone()));
        }
        self.withdraw_command();
        let command =
            Command { id: CutId(self.next_cut), to: camera.clone(), style, planned_at: now };
        self.next_cut += 1;
        let from = self.settled_on().cloned();
        let forecast = if self.is_cutting() {
            let forecast = self.forecast_queued(now, &target, style);
            self.queued = Some(command.clone());
            forecast
        } else {
            self.begin(now, &target, style, Request::of(&command)).forecast
        };
        let cut = Cut { id: command.id, from, to: command.to, planned_at: now, forecast };
        self.events.push_back(ProgramEvent::CutPlanned(cut.clone()));
        Ok(cut)
    }

    /// The next thing that happened.
    pub fn poll_event(&mut self) -> Option<ProgramEvent> {
        self.events.pop_front()
    }

    /// The state at `now`.
    #[must_use]
    pub fn status(&self, now: EventTime) -> ProgramStatus {
        ProgramStatus {
            active: self.on_air.as_ref().map(|on_air| on_air.source.camera.clone()),
            since: self.on_air.as_ref().map(|on_air| on_air.since),
            lost: self.loss(now),
            pending: self.incoming.as_ref().map(Incoming::describe),
            cuts: self.cuts,
        }
    }

    /// Which Feeds to wake up for.
    #[must_use]
    pub fn watched(&self, now: EventTime) -> Watched {
        if self.on_air.is_none() || self.loss(now).is_some() {
            return Watched::All;
        }
        let on_air = self.on_air.as_ref().map(|on_air| &on_air.source);
        let incoming = self.incoming.as_ref().map(|incoming| &incoming.source);
        let tail = self.seam.as_ref().and_then(|seam| seam.tail.as_ref());
        let sources = on_air.into_iter().chain(incoming).chain(tail);
        Watched::Only(sources.map(|source| source.camera.clone()).collect())
    }

    /// Another writer has taken over the programme's Feed: nothing that this core writes is seen.
    #[must_use]
    pub const fn is_superseded(&self) -> bool {
        self.output_lost
    }

    /// Ends every command that waits, as the programme stops.
    pub fn stop(&mut self) {
        self.fail_incoming(CutFailure::Stopped);
        if let Some(queued) = self.queued.take() {
            self.report_failure(queued.id, queued.to, CutFailure::Stopped);
        }
    }

    /// Who is on air once the cut under way is done.
    fn settled_on(&self) -> Option<&CameraId> {
        match &self.incoming {
            Some(incoming) if incoming.is_committed() => Some(&incoming.source.camera),
            _ => self.on_air.as_ref().map(|on_air| &on_air.source.camera),
        }
    }

    /// A cut is past the point where it can be replaced.
    fn is_cutting(&self) -> bool {
        self.seam.is_some() || self.incoming.as_ref().is_some_and(Incoming::is_committed)
    }

    /// Takes back the commands that are not committed yet. What the programme does by itself goes on
    /// until a command takes its place.
    fn withdraw_command(&mut self) {
        let waiting = self
            .incoming
            .take_if(|incoming| !incoming.is_committed() && incoming.request.id().is_some());
        let waiting = waiting.and_then(|incoming| incoming.request.id());
        let queued = self.queued.take().map(|command| command.id);
        for id in waiting.into_iter().chain(queued) {
            self.events.push_back(ProgramEvent::CutSuperseded { id });
        }
    }

    /// Starts to wait for `camera`'s in-point.
    fn begin(
        &mut self,
        now: EventTime,
        camera: &Camera,
        style: CutStyle,
        request: Request,
    ) -> Plan {
        let plan = self.plan(now, camera, style);
        let start = match plan.in_point {
            InPoint::Held(position) => Start::Sync(position),
            InPoint::Next => Start::Next,
        };
        self.incoming = Some(Incoming {
            source: Source::new(camera.id.clone(), camera.feed.clone(), start),
            request,
            plan,
            missed: 0,
            stage: Stage::Waiting,
            deadline: now + self.config.cut_timeout,
        });
        plan
    }

    fn plan(&self, now: EventTime, camera: &Camera, style: CutStyle) -> Plan {
        let status = camera.feed.status();
        let syncs = sync_times(&camera.feed);
        let target = TargetView {
            syncs: &syncs,
            video: status.video.as_deref(),
            audio: status.audio.as_deref(),
        };
        let fresh = self.config.failover.silence_max;
        planner::plan(now, &self.view(), &target, style, fresh)
    }

    fn view(&self) -> ProgramView<'_> {
        ProgramView {
            edge: self.edge.map(|edge| video_time(edge.pts)),
            video: self.video.as_deref(),
            audio: self.grid.config().map(|config| &**config),
        }
    }

    fn forecast_queued(&self, now: EventTime, camera: &Camera, style: CutStyle) -> Forecast {
        Forecast { reason: Reason::Queued, ..self.plan(now, camera, style).forecast }
    }

    /// Starts the queued take once nothing is under way.
    pub(crate) fn begin_queued(&mut self, now: EventTime) {
        if self.is_cutting() {
            return;
        }
        let Some(command) = self.queued.take() else {
            return;
        };
        let target = self.roster.get(&command.to).cloned();
        match target.filter(|camera| camera.feed.status().live) {
            Some(camera) => {
                self.incoming = None;
                self.begin(now, &camera, command.style, Request::of(&command));
            }
            None => self.report_failure(command.id, command.to, CutFailure::CameraGone),
        }
    }

    /// Looks whether the camera that is waited for has sent its in-point, or cannot any more.
    pub(crate) fn watch_incoming(&mut self, now: EventTime) {
        let (edge, hold_back) = (self.edge, self.config.hold_back);
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
            let tail_deadline = self.tail_deadline(now, dts);
            if let Some(incoming) = &mut self.incoming {
                incoming.stage = Stage::Committed { dts, pts, tail_deadline };
            }
        } else if !incoming.source.is_live() {
            self.fail_incoming(CutFailure::CameraGone);
        } else if now >= incoming.deadline {
            self.fail_incoming(CutFailure::NoSyncSample);
        } else if incoming.missed != incoming.source.missed {
            incoming.missed = incoming.source.missed;
            incoming.plan.hold = planner::hold(&sync_times(&incoming.source.feed));
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

    /// Puts the incoming camera on air. The old camera's samples before the cut have left.
    pub(crate) fn hand_over(&mut self, now: EventTime, cut_pts: i64) {
        let Some(mut incoming) = self.incoming.take() else {
            return;
        };
        let cut_at = video_time(cut_pts);
        let discontinuity = self.discontinuity(&incoming.source);
        incoming.source.drop_audio_before(cut_at);
        let old = self.on_air.take().map(|on_air| on_air.source);
        let from = old.as_ref().map(|source| source.camera.clone());
        let to = incoming.source.camera.clone();
        // A grid that does not run yet starts with the new camera.
        self.seam = self.grid.config().is_some().then_some(Seam {
            at: cut_at,
            tail: old,
            deadline: now + SEAM_MAX,
        });
        self.on_air = Some(OnAir::new(now, incoming.source, cut_at));
        self.failed = None;
        self.cuts += 1;
        self.events.push_back(match (incoming.request, from) {
            (Request::Command { id, planned_at }, from) => ProgramEvent::CutCommitted {
                id,
                from,
                to,
                planned_at,
                cut_at,
                wait: now.saturating_since(planned_at),
                discontinuity,
            },
            (Request::Automatic(Some(loss)), Some(from)) => {
                ProgramEvent::FailedOver { from, to, loss, cut_at, discontinuity }
            }
            (Request::Automatic(_), _) => ProgramEvent::OnAir { camera: to, at: cut_at },
        });
    }

    fn discontinuity(&self, source: &Source) -> Discontinuity {
        let status = source.feed.status();
        let first = source.video.front().map(|held| &*held.sample.config);
        let target = TargetView { syncs: &[], video: first, audio: status.audio.as_deref() };
        planner::discontinuity(&self.view(), &target)
    }

    /// Lets the programme act by itself: first camera on air, failover, off air.
    pub(crate) fn supervise(&mut self, now: EventTime) {
        let loss = self.loss(now);
        let automatic = self
            .incoming
            .as_ref()
            .is_some_and(|incoming| !incoming.is_committed() && incoming.request.id().is_none());
        if self.on_air.is_some() && loss.is_none() {
            if automatic {
                self.incoming = None;
            }
            return;
        }
        if self.incoming.is_some() || self.seam.is_some() {
            return;
        }
        let leaving = self.on_air.as_ref().map(|on_air| on_air.source.camera.clone());
        let policy = &self.config.failover;
        let cameras = self.roster.iter();
        let next =
            crate::failover::choose(now, policy, cameras, leaving.as_ref(), self.failed.as_ref());
        match (next.cloned(), leaving, loss) {
            (Some(camera), _, loss) => {
                self.begin(now, &camera, CutStyle::Clean, Request::Automatic(loss));
            }
            (None, Some(camera), Some(loss @ (Loss::Closed | Loss::Removed))) => {
                self.on_air = None;
                self.events.push_back(ProgramEvent::OffAir { camera, loss });
            }
            (None, _, _) => {}
        }
    }

    /// Whether the camera on air is lost at `now`.
    pub(crate) fn loss(&self, now: EventTime) -> Option<Loss> {
        let on_air = self.on_air.as_ref()?;
        if on_air.removed {
            return Some(Loss::Removed);
        }
        let source = &on_air.source;
        let last_video = source.last_video.unwrap_or(on_air.since);
        let policy = &self.config.failover;
        policy.loss(now, source.is_live(), last_video, source.frame_gap)
    }

    /// Audio configuration for a programme whose first camera has no sound: that of the first camera by
    /// priority that has, so that a later cut to it costs nothing. It must have a silence.
    pub(crate) fn usual_audio(&self) -> Option<Arc<TrackConfig>> {
        let has_silence = |config: &Arc<TrackConfig>| {
            config.as_audio().and_then(AudioConfig::silent_access_unit).is_some()
        };
        let mut configs = self.roster.iter().filter_map(|camera| camera.feed.status().audio);
        configs.find(has_silence)
    }

    fn fail_incoming(&mut self, reason: CutFailure) {
        let Some(incoming) = self.incoming.take() else {
            return;
        };
        let to = incoming.source.camera;
        match incoming.request {
            Request::Command { id, .. } => self.report_failure(id, to, reason),
            Request::Automatic(_) => self.failed = Some(to),
        }
    }

    fn report_failure(&mut self, id: CutId, to: CameraId, reason: CutFailure) {
        self.events.push_back(ProgramEvent::CutFailed { id, to, reason });
    }
}

impl OnAir {
    fn new(now: EventTime, source: Source, since: EventTime) -> Self {
        let status = source.feed.status();
        let is_young =
            status.live_changed.is_some_and(|opened| now.saturating_since(opened) < AUDIO_PROBE);
        Self { expects_audio: status.audio.is_some() || is_young, source, since, removed: false }
    }
}

impl Incoming {
    fn is_committed(&self) -> bool {
        matches!(self.stage, Stage::Committed { .. })
    }

    fn describe(&self) -> PendingCut {
        PendingCut {
            id: self.request.id(),
            to: self.source.camera.clone(),
            forecast: self.plan.forecast,
        }
    }
}

impl Request {
    const fn of(command: &Command) -> Self {
        Self::Command { id: command.id, planned_at: command.planned_at }
    }

    const fn id(&self) -> Option<CutId> {
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
fn sync_times(feed: &Feed) -> Vec<SyncTime> {
    let epoch = feed.status().epoch;
    let of_session = |sync: &genlock_feed::SyncPoint| sync.epoch == epoch;
    feed.sync_points()
        .into_iter()
        .filter(of_session)
        .map(|sync| SyncTime { position: sync.position, pts: sync.pts, arrived: sync.arrived })
        .collect()
}
