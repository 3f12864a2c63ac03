//! What is kept, for how long, and how much of it.

use std::time::Duration;

use bytes::Bytes;
use genlock_media::{EventTime, TrackKind};
use genlock_packager::{Flavour, Packager, Skip, Snapshot, limits};

use crate::camera::{Camera, config, play, seconds};
use crate::listing::Listing;
use crate::support::ts;
use crate::viewer::{WALL_CLOCK_AT_ZERO_MS, playlist};

/// 4 MiB; all pictures of a test share the one allocation.
const HUGE: usize = 4 << 20;

/// Plays `length` of pictures of `bytes` each, which share one allocation, and shows every snapshot.
fn play_heavy(bytes: usize, length: Duration, mut show: impl FnMut(&Snapshot)) -> Packager {
    let payload = Bytes::from(vec![0x55; bytes]);
    let mut packager = Packager::new(config(), EventTime::ZERO);
    for mut arrival in Camera::plain().samples(Duration::ZERO, length) {
        if arrival.sample.kind() == TrackKind::Video {
            arrival.sample.payload = payload.clone();
        }
        while let Some(wake) = packager.poll_timeout().filter(|wake| *wake <= arrival.at) {
            packager.handle_timeout(wake);
        }
        packager.push(arrival.at, arrival.sample);
        show(&packager.snapshot());
    }
    packager
}

fn fetchable_bytes(snapshot: &Snapshot) -> usize {
    let bodies = (100..140).filter_map(|msn| snapshot.resource(&format!("t-s{msn}.m4s")));
    bodies.map(|resource| resource.body.len()).sum()
}

#[test]
fn a_feed_beyond_the_budget_gets_gaps_instead_of_memory() {
    let mut gaps = 0;
    let packager = play_heavy(HUGE, seconds(60.0), |snapshot| {
        // The budget, and the segment that was open when it was exceeded.
        let bytes = fetchable_bytes(snapshot);
        assert!(bytes <= limits::REFUSE_BYTES + 135 * HUGE, "{bytes}");
        let Some(text) = playlist(snapshot, Flavour::Cmaf, Skip::No) else { return };
        let listing = Listing::parse(&text);
        assert!(listing.media_sequence == 100 || listing.duration() >= 12.0 - 0.001);
        gaps += listing.segments.iter().filter(|segment| segment.gap).count();
    });
    assert!(gaps > 0);
    assert!(packager.stats().dropped.over_limit > 0);
}

#[test]
fn removed_segments_go_before_their_time_when_they_are_too_large() {
    let large = 256 << 10;
    let packager = play_heavy(large, seconds(60.0), |snapshot| {
        let bytes = fetchable_bytes(snapshot);
        assert!(bytes <= limits::RETAINED_BYTES_MAX, "{bytes}");
    });
    let text = playlist(&packager.snapshot(), Flavour::Cmaf, Skip::No).unwrap();
    assert_eq!(Listing::parse(&text).segments.len(), 8);
    assert_eq!(packager.stats().dropped.over_limit, 0);
}

#[test]
fn removed_segments_are_forgotten_in_the_end() {
    let (packager, viewer) =
        play(config(), &Camera::plain().samples(Duration::ZERO, seconds(80.0)));
    let snapshot = packager.snapshot();
    let first = viewer.listing.as_ref().unwrap().media_sequence;
    let fetchable = |msn: &u64| snapshot.resource(&format!("t-s{msn}.m4s")).is_some();
    assert!((100..first).filter(fetchable).count() <= 12);
    assert!(snapshot.resource("t-p0.m4s").is_none());
    assert!(snapshot.resource("t-i0.mp4").is_some());
}

#[test]
fn mpeg_ts_that_is_wanted_late_begins_with_what_is_listed() {
    let arrivals = Camera::plain().samples(Duration::ZERO, seconds(41.0));
    let (mut packager, _) = play(config(), &arrivals);
    packager.enable_ts();
    let snapshot = packager.snapshot();
    let listing = Listing::parse(&playlist(&snapshot, Flavour::Ts, Skip::No).unwrap());
    assert_eq!(listing.segments.len(), 8);
    for segment in &listing.segments {
        let body = snapshot.resource(&segment.uri).unwrap().body.to_bytes();
        let found = ts::read(&body);
        let first = found.pes.iter().find(|pes| pes.pid == 0x100).expect("a picture");
        let presented_ms = segment.date_time_ms.unwrap() - WALL_CLOCK_AT_ZERO_MS;
        let lead_ms = i64::try_from(first.pts / 90).unwrap() - presented_ms;
        assert_eq!(lead_ms, 200, "{}", segment.uri);
    }
}

#[test]
fn codecs_that_mpeg_ts_cannot_carry_leave_it_without_a_playlist() {
    let camera = Camera { video: crate::camera::hevc(), ..Camera::plain() };
    let (mut packager, _) = play(config(), &camera.samples(Duration::ZERO, seconds(10.0)));
    packager.enable_ts();
    let snapshot = packager.snapshot();
    assert!(!snapshot.has_playlist(Flavour::Ts));
    let why = snapshot.refusal(Flavour::Ts).map(ToString::to_string).unwrap_or_default();
    assert!(why.starts_with("unsupported video codec in MPEG-TS: hvc1"), "{why}");
    assert_eq!(snapshot.refusal(Flavour::Cmaf), None);
    assert!(packager.stats().mux_failures > 0);
}
