//! What the monitor says about a session.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use genlock_ingest::health::{CameraHealth, CameraState};
use genlock_ingest::intake::Intake;
use genlock_ingest::issue::{Issue, IssueType};
use genlock_ingest::monitor::CameraMonitor;
use genlock_media::EventTime;
use genlock_rtmp::flv::{AudioCodecId, AudioPacket, VideoCodecId};

use crate::fixtures::*;

const PEER: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A camera of 25 fps with an audio access unit beside each picture; tests bend it.
struct Session {
    monitor: Arc<CameraMonitor>,
    intake: Intake,
    /// Pictures between two sync samples.
    gop: u32,
    millis: u32,
}

impl Session {
    fn new(gop: u32) -> Self {
        Self::with_audio(gop, ASC)
    }

    fn with_audio(gop: u32, asc: &str) -> Self {
        let monitor = Arc::new(CameraMonitor::default());
        let mut intake = Intake::new(EventTime::ZERO, 0, monitor.open(PEER));
        let now = EventTime::ZERO;
        intake.video(now, 0, &video_header(VideoCodecId::Avc, AVCC)).expect("a real record");
        intake.audio(now, 0, &audio_header(AudioCodecId::Aac, asc)).expect("a real record");
        Self { monitor, intake, gop, millis: 0 }
    }

    fn picture(&mut self, arrives: u32, units: &[&[u8]]) {
        let filler = vec![AVC_B[0]; 200];
        let units = [units, &[filler.as_slice()]].concat();
        let tag = picture(VideoCodecId::Avc, 0, &units);
        self.intake.video(at(arrives), self.millis, &tag).expect("a picture");
    }

    fn sound(&mut self, arrives: u32) {
        let body = Bytes::from(vec![0x21; 300]);
        let tag = audio_tag(AudioCodecId::Aac, AudioPacket::CodedFrames, body);
        self.intake.audio(at(arrives), self.millis, &tag).expect("a sound");
    }

    fn usual(&self) -> &'static [u8] {
        if (self.millis / 40).is_multiple_of(self.gop) { AVC_IDR } else { AVC_P }
    }

    /// `seconds` of which `each` makes every fortieth millisecond.
    fn run(&mut self, seconds: u32, mut each: impl FnMut(&mut Self)) -> CameraHealth {
        let end = self.millis + seconds * 1000;
        while self.millis < end {
            each(self);
            while self.intake.poll_sample().is_some() {}
            while self.intake.poll_notice().is_some() {}
            self.millis += 40;
        }
        self.monitor.health(at(end))
    }

    fn healthy(&mut self, seconds: u32) -> CameraHealth {
        self.run(seconds, |session| {
            let slice = session.usual();
            session.picture(session.millis, &[slice]);
            session.sound(session.millis);
        })
    }
}

fn at(millis: u32) -> EventTime {
    EventTime::from_millis(i64::from(millis))
}

/// The issues, without that of the fixture's pixel format.
fn kinds(health: &CameraHealth) -> Vec<IssueType> {
    let kinds = health.issues.iter().map(|issue| issue.kind);
    kinds.filter(|kind| *kind != IssueType::VideoPixelFormat).collect()
}

#[track_caller]
fn issue(health: &CameraHealth, kind: IssueType) -> Issue {
    let found = health.issues.iter().find(|issue| issue.kind == kind);
    found.unwrap_or_else(|| panic!("no {kind:?} in {:#?}", health.issues)).clone()
}

#[test]
fn rates_sizes_and_codecs_are_measured() {
    let health = Session::new(50).healthy(20);
    let video = health.video.as_ref().expect("video");
    assert_eq!((video.width, video.height), (64, 64));
    assert!((video.frames_per_second - 25.0).abs() < 0.01, "{}", video.frames_per_second);
    assert!((video.frame_rate.expect("settled") - 25.0).abs() < 0.01);
    assert_eq!(video.bits_per_second, 25 * 213 * 8);
    assert_eq!((video.gop, video.reorder_frames), (Some(Duration::from_secs(2)), Some(0)));
    assert_eq!(health.audio.as_ref().expect("audio").sample_rate, 48_000);
    assert_eq!(kinds(&health), []);
}

#[test]
fn a_gop_that_makes_cuts_wait_is_told_until_it_has_been_short_for_a_while() {
    let mut session = Session::new(208);
    let health = session.healthy(20);
    let told = issue(&health, IssueType::GopSizeLong);
    assert!(told.sentence.starts_with("Key frames are 8.3 s apart. Clean cuts"), "{told:?}");
    let remedy = "Settings > Output > Streaming > Keyframe Interval: 2 s";
    assert_eq!(told.kind.about().setting, remedy);
    assert!(told.since > at(4_000) && told.since < at(6_000), "while it is still open: {told:?}");
    session.gop = 50;
    assert_eq!(kinds(&session.healthy(20)), [IssueType::GopSizeLong], "one good group is no cure");
    assert_eq!(kinds(&session.healthy(30)), []);
}

#[test]
fn a_gop_of_exactly_what_is_wanted_is_no_issue() {
    assert_eq!(kinds(&Session::new(100).healthy(30)), []);
}

#[test]
fn very_short_gops_are_told() {
    assert_eq!(kinds(&Session::new(1).healthy(20)), [IssueType::GopSizeShort]);
}

#[test]
fn the_gop_of_an_open_kind_is_told() {
    /// A recovery point and the I-picture of an open GOP, as x264 writes them.
    const RECOVERY: &[u8] = &[0x06, 0x06, 0x01, 0xc4, 0x80];
    const OPEN_I: &[u8] = &[0x41, 0x88, 0xd3, 0xcf];
    let health = Session::new(50).run(10, |session| {
        let later = session.usual() == AVC_IDR && session.millis > 0;
        let slice = session.usual();
        if later {
            session
                .intake
                .video(
                    at(session.millis),
                    session.millis,
                    &picture(VideoCodecId::Avc, 0, &[RECOVERY, OPEN_I]),
                )
                .expect("a picture");
        } else {
            session.picture(session.millis, &[slice]);
        }
        session.sound(session.millis);
    });
    assert_eq!(kinds(&health), [IssueType::OpenGop, IssueType::GopSizeLong]);
}

#[test]
fn lost_pictures_are_told_while_they_last() {
    let mut session = Session::new(50);
    assert_eq!(kinds(&session.healthy(20)), []);
    let health = session.run(10, |session| {
        let slice = session.usual();
        if session.millis / 40 % 3 != 1 || slice == AVC_IDR {
            session.picture(session.millis, &[slice]);
        }
        session.sound(session.millis);
    });
    assert_eq!(kinds(&health), [IssueType::VideoIngestionStarved]);
    let sentence = issue(&health, IssueType::VideoIngestionStarved).sentence;
    assert!(sentence.starts_with("17 of 25 pictures a second arrive."), "{sentence}");
    assert_eq!(kinds(&session.healthy(20)), []);
}

#[test]
fn an_open_session_without_any_picture_or_sound_is_told_although_nothing_comes() {
    let mut session = Session::new(50);
    session.healthy(20);
    for late in 20..25 {
        let _ = session.monitor.health(at(late * 1000));
    }
    let told = kinds(&session.monitor.health(at(26_000)));
    for kind in
        [IssueType::VideoIngestionStarved, IssueType::NoVideoStream, IssueType::NoAudioStream]
    {
        assert!(told.contains(&kind), "{told:?}");
    }
}

#[test]
fn a_track_that_is_not_there_is_told() {
    let health = Session::new(50).run(12, |session| {
        let slice = session.usual();
        session.picture(session.millis, &[slice]);
    });
    assert_eq!(kinds(&health), [IssueType::NoAudioStream]);
    let health = Session::new(50).run(12, |session| session.sound(session.millis));
    assert_eq!(kinds(&health), [IssueType::NoVideoStream]);
}

#[test]
fn a_recording_that_is_sent_too_fast_is_told() {
    let mut session = Session::new(50);
    session.run(60, |session| {
        let (slice, arrives) = (session.usual(), session.millis * 2 / 3);
        session.picture(arrives, &[slice]);
        session.sound(arrives);
    });
    let health = session.monitor.health(at(40_000));
    let told = issue(&health, IssueType::VideoIngestionFasterThanRealtime);
    assert!(told.sentence.starts_with("1.5 s of video come in each second."), "{told:?}");
}

#[test]
fn unsteady_arrival_is_told() {
    let mut session = Session::new(50);
    session.healthy(20);
    let health = session.run(12, |session| {
        // Every four seconds the network holds everything back for 1.2 s.
        let held = session.millis % 4_000;
        let arrives = if held < 1_200 { session.millis - held + 1_200 } else { session.millis };
        let slice = session.usual();
        session.picture(arrives, &[slice]);
        session.sound(arrives);
    });
    assert!(kinds(&health).contains(&IssueType::ArrivalJitter), "{:#?}", health.issues);
}

#[test]
fn a_changed_sync_offset_is_no_unsteady_arrival() {
    let mut session = Session::new(50);
    session.healthy(20);
    session.intake.set_sync_offset(3_000_000);
    let health = session.healthy(12);
    assert!(!kinds(&health).contains(&IssueType::ArrivalJitter), "{:#?}", health.issues);
}

#[test]
fn unusual_sound_and_pixels_are_told() {
    let health = Session::with_audio(50, "1290").healthy(12); // AAC LC, 32 kHz, stereo
    assert_eq!(kinds(&health), [IssueType::AudioSampleRate]);
    let told = issue(&health, IssueType::VideoPixelFormat);
    assert!(told.sentence.starts_with("The pictures are 4:4:4 8 bit."), "{told:?}");
}

#[test]
fn the_table_of_types_is_whole() {
    let names: std::collections::BTreeSet<_> =
        IssueType::ALL.iter().map(|kind| kind.about().name).collect();
    assert_eq!(names.len(), IssueType::ALL.len());
}

#[test]
fn a_refusal_is_kept_for_the_operator() {
    let monitor = CameraMonitor::default();
    monitor.refused("video codec VP6 is not supported");
    let health = monitor.health(EventTime::ZERO);
    assert_eq!(health.state, CameraState::Waiting);
    assert_eq!(health.last_error.as_deref(), Some("video codec VP6 is not supported"));
}

#[test]
fn an_older_session_is_not_heard_any_more() {
    let monitor = Arc::new(CameraMonitor::default());
    let old = monitor.open(PEER);
    let new = monitor.open(PEER);
    new.encoder("new");
    old.encoder("old");
    old.close(EventTime::ZERO, Some("old"));
    let health = monitor.health(EventTime::ZERO);
    assert_eq!((health.encoder.as_deref(), health.last_error), (Some("new"), None));
    assert_eq!(health.reconnects, 1);
}
