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
//! This module holds the state, the commands and the programme's own decisions. The transitions are in
//! [`cut`](crate::cut), the pass that moves samples is in [`advance`](crate::advance).
//!
//! Architecture Invariant: every sample leaves at its own event-clock time (audio within half an access
//! unit after a cut; an in-point's one picture less than a mini-GOP early). No transition shifts a
//! timeline, so lag cannot add up.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use genlock_feed::{Feed, FeedWriter, Joint};
use genlock_media::{EventTime, TrackConfig};

use crate::audio::AudioGrid;
use crate::audio_source::{AudioSource, Sound};
use crate::automation::Automation;
use crate::camera::{Camera, CameraId, Priority, Roster};
use crate::cut::{Command, Incoming, OnAir, Request};
use crate::delay::Delay;
use crate::error::{CutFailure, TakeError, UndoError};
use crate::event::{Cut, CutId, ProgramEvent, ProgramStatus, Settled, Undone};
use crate::failover::FailoverPolicy;
use crate::hand_over::Seam;
use crate::splicer::Edge;
use crate::style::{CutStyle, StylePolicy};
use crate::turn::Turns;

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
    /// How takes become cuts.
    pub styles: StylePolicy,
}

impl Default for ProgramConfig {
    fn default() -> Self {
        Self {
            failover: FailoverPolicy::default(),
            hold_back: Duration::from_millis(1_500),
            cut_timeout: Duration::from_secs(15),
            styles: StylePolicy::default(),
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
    pub(crate) roster: Roster,
    pub(crate) on_air: Option<OnAir>,
    pub(crate) incoming: Option<Incoming>,
    pub(crate) seam: Option<Seam>,
    pub(crate) queued: Option<Command>,
    /// How far the video has come.
    pub(crate) edge: Option<Edge>,
    /// Configuration of the newest video sample.
    pub(crate) video: Option<Arc<TrackConfig>>,
    pub(crate) grid: AudioGrid,
    pub(crate) sound: Sound,
    /// The next access unit is the first of another source.
    pub(crate) joining: bool,
    /// Where the sound may change its configuration.
    pub(crate) turns: Turns,
    pub(crate) automation: Automation,
    pub(crate) events: VecDeque<ProgramEvent>,
    /// Of the cut whose sound has not passed the seam.
    pub(crate) unsettled: Option<Settled>,
    pub(crate) delay: Delay,
    /// How the next picture follows the last.
    pub(crate) joint: Joint,
    next_cut: u64,
    pub(crate) cuts: u64,
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
        let styles = config.styles.normalised();
        Self {
            config: ProgramConfig { styles, ..config },
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
            sound: Sound::default(),
            joining: false,
            turns: Turns::default(),
            automation: Automation::default(),
            events: VecDeque::new(),
            unsettled: None,
            delay: Delay::new(styles.lookahead),
            joint: Joint::Continues,
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
        self.automation.intent.take_if(|intent| intent == id);
        if self.sound.source() == AudioSource::Camera(id.clone()) {
            self.follow_audio();
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

    /// Changes how takes become cuts, from the next one on, and from `now` on how far the programme runs
    /// behind. Running further behind than before, it goes at half speed for twice the difference.
    pub fn set_style_policy(&mut self, now: EventTime, policy: StylePolicy) {
        self.config.styles = policy.normalised();
        self.delay.change(now, self.config.styles.lookahead);
    }

    /// Plans a cut to `camera` and answers at once; [`ProgramEvent`]s tell what becomes of it. Without a
    /// style it has the event's ([`StylePolicy::style`]).
    ///
    /// # Errors
    /// When the camera cannot be cut to, or is on air already.
    pub fn take(
        &mut self,
        now: EventTime,
        camera: &CameraId,
        style: Option<CutStyle>,
    ) -> Result<Cut, TakeError> {
        let style = style.unwrap_or(self.config.styles.style);
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
            self.automation.intent = Some(camera.clone());
            return Err(TakeError::AlreadyOnAir(camera.clone()));
        }
        if status.video.is_none() {
            return Err(TakeError::NoVideo(camera.clone()));
        }
        self.withdraw_command();
        let command =
            Command { id: CutId(self.next_cut), to: camera.clone(), style, planned_at: now };
        self.next_cut += 1;
        let from = self.settled_on().filter(|from| !from.is_slate()).cloned();
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

    /// Withdraws the newest take of which no viewer can have seen anything.
    ///
    /// # Errors
    /// When there is none.
    pub fn undo(&mut self) -> Result<Undone, UndoError> {
        let (id, to) = self.withdraw_newest().ok_or(UndoError::NothingToUndo)?;
        self.events.push_back(ProgramEvent::CutUndone { id });
        Ok(Undone { id, to, stays: self.settled_on().filter(|camera| !camera.is_slate()).cloned() })
    }

    /// The next thing that happened.
    pub fn poll_event(&mut self) -> Option<ProgramEvent> {
        self.events.pop_front()
    }

    /// The state at `now`.
    #[must_use]
    pub fn status(&self, now: EventTime) -> ProgramStatus {
        ProgramStatus {
            intent: self.automation.intent.clone(),
            active: self.on_air_camera().cloned(),
            slate: self.is_slate_on(),
            lock: self.automation.lock,
            since: self.on_air.as_ref().map(|on_air| on_air.since),
            lost: self.lost(now).map(|lost| lost.why),
            audio_source: self.sound.source(),
            heard: self.heard().cloned(),
            pending: self.incoming.as_ref().map(Incoming::describe),
            cuts: self.cuts,
            policy: self.config.styles,
        }
    }

    /// Which Feeds to wake up for.
    #[must_use]
    pub fn watched(&self, now: EventTime) -> Watched {
        if self.on_air_camera().is_none() || self.lost(now).is_some() {
            return Watched::All;
        }
        let on_air = self.on_air.as_ref().map(|on_air| &on_air.source);
        let incoming = self.incoming.as_ref().map(|incoming| &incoming.source);
        let tail = self.seam.as_ref().and_then(|seam| seam.tail.as_ref());
        let sources = on_air.into_iter().chain(incoming).chain(tail);
        let mut read: Vec<_> = sources.map(|source| &source.camera).collect();
        read.extend(self.revert_to());
        if let Some(fixed) = self.sound.fixed() {
            let Some(heard) = fixed.watched() else { return Watched::All };
            read.extend(heard);
        }
        Watched::Only(read.into_iter().cloned().collect())
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
}
