//! A switched programme: whatever cameras do and operators ask for, its pictures and its sound go forward, begin with
//! sync samples, and every take ends once.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use genlock_feed::{Feed, FeedLimits, FeedReader, FeedWriter, Joint, Read, Start};
use genlock_media::{EventTime, MediaTime, Sample, Timescale, TrackConfig, TrackKind};
use genlock_packager::{Packager, PackagerConfig, Splice};
use genlock_program::{
    AudioSource, CameraId, CutId, CutStyle, FailoverPolicy, FlapLimit, Priority, ProgramConfig,
    ProgramCore, ProgramEvent, Revert, StylePolicy,
};

use crate::choices::Choices;
use crate::testing;
use crate::viewer::Viewer;

/// Most of the event's time that one input takes.
const TIME_MAX: Duration = Duration::from_secs(20);
/// How long a take may be under way: above the programme's own timeout.
const TAKE_MAX: Duration = Duration::from_secs(20);
const STEP: Duration = Duration::from_millis(20);
/// How often the playlists are looked at, which is most of the work.
const LOOK_EVERY: Duration = Duration::from_secs(2);
const CAMERAS: u8 = 4;

/// `operations`.
pub(crate) fn run(input: &[u8]) {
    let mut choices = Choices::new(input);
    let mut show = Show::new();
    let end = EventTime::ZERO + TIME_MAX;
    while !choices.is_empty() && show.now < end {
        show.operate(&mut choices);
    }
    let end = show.now + TAKE_MAX;
    while !show.waiting.is_empty() && show.now < end {
        show.let_pass(STEP);
    }
    assert!(show.waiting.is_empty(), "takes that never ended: {:?}", show.waiting);
}

/// An encoder and its line.
struct Camera {
    number: u8,
    feed: Feed,
    writer: Option<FeedWriter>,
    video: Arc<TrackConfig>,
    audio: Arc<TrackConfig>,
    /// Ticks of 90 kHz between pictures.
    frame: i64,
    /// Pictures from one sync sample to the next.
    gop: u32,
    in_gop: u32,
    next_picture: i64,
    next_sound: i64,
    /// What it sends is kept back.
    stalled: bool,
}

impl Camera {
    fn new(number: u8) -> Self {
        Self {
            number,
            feed: Feed::new(FeedLimits::default()),
            writer: None,
            video: testing::video_config(number),
            audio: testing::audio_config(number == 3),
            frame: [3_000, 3_600, 3_003, 1_500][usize::from(number % 4)],
            gop: [30, 50, 60, 120][usize::from(number % 4)],
            in_gop: 0,
            next_picture: 0,
            next_sound: 0,
            stalled: false,
        }
    }

    fn id(&self) -> CameraId {
        CameraId::new(self.number.to_string())
    }

    fn connect(&mut self, now: EventTime) {
        self.writer = Some(self.feed.open(now));
        self.in_gop = 0;
        let at = MediaTime::new(now.as_micros(), Timescale::new(1_000_000).expect("not zero"));
        self.next_picture = self.next_picture.max(at.rescale(Timescale::VIDEO).ticks);
        self.next_sound = self.next_sound.max(at.rescale(self.audio.timescale()).ticks);
    }

    /// Sends what has been encoded by `now`.
    fn send(&mut self, now: EventTime) {
        let Some(writer) = self.writer.as_mut().filter(|_| !self.stalled) else { return };
        let is_due = |dts, scale| MediaTime::new(dts, scale).to_event() <= now;
        while is_due(self.next_picture, Timescale::VIDEO) {
            let sync = self.in_gop == 0;
            let picture = testing::picture_of(&self.video, self.next_picture, sync, self.number);
            writer.push(now, picture).expect("nobody else writes");
            self.in_gop = (self.in_gop + 1) % self.gop;
            self.next_picture += self.frame;
        }
        while is_due(self.next_sound, self.audio.timescale()) {
            let sound = testing::sound_of(&self.audio, self.next_sound, self.number);
            writer.push(now, sound).expect("nobody else writes");
            self.next_sound += 1024;
        }
    }
}

/// The event as it goes on.
struct Show {
    now: EventTime,
    cameras: Vec<Camera>,
    core: ProgramCore,
    output: FeedReader,
    packager: Packager,
    viewer: Viewer,
    seen: Seen,
    /// Takes that have not ended.
    waiting: BTreeSet<CutId>,
    deadline: Option<EventTime>,
    looked: EventTime,
}

/// What has left the programme.
#[derive(Default)]
struct Seen {
    picture: Option<(i64, u8)>,
    sound: Option<i64>,
}

impl Show {
    fn new() -> Self {
        let output = Feed::new(FeedLimits::default());
        let reader = output.reader(Start::Next);
        let mut core = ProgramCore::new(ProgramConfig::default(), &output, EventTime::ZERO);
        let cameras: Vec<_> = (0..CAMERAS).map(Camera::new).collect();
        for camera in &cameras {
            core.add_camera(camera.id(), camera.feed.clone(), Priority(camera.number.into()));
        }
        Self {
            now: EventTime::ZERO,
            cameras,
            core,
            output: reader,
            packager: Packager::new(PackagerConfig::new("p", 0, 0), EventTime::ZERO),
            viewer: Viewer::default(),
            seen: Seen::default(),
            waiting: BTreeSet::new(),
            deadline: None,
            looked: EventTime::ZERO,
        }
    }

    fn operate(&mut self, choices: &mut Choices<'_>) {
        let operation = choices.below(20);
        let which = choices.below(CAMERAS.into());
        let now = self.now;
        let id = self.cameras[which].id();
        match operation {
            0 | 1 => self.cameras[which].connect(now),
            2 => drop(self.cameras[which].writer.take()),
            3 => self.cameras[which].stalled ^= true,
            4..=6 => self.take(&id, choices),
            7 => drop(self.core.undo()),
            8 => drop(self.core.set_audio_source(now, &AudioSource::Camera(id))),
            9 => drop(self.core.set_audio_source(now, &AudioSource::Follow)),
            10 => self.core.lock(),
            11 => self.core.unlock(),
            12 => drop(self.core.remove_camera(&id)),
            13 => {
                let feed = self.cameras[which].feed.clone();
                self.core.add_camera(id, feed, Priority(choices.u8().into()));
            }
            14 => self.core.set_style_policy(now, style_policy(choices)),
            15 => self.core.set_failover(failover_policy(choices)),
            16 => {
                let feed = self.cameras[which].feed.clone();
                self.core.set_slate((choices.below(2) == 0).then_some(feed));
            }
            17 => self.core.restore_intent(id),
            18 => self.cameras[which].video = testing::video_config(choices.u8()),
            _ => {}
        }
        self.advance();
        self.let_pass(Duration::from_millis(u64::from(choices.u8()) * 10));
    }

    fn take(&mut self, camera: &CameraId, choices: &mut Choices<'_>) {
        let style = choices.pick(&[
            None,
            Some(CutStyle::Clean),
            Some(CutStyle::Instant),
            Some(CutStyle::Lookahead),
            Some(CutStyle::Auto),
        ]);
        if let Ok(cut) = self.core.take(self.now, camera, style) {
            assert!(self.waiting.insert(cut.id), "{:?} was given twice", cut.id);
        }
    }

    /// Lets the cameras send and the programme act for so long.
    fn let_pass(&mut self, span: Duration) {
        let end = self.now + span;
        while self.now < end {
            self.now = (self.now + STEP).min(end);
            for camera in &mut self.cameras {
                camera.send(self.now);
            }
            self.advance();
        }
    }

    fn advance(&mut self) {
        self.deadline = self.core.advance(self.now);
        assert!(
            self.deadline.is_none_or(|at| at > self.now),
            "it asks to be called at once, for ever"
        );
        while let Some(event) = self.core.poll_event() {
            let (ProgramEvent::CutCommitted { id: ended, .. }
            | ProgramEvent::CutSuperseded { id: ended }
            | ProgramEvent::CutUndone { id: ended }
            | ProgramEvent::CutFailed { id: ended, .. }) = event
            else {
                continue;
            };
            assert!(self.waiting.remove(&ended), "{ended:?} ended twice");
        }
        while let Some(read) = self.output.try_next() {
            let Read::Entry(entry) = read else { continue };
            self.seen.check(&entry.sample);
            match entry.joint {
                Joint::Continues => self.packager.push(self.now, entry.sample),
                Joint::Splice { settled, sound } => {
                    let splice = Splice { settled, sound };
                    self.packager.splice(self.now, entry.sample, splice);
                }
            }
        }
        self.packager.handle_timeout(self.now);
        if self.now.saturating_since(self.looked) >= LOOK_EVERY {
            self.looked = self.now;
            self.viewer.look(&self.packager.snapshot());
        }
    }
}

impl Seen {
    fn check(&mut self, sample: &Sample) {
        match sample.kind() {
            TrackKind::Video => {
                let camera = sample.payload.last().copied().unwrap_or_default();
                if let Some((dts, before)) = self.picture {
                    assert!(sample.dts > dts, "pictures go from {dts} to {}", sample.dts);
                    assert!(camera == before || sample.is_video_sync(), "cut to no sync sample");
                } else {
                    assert!(sample.is_video_sync(), "the first picture is no sync sample");
                }
                self.picture = Some((sample.dts, camera));
            }
            TrackKind::Audio => {
                let begin = sample.dts_time().to_event().as_micros();
                let length = MediaTime::new(1024, sample.timescale()).to_event().as_micros();
                // Rates differ: the grid of another one begins within an access unit of where the old one ends.
                assert!(self.sound.is_none_or(|end| begin >= end - length - 1), "sound goes back");
                self.sound = Some(begin + length);
            }
        }
    }
}

fn style_policy(choices: &mut Choices<'_>) -> StylePolicy {
    StylePolicy {
        style: choices.pick(&CutStyle::ALL),
        auto_wait: Duration::from_millis(choices.u16().into()),
        lookahead: Duration::from_millis(u64::from(choices.u8()) * 50),
    }
}

fn failover_policy(choices: &mut Choices<'_>) -> FailoverPolicy {
    let millis = |choices: &mut Choices<'_>| Duration::from_millis(u64::from(choices.u8()) * 20);
    FailoverPolicy {
        silence_max: millis(choices),
        grace: millis(choices),
        on_air_min: millis(choices),
        slate_after: millis(choices),
        flaps: (choices.below(2) == 0)
            .then(|| FlapLimit { changes: choices.u8().into(), window: millis(choices) }),
        revert: match choices.below(2) {
            0 => Revert::Stay,
            _ => Revert::After(millis(choices)),
        },
        ..FailoverPolicy::default()
    }
}
