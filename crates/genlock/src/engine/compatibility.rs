//! How well cameras fit the programme and each other, and what differs as issues of their health.
//!
//! Configurations come from the Feeds, as the planner reads them; what timestamps show comes from the
//! cameras' monitors. Nothing is kept: what flickers is settled where it is measured.

use genlock_control_api::live::{
    Compatibility, Difference, Issue, Pairing, Severity, Track, Verdict,
};
use genlock_feed::FeedStatus;
use genlock_ingest::CameraHealth;
use genlock_ingest::monitor::GOP_LONG_DEFAULT;
use genlock_media::{EventTime, TrackKind};
use genlock_program::compatibility::{self as program, Cadence, Field, StreamView};
use genlock_program::{AudioSource, ProgramStatus};
use genlock_store::EventId;

use super::Engine;
use super::camera::LiveCamera;
use super::event::LiveEvent;
use super::wall::WallClock;
use super::words::{program_id, told_cost};

/// What a camera or the programme sends, with what [`StreamView`] borrows from.
struct Stream {
    feed: FeedStatus,
    cadence: Cadence,
    /// Its sound follows its picture; under a fixed source a cut does not touch the sound.
    heard: bool,
}

impl Stream {
    fn of_camera(camera: &LiveCamera, health: &CameraHealth, sound: &AudioSource) -> Self {
        let heard = *sound == AudioSource::Follow;
        Self { feed: camera.feed().status(), cadence: cadence(health), heard }
    }

    /// The programme's configuration, with the cadence of the camera on air.
    fn of_program(event: &LiveEvent, on_air: Option<&CameraHealth>) -> Self {
        let cadence = on_air.map(cadence).unwrap_or_default();
        Self { feed: event.output().status(), cadence, heard: true }
    }

    fn view(&self) -> StreamView<'_> {
        StreamView {
            live: self.feed.live,
            video: self.feed.video.as_deref(),
            audio: self.feed.audio.as_deref().filter(|_| self.heard),
            cadence: self.cadence,
        }
    }
}

/// A camera beside the programme.
pub(super) struct Fit {
    found: program::Compatibility,
    /// When the later of the two began to be what it is; `None` where a difference is no issue, because
    /// nothing is on air or the camera itself is.
    since: Option<EventTime>,
}

impl Engine {
    /// How well a camera with that health fits the programme now.
    pub(super) fn fit(&self, event: &LiveEvent, camera: &LiveCamera, health: &CameraHealth) -> Fit {
        let status = event.program().status();
        let on_air = on_air(event, &status);
        let on_air_health = on_air.as_ref().map(|camera| camera.health(self.clock.now()));
        let before = Stream::of_program(event, on_air_health.as_ref());
        let after = Stream::of_camera(camera, health, &status.audio_source);
        let found = program::compare(&before.view(), &after.view(), GOP_LONG_DEFAULT);
        let since = on_air_health
            .filter(|_| on_air.is_some_and(|on_air| on_air.id() != camera.id()))
            .filter(|_| found.obstacle.is_none())
            .map(|on_air| began(health).max(began(&on_air)).max(status.since.unwrap_or_default()));
        Fit { found, since }
    }

    /// Each ordered pair of live cameras.
    pub(super) fn pairs(&self, event: &EventId) -> Vec<Pairing> {
        let Some(event) = self.event(event) else { return Vec::new() };
        let (now, sound) = (self.clock.now(), event.program().status().audio_source);
        let described = event.cameras().into_iter().map(|camera| {
            let stream = Stream::of_camera(&camera, &camera.health(now), &sound);
            (camera.id().clone(), stream)
        });
        let streams: Vec<_> = described.filter(|(_, stream)| stream.feed.live).collect();
        let mut pairs = Vec::new();
        for (from, before) in &streams {
            for (to, after) in streams.iter().filter(|(to, _)| to != from) {
                let found = program::compare(&before.view(), &after.view(), GOP_LONG_DEFAULT);
                let compatibility = describe(&found);
                pairs.push(Pairing { from: from.clone(), to: to.clone(), compatibility });
            }
        }
        pairs
    }
}

impl Fit {
    /// For the API.
    pub(super) fn compatibility(&self) -> Compatibility {
        describe(&self.found)
    }

    /// What differs from the camera on air. A GOP that is too long by itself is told by the monitor.
    pub(super) fn issues(&self, wall: WallClock) -> Vec<Issue> {
        let Some(since) = self.since else { return Vec::new() };
        let too_long = |difference: &program::Difference| {
            difference.field == Field::Gop && self.found.gop_too_long
        };
        let differences = self.found.differences.iter().filter(|found| !too_long(found));
        differences
            .map(|difference| Issue {
                kind: difference.field.issue_type(),
                severity: severity(difference.field.severity()),
                sentence: difference.sentence(),
                setting: difference.setting.clone(),
                since: wall.timestamp(since),
            })
            .collect()
    }
}

fn on_air(event: &LiveEvent, status: &ProgramStatus) -> Option<std::sync::Arc<LiveCamera>> {
    let active = status.active.as_ref()?;
    event.cameras().into_iter().find(|camera| program_id(camera.id()) == *active)
}

fn cadence(health: &CameraHealth) -> Cadence {
    health.video.as_ref().map_or_else(Cadence::default, |video| Cadence {
        frames_per_second: video.frame_rate,
        reorder_frames: video.reorder_frames,
        gop: video.gop_recent_max,
    })
}

/// When a camera began to send what it sends.
fn began(health: &CameraHealth) -> EventTime {
    let video = health.video.as_ref().map(|video| video.since);
    let audio = health.audio.as_ref().map(|audio| audio.since);
    video.max(audio).max(health.since).unwrap_or_default()
}

fn describe(found: &program::Compatibility) -> Compatibility {
    Compatibility {
        verdict: match found.verdict {
            program::Verdict::Seamless => Verdict::Seamless,
            program::Verdict::Discontinuity => Verdict::Discontinuity,
            program::Verdict::AudioChange => Verdict::AudioChange,
            program::Verdict::NotPossible => Verdict::NotPossible,
        },
        obstacle: found.obstacle.map(program::Obstacle::sentence),
        discontinuity: told_cost(found.discontinuity),
        differences: found.differences.iter().map(describe_difference).collect(),
        lost_in_ts: found
            .lost_in_ts
            .iter()
            .map(|kind| match kind {
                TrackKind::Video => Track::Video,
                TrackKind::Audio => Track::Audio,
            })
            .collect(),
    }
}

fn describe_difference(difference: &program::Difference) -> Difference {
    Difference {
        field: difference.field.as_str(),
        severity: severity(difference.field.severity()),
        cost: told_cost(difference.cost),
        expected: difference.expected.clone(),
        got: difference.got.clone(),
        meaning: difference.field.meaning(),
        setting: difference.setting.clone(),
    }
}

const fn severity(severity: program::Severity) -> Severity {
    match severity {
        program::Severity::Info => Severity::Info,
        program::Severity::Warning => Severity::Warning,
        program::Severity::Error => Severity::Error,
    }
}
