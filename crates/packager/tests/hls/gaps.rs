//! What viewers see while nothing arrives.

use std::time::Duration;

use genlock_media::EventTime;

use crate::camera::{Camera, config, play, play_on, seconds, wait};

#[test]
fn the_playlist_grows_while_nothing_arrives() {
    let camera = Camera::plain();
    let (mut packager, mut viewer) = play(config(), &camera.samples(Duration::ZERO, seconds(10.0)));
    let lost = EventTime::from_millis(10_090);
    wait(&mut packager, &mut viewer, lost + seconds(40.0));
    let after: Vec<_> = viewer.updates.iter().filter(|at| **at > lost).copied().collect();
    assert!(after[0] <= lost + seconds(1.6), "the hold-off");
    for pair in after.windows(2) {
        assert!(pair[1].saturating_since(pair[0]) <= seconds(0.5));
    }
    let listing = viewer.listing.as_ref().unwrap();
    assert!(listing.segments.iter().all(|segment| segment.gap));
    assert!(packager.poll_timeout().is_some());

    play_on(&mut packager, &mut viewer, &camera.samples(seconds(50.0), seconds(60.0)));
    let listing = viewer.listing.as_ref().unwrap();
    assert!(!listing.segments.last().unwrap().gap);
    assert!(viewer.segments.values().all(|seen| !seen.segment.discontinuity));
}

#[test]
fn a_stall_shorter_than_the_hold_off_leaves_no_trace() {
    let mut arrivals = Camera::plain().samples(Duration::ZERO, seconds(20.0));
    let stall = EventTime::from_millis(8_000)..EventTime::from_millis(9_300);
    for arrival in &mut arrivals {
        if stall.contains(&arrival.at) {
            arrival.at = stall.end;
        }
    }
    let (packager, viewer) = play(config(), &arrivals);
    assert!(viewer.segments.values().all(|seen| !seen.segment.gap));
    assert_eq!(packager.stats().dropped.late, 0);
}

#[test]
fn what_comes_too_late_is_dropped_and_the_stream_resumes_at_a_sync_sample() {
    let mut arrivals = Camera::plain().samples(Duration::ZERO, seconds(20.0));
    let stall = EventTime::from_millis(8_200)..EventTime::from_millis(12_900);
    for arrival in &mut arrivals {
        if stall.contains(&arrival.at) {
            arrival.at = stall.end;
        }
    }
    let (packager, viewer) = play(config(), &arrivals);
    assert!(viewer.segments.values().any(|seen| seen.segment.gap));
    assert!(packager.stats().dropped.late + packager.stats().dropped.before_sync > 0);
    assert!(!viewer.segments.values().last().unwrap().segment.gap);
}

#[test]
fn a_hole_in_the_timeline_that_arrives_without_a_pause_is_filled_at_once() {
    let camera = Camera::plain();
    let mut arrivals = camera.samples(Duration::ZERO, seconds(6.0));
    arrivals.extend(camera.samples(seconds(16.0), seconds(24.0)));
    for arrival in &mut arrivals {
        arrival.at = EventTime::from_millis(30_000);
    }
    let (_, viewer) = play(config(), &arrivals);
    let gaps = viewer.segments.values().filter(|seen| seen.segment.gap);
    let filled: f64 = gaps.map(|seen| seen.segment.duration).sum();
    assert!((filled - 10.0).abs() < 0.05, "{filled}");
}

#[test]
fn without_gap_filling_a_hole_is_a_discontinuity() {
    let camera = Camera::plain();
    let mut config = config();
    config.gap_fill = false;
    let mut viewer = crate::viewer::Viewer::new(&config);
    viewer.jumps = true;
    let mut packager = genlock_packager::Packager::new(config, EventTime::ZERO);
    play_on(&mut packager, &mut viewer, &camera.samples(Duration::ZERO, seconds(7.0)));
    let before = viewer.updates.len();
    wait(&mut packager, &mut viewer, EventTime::from_millis(60_000));
    assert_eq!(viewer.updates.len(), before);
    play_on(&mut packager, &mut viewer, &camera.samples(seconds(60.0), seconds(70.0)));
    let discontinuities = viewer.segments.values().filter(|seen| seen.segment.discontinuity);
    assert_eq!(discontinuities.count(), 1);
}
