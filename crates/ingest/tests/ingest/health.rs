//! What the monitor says about a session.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use genlock_ingest::health::{CameraHealth, CameraState, WarningCode};
use genlock_ingest::intake::Intake;
use genlock_ingest::monitor::CameraMonitor;
use genlock_media::EventTime;
use genlock_rtmp::flv::{AudioCodecId, VideoCodecId};

use crate::fixtures::*;

const PEER: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Runs `seconds` of 25 fps with a sync sample each `gop` pictures, and gives the health at the end.
fn health_after(seconds: u32, gop: u32) -> CameraHealth {
    let monitor = Arc::new(CameraMonitor::default());
    let mut intake = Intake::new(EventTime::ZERO, 0, monitor.open(PEER));
    let at = |millis: u32| EventTime::from_millis(i64::from(millis));
    let video = VideoCodecId::Avc;
    intake.video(at(0), 0, &video_header(video, AVCC)).expect("a real record");
    intake.audio(at(0), 0, &audio_header(AudioCodecId::Aac, ASC)).expect("a real record");
    for index in 0..seconds * 25 {
        let slice = if index % gop == 0 { AVC_IDR } else { AVC_P };
        let millis = index * 40;
        intake.video(at(millis), millis, &picture(video, 0, &[slice])).expect("a picture");
        intake.audio(at(millis), millis, &sound(AudioCodecId::Aac)).expect("a sound");
        while intake.poll_sample().is_some() {}
        while intake.poll_notice().is_some() {}
    }
    monitor.health(at(seconds * 1000))
}

#[test]
fn rates_sizes_and_codecs_are_measured() {
    let health = health_after(10, 50);
    let video = health.video.expect("video");
    assert_eq!((video.width, video.height), (64, 64));
    assert!((video.frames_per_second - 25.0).abs() < 0.01, "{}", video.frames_per_second);
    assert_eq!(video.bits_per_second, 25 * 9 * 8);
    assert_eq!(video.gop, Some(Duration::from_secs(2)));
    assert_eq!(health.audio.expect("audio").sample_rate, 48_000);
    assert_eq!(health.warnings, []);
}

#[test]
fn a_gop_longer_than_a_segment_draws_a_warning() {
    let health = health_after(20, 200);
    assert_eq!(health.video.expect("video").gop_max, Some(Duration::from_secs(8)));
    let codes: Vec<_> = health.warnings.iter().map(|w| w.code).collect();
    assert!(codes.contains(&WarningCode::GopSizeLong), "{codes:?}");
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
