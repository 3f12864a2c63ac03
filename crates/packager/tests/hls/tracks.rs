//! Track sets: one track alone, late tracks, tracks that go away; GOPs of any length.

use std::time::Duration;

use genlock_media::{EventTime, TrackKind};
use genlock_packager::{Packager, PackagerConfig};

use crate::camera::{Arrival, Camera, config, play, play_on, seconds};
use crate::viewer::Viewer;

fn only(kind: TrackKind, arrivals: Vec<Arrival>) -> Vec<Arrival> {
    arrivals.into_iter().filter(|arrival| arrival.sample.kind() == kind).collect()
}

fn watch(
    config: PackagerConfig,
    adapt: impl FnOnce(&mut Viewer),
    arrivals: &[Arrival],
) -> (Packager, Viewer) {
    let mut viewer = Viewer::new(&config);
    adapt(&mut viewer);
    let mut packager = Packager::new(config, EventTime::ZERO);
    play_on(&mut packager, &mut viewer, arrivals);
    (packager, viewer)
}

#[test]
fn video_alone() {
    let arrivals = only(TrackKind::Video, Camera::plain().samples(Duration::ZERO, seconds(20.0)));
    let (_, viewer) = play(config(), &arrivals);
    assert!(viewer.segments.len() >= 8);
}

#[test]
fn audio_alone() {
    let arrivals = only(TrackKind::Audio, Camera::plain().samples(Duration::ZERO, seconds(20.0)));
    let (_, viewer) = play(config(), &arrivals);
    assert!(viewer.segments.len() >= 8);
    let parts = &viewer.listing.as_ref().unwrap().segments.last().unwrap().parts;
    assert!(parts.iter().all(|part| part.independent));
}

#[test]
fn sound_that_comes_late_joins_at_the_next_sync_sample() {
    let mut arrivals = Camera::plain().samples(Duration::ZERO, seconds(20.0));
    arrivals.retain(|arrival| {
        arrival.sample.kind() == TrackKind::Video || arrival.at >= EventTime::from_millis(7_000)
    });
    let (_, viewer) = play(config(), &arrivals);
    let discontinuities: Vec<_> =
        viewer.segments.values().filter(|seen| seen.segment.discontinuity).collect();
    assert_eq!(discontinuities.len(), 1);
    assert_eq!(discontinuities[0].segment.date_time_ms, Some(1_700_000_008_100));
}

#[test]
fn sound_that_goes_away_is_not_waited_for_again_and_again() {
    let mut arrivals = Camera::plain().samples(Duration::ZERO, seconds(20.0));
    arrivals.retain(|arrival| {
        arrival.sample.kind() == TrackKind::Video || arrival.at < EventTime::from_millis(7_000)
    });
    let (_, viewer) = play(config(), &arrivals);
    let late =
        viewer.updates.windows(2).filter(|pair| pair[1].saturating_since(pair[0]) > seconds(0.6));
    assert_eq!(late.count(), 1);
}

#[test]
fn pictures_that_come_late_join_with_a_discontinuity() {
    let mut arrivals = Camera::plain().samples(Duration::ZERO, seconds(16.0));
    arrivals.retain(|arrival| {
        arrival.sample.kind() == TrackKind::Audio || arrival.at >= EventTime::from_millis(6_000)
    });
    // The first picture after 6 s is no sync sample: the GOP starts at 6.0 s, which arrives at 6.04 s.
    let (_, viewer) = play(config(), &arrivals);
    let discontinuities = viewer.segments.values().filter(|seen| seen.segment.discontinuity);
    assert_eq!(discontinuities.count(), 1);
}

#[test]
fn sound_that_lags_within_the_wait_is_not_lost() {
    let camera = Camera { audio_lag: Duration::from_millis(450), ..Camera::plain() };
    let (packager, _) = play(config(), &camera.samples(Duration::ZERO, seconds(20.0)));
    assert_eq!(packager.stats().dropped.late, 0);
}

#[test]
fn a_gop_longer_than_the_target_duration_is_cut_and_independence_not_claimed() {
    let camera = Camera { frames_per_gop: 300, ..Camera::plain() };
    let arrivals = camera.samples(Duration::ZERO, seconds(40.0));
    let (_, viewer) = watch(config(), |viewer| viewer.long_gops = true, &arrivals);
    assert!(!viewer.listing.as_ref().unwrap().independent);
    let sync_starts = viewer
        .segments
        .values()
        .filter(|seen| (seen.segment.date_time_ms.unwrap() - 100) % 10_000 == 0);
    assert!(sync_starts.count() >= 3, "every sync sample starts a segment");
}

#[test]
fn slow_frames_hang_over_but_parts_keep_their_length() {
    for frames_per_1001_s in [5_005, 3_003, 1_001, 800] {
        let camera = Camera { frames_per_1001_s, frames_per_gop: 2, ..Camera::plain() };
        let (_, viewer) = play(config(), &camera.samples(Duration::ZERO, seconds(20.0)));
        assert!(viewer.segments.values().all(|seen| !seen.segment.gap));
    }
}

#[test]
fn nothing_is_offered_before_a_player_could_start() {
    let camera = Camera::plain();
    let (packager, _) = play(config(), &camera.samples(Duration::ZERO, seconds(1.9)));
    let snapshot = packager.snapshot();
    assert!(!snapshot.has_playlist(genlock_packager::Flavour::Cmaf));
    let query = genlock_packager::BlockingQuery::default();
    assert_eq!(snapshot.readiness(&query), genlock_packager::Readiness::Wait);
}

#[test]
fn a_backlog_is_packaged_at_once() {
    let mut arrivals = Camera::plain().samples(Duration::ZERO, seconds(20.0));
    for arrival in &mut arrivals {
        arrival.at = EventTime::from_millis(20_100);
    }
    let (_, viewer) = play(config(), &arrivals);
    assert_eq!(viewer.segments.len(), 9);
}

#[test]
fn a_stretch_begins_with_both_tracks() {
    let mut arrivals = Camera::plain().samples(seconds(0.6), seconds(6.0));
    arrivals.extend(only(TrackKind::Audio, Camera::plain().samples(Duration::ZERO, seconds(0.6))));
    arrivals.sort_by_key(|arrival| arrival.at);
    let (packager, _) = play(config(), &arrivals);
    let body = packager.snapshot().resource("t-s100.m4s").unwrap().body.to_bytes();
    let [video, audio] = crate::media::runs(&body).map(|run| run.expect("both tracks"));
    let presented = EventTime::from_millis(i64::try_from(video.start / 90).unwrap() + 100);
    let heard = EventTime::from_millis(i64::try_from(audio.start / 48).unwrap());
    assert!(presented.saturating_since(heard) <= Duration::from_millis(22), "{heard:?}");
    assert!(packager.stats().dropped.unpaired_audio > 0);
}

#[test]
fn a_short_first_segment_is_not_enough_to_start_with() {
    let mut arrivals = Camera::plain().samples(Duration::ZERO, seconds(0.5));
    arrivals.extend(Camera::unlike().samples(seconds(0.5), seconds(3.0)));
    let mut packager = Packager::new(config(), EventTime::ZERO);
    for arrival in arrivals {
        packager.push(arrival.at, arrival.sample);
        let offered = packager.snapshot().has_playlist(genlock_packager::Flavour::Cmaf);
        assert!(!offered || arrival.at >= EventTime::from_millis(1_500), "{:?}", arrival.at);
    }
    assert!(packager.snapshot().has_playlist(genlock_packager::Flavour::Cmaf));
}
