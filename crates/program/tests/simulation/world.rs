//! Virtual time: cameras, the programme's core and an operator, stepped from event to event.

use std::collections::HashMap;

use genlock_feed::{Feed, FeedLimits, FeedReader, Joint, Read, Start};
use genlock_media::{EventTime, Sample, TrackKind};
use genlock_program::{
    AudioSource, AudioSourceError, CameraId, Cut, CutId, CutStyle, Discontinuity, Priority,
    ProgramConfig, ProgramCore, ProgramEvent, ProgramStatus, TakeError, Watched,
};

use crate::camera::{Profile, Tag, VirtualCamera};
use crate::rng::Rng;

/// A sample that left the programme.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    pub(crate) at: i64,
    pub(crate) joint: Joint,
    pub(crate) sample: Sample,
}

/// A take and what became of it.
#[derive(Debug, Clone)]
pub(crate) struct Command {
    pub(crate) cut: Cut,
    pub(crate) ended: Option<(i64, ProgramEvent)>,
}

/// Everything that happened.
#[derive(Debug, Default)]
pub(crate) struct Record {
    pub(crate) outputs: Vec<Output>,
    /// How many came before the first of them.
    pub(crate) forgotten: usize,
    pub(crate) events: Vec<(i64, ProgramEvent)>,
    pub(crate) commands: HashMap<CutId, Command>,
    pub(crate) ended_twice: Vec<CutId>,
    pub(crate) refused: u64,
    /// Spans in which a cut was planned or under way.
    pub(crate) busy: Vec<(i64, i64)>,
}

/// The simulated event.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) cameras: Vec<VirtualCamera>,
    pub(crate) core: ProgramCore,
    pub(crate) record: Record,
    reader: FeedReader,
    pub(crate) now: i64,
    deadline: Option<i64>,
    watched: Watched,
    busy_since: Option<i64>,
    /// The sound has always followed the picture.
    pub(crate) followed: bool,
    /// Takes that became cuts.
    pub(crate) cuts: u64,
    /// Until when the programme's task does not run.
    suspended_until: i64,
}

impl World {
    /// Cameras that connect one after the other within a few seconds.
    pub(crate) fn new(profiles: Vec<Profile>, rng: &mut Rng) -> Self {
        let starts = profiles.iter().map(|_| 1_000_000 + rng.between(0, 3_000_000)).collect();
        Self::starting_at(profiles, starts, rng.next())
    }

    /// Cameras in failover order that connect at `starts`.
    pub(crate) fn starting_at(profiles: Vec<Profile>, starts: Vec<i64>, seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let output = Feed::new(FeedLimits::default());
        let reader = output.reader(Start::Next);
        let start = EventTime::ZERO;
        let mut core = ProgramCore::new(ProgramConfig::default(), &output, start);
        let mut cameras = Vec::new();
        for ((number, profile), starts_at) in (0..).zip(profiles).zip(starts) {
            let camera = VirtualCamera::new(number, profile, rng.next(), starts_at);
            let id = CameraId::from(camera.name());
            core.add_camera(id, camera.feed.clone(), Priority(u32::from(number)));
            cameras.push(camera);
        }
        Self {
            cameras,
            core,
            record: Record::default(),
            reader,
            now: 0,
            deadline: None,
            watched: Watched::All,
            busy_since: None,
            followed: true,
            cuts: 0,
            suspended_until: 0,
        }
    }

    /// Takes a camera from the event and makes it the slate.
    pub(crate) fn use_as_slate(&mut self, camera: usize) {
        let slate = &self.cameras[camera];
        self.core.remove_camera(&slate.name().as_str().into());
        self.core.set_slate(Some(slate.feed.clone()));
    }

    pub(crate) fn set_audio_source(
        &mut self,
        source: &AudioSource,
    ) -> Result<Discontinuity, AudioSourceError> {
        let answer = self.core.set_audio_source(EventTime::from_micros(self.now), source);
        self.followed &= answer.is_err();
        self.advance();
        answer
    }

    /// Runs until `until`.
    pub(crate) fn run_until(&mut self, until: i64) {
        loop {
            let (next_at, next) = self
                .cameras
                .iter_mut()
                .map(VirtualCamera::next_at)
                .zip(0..)
                .min()
                .expect("there are cameras");
            let deadline = self.deadline.unwrap_or(i64::MAX).max(self.suspended_until);
            if next_at.min(deadline) > until {
                self.now = until;
                return;
            }
            if deadline < next_at {
                self.now = deadline;
                self.advance();
                continue;
            }
            self.now = next_at;
            let camera: &mut VirtualCamera = &mut self.cameras[next];
            camera.step(next_at);
            if self.is_watched(next) && self.now >= self.suspended_until {
                self.advance();
            }
        }
    }

    /// A clean take.
    pub(crate) fn take(&mut self, camera: usize) -> Result<Cut, TakeError> {
        self.take_with(camera, CutStyle::Clean)
    }

    pub(crate) fn take_with(&mut self, camera: usize, style: CutStyle) -> Result<Cut, TakeError> {
        let id = CameraId::from(self.cameras[camera].name());
        let now = EventTime::from_micros(self.now);
        let answer = self.core.take(now, &id, Some(style));
        match &answer {
            Ok(cut) => {
                let command = Command { cut: cut.clone(), ended: None };
                self.record.commands.insert(cut.id, command);
            }
            Err(_) => self.record.refused += 1,
        }
        self.advance();
        answer
    }

    /// What happened from `from` on, without the plans and the ledger.
    pub(crate) fn events_since(&self, from: i64) -> Vec<ProgramEvent> {
        let events = self.record.events.iter().filter(|(at, _)| *at >= from);
        let told = |event: &&ProgramEvent| {
            !matches!(event, ProgramEvent::CutPlanned(_) | ProgramEvent::CutSettled(_))
        };
        events.map(|(_, event)| event).filter(told).cloned().collect()
    }

    pub(crate) fn status(&self) -> ProgramStatus {
        self.core.status(EventTime::from_micros(self.now))
    }

    /// Name of the camera on air.
    pub(crate) fn active(&self) -> Option<String> {
        self.status().active.map(|camera| camera.as_str().to_owned())
    }

    /// Latest presentation time that has left, in ticks.
    pub(crate) fn edge(&self) -> i64 {
        let outputs = self.record.outputs.iter().map(|output| &output.sample);
        let video = outputs.filter(|sample| sample.kind() == TrackKind::Video);
        video.map(Sample::pts).max().unwrap_or(i64::MIN)
    }

    /// The programme's task gets no time for `span` microseconds, while the world goes on: the machine
    /// was asleep or starved, or its clock jumped ahead.
    pub(crate) fn suspend_for(&mut self, span: i64) {
        self.suspended_until = self.now + span;
        self.deadline = Some(self.suspended_until);
    }

    /// Drops what is recorded from before the newest stretch of video, so that a long run needs little
    /// memory. What is kept starts with a sync sample, as a check of it expects.
    pub(crate) fn forget(&mut self) {
        let outputs = &mut self.record.outputs;
        let camera_of = |output: &Output| {
            let video = output.sample.kind() == TrackKind::Video;
            Tag::read(&output.sample.payload).filter(|_| video).map(|tag| tag.camera)
        };
        let Some(newest) = outputs.iter().rev().find_map(camera_of) else { return };
        let other = |output: &Output| camera_of(output).is_some_and(|camera| camera != newest);
        let Some(last_other) = outputs.iter().rposition(other) else { return };
        let is_first = |output: &Output| camera_of(output) == Some(newest);
        let Some(first) = outputs.iter().skip(last_other).position(is_first) else { return };
        self.record.forgotten += outputs.drain(..last_other + first).count();
        let from = outputs.first().map_or(0, |output| output.at) - 10_000_000;
        self.record.events.retain(|(at, _)| *at >= from);
        self.record.busy.retain(|(_, until)| *until >= from);
        self.record.commands.retain(|_, command| command.ended.is_none());
        for camera in &mut self.cameras {
            camera.forget_before(from);
        }
    }

    fn is_watched(&self, camera: usize) -> bool {
        self.watched.includes(&self.cameras[camera].id)
    }

    pub(crate) fn advance(&mut self) {
        let now = EventTime::from_micros(self.now);
        self.deadline = self.core.advance(now).map(EventTime::as_micros);
        self.watched = self.core.watched(now);
        while let Some(event) = self.core.poll_event() {
            self.note(event);
        }
        while let Some(Read::Entry(entry)) = self.reader.try_next() {
            self.record.outputs.push(Output {
                at: self.now,
                joint: entry.joint,
                sample: entry.sample,
            });
        }
        let busy = self.core.status(now).pending.is_some();
        match (busy, self.busy_since) {
            (true, None) => self.busy_since = Some(self.now),
            (false, Some(since)) => {
                self.record.busy.push((since, self.now));
                self.busy_since = None;
            }
            _ => {}
        }
    }

    fn note(&mut self, event: ProgramEvent) {
        let ended = match &event {
            ProgramEvent::CutCommitted { id, .. }
            | ProgramEvent::CutSuperseded { id }
            | ProgramEvent::CutUndone { id }
            | ProgramEvent::CutFailed { id, .. } => Some(*id),
            _ => None,
        };
        self.cuts += u64::from(matches!(event, ProgramEvent::CutCommitted { .. }));
        if let Some(id) = ended {
            let command = self.record.commands.get_mut(&id);
            match command {
                Some(command) if command.ended.is_none() => {
                    command.ended = Some((self.now, event.clone()));
                }
                _ => self.record.ended_twice.push(id),
            }
        }
        self.record.events.push((self.now, event));
    }
}
