//! Every published snapshot of random Feeds keeps the rules (the rules are in `viewer`).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use genlock_media::{Dependency, EventTime, Sample, TrackKind};
use genlock_packager::{Flavour, Packager, PackagerConfig};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use crate::camera::{Arrival, Camera, config, other_aac, other_avc, play_on, seconds, wait};
use crate::viewer::Viewer;

/// Frames in 1001 seconds: 24 to 60 fps, with and without 1000/1001.
const RATES: [u64; 8] = [24_000, 24_024, 25_025, 30_000, 30_030, 50_050, 60_000, 60_060];

/// The same cases in every run; `PROPTEST_CASES` asks for more.
fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

fn any_camera(gop_ms: std::ops::Range<u64>) -> impl Strategy<Value = Camera> {
    let rate = prop::sample::select(&RATES[..]);
    (rate, gop_ms, 0_u64..=3, any::<bool>(), any::<bool>(), 0_u64..430, 0_u64..200, any::<u64>())
        .prop_map(|(rate, gop_ms, b_frames, rounded, unlike, lag_ms, jitter_ms, seed)| Camera {
            video: if unlike { other_avc() } else { Camera::plain().video },
            frames_per_1001_s: rate,
            frames_per_gop: (gop_ms * rate / 1_001_000).max(1),
            b_frames,
            rounding: if rounded { 90 } else { 1 },
            audio_lag: Duration::from_millis(lag_ms),
            jitter: Duration::from_millis(jitter_ms),
            seed,
            ..Camera::plain()
        })
}

/// Stretches of cameras; `true` leaves a pause of 4 s before one. The target duration has room for a
/// segment that just missed its target and a GOP of 2.4 s; cuts to longer GOPs may have to be cut again
/// before their next sync sample.
fn any_programme() -> impl Strategy<Value = Vec<(Camera, u64, bool)>> {
    let stretch = (any_camera(500..2_400), 150_u64..9_000, prop::bool::weighted(0.15));
    prop::collection::vec(stretch, 2..7)
}

fn watch(config: PackagerConfig, adapt: impl FnOnce(&mut Viewer)) -> (Packager, Viewer) {
    let mut viewer = Viewer::new(&config);
    adapt(&mut viewer);
    (Packager::new(config, EventTime::ZERO), viewer)
}

/// What the splicer makes of it: decoding times increase, sound goes on on its grid.
fn splice(stretches: &[(Camera, u64, bool)]) -> Vec<Arrival> {
    let mut at = Duration::ZERO;
    let mut arrivals = Vec::new();
    for (camera, ms, pause) in stretches {
        at += if *pause { Duration::from_secs(4) } else { Duration::ZERO };
        let end = at + Duration::from_millis(*ms);
        arrivals.extend(camera.samples(at, end));
        at = end;
    }
    let mut heard = i64::MIN;
    arrivals.retain(|arrival| {
        let audio = arrival.sample.kind() == TrackKind::Audio;
        let again = audio && arrival.sample.dts <= heard;
        heard = if audio { heard.max(arrival.sample.dts) } else { heard };
        !again
    });
    in_order(arrivals)
}

/// Lets the samples of each track leave in decoding order, whenever they arrived.
fn in_order(arrivals: Vec<Arrival>) -> Vec<Arrival> {
    let (video, audio): (Vec<_>, Vec<_>) =
        arrivals.into_iter().partition(|arrival| arrival.sample.kind() == TrackKind::Video);
    let mut ordered = Vec::new();
    for mut track in [video, audio] {
        track.sort_by_key(|arrival| arrival.sample.dts);
        let mut latest = EventTime::ZERO;
        for mut arrival in track {
            latest = latest.max(arrival.at);
            arrival.at = latest;
            ordered.push(arrival);
        }
    }
    ordered.sort_by_key(|arrival| arrival.at);
    ordered
}

proptest! {
    #![proptest_config(cases(32))]

    #[test]
    fn any_cadence_keeps_the_rules(camera in any_camera(500..4_000)) {
        let (mut packager, mut viewer) = watch(config(), |_| ());
        let arrivals = camera.samples(Duration::ZERO, seconds(25.0));
        play_on(&mut packager, &mut viewer, &arrivals);
        prop_assert_eq!(packager.stats(), genlock_packager::PackagerStats::default());
        prop_assert!(viewer.segments.len() >= 5, "{}", viewer.segments.len());
        prop_assert!(viewer.segments.values().all(|seen| !seen.segment.gap));
        prop_assert!(viewer.segments.values().all(|seen| !seen.segment.discontinuity));
    }

    #[test]
    fn long_gops_keep_the_rules_but_independence(camera in any_camera(4_000..8_000)) {
        let (mut packager, mut viewer) = watch(config(), |viewer| viewer.long_gops = true);
        let arrivals = camera.samples(Duration::ZERO, seconds(30.0));
        play_on(&mut packager, &mut viewer, &arrivals);
        prop_assert!(viewer.segments.values().all(|seen| !seen.segment.gap));
    }

    #[test]
    fn any_target_duration_and_part_target_keep_the_rules(
        camera in any_camera(500..3_000),
        target_duration in 4_u8..=10,
        part_ms in 200_u64..1_100,
        segment_ms in 1_000_u64..4_000,
    ) {
        let mut config = config();
        config.target_duration = target_duration;
        config.part_target = Duration::from_millis(part_ms);
        config.segment_target = Duration::from_millis(segment_ms);
        let (mut packager, mut viewer) = watch(config, |viewer| viewer.long_gops = true);
        let arrivals = camera.samples(Duration::ZERO, seconds(25.0));
        play_on(&mut packager, &mut viewer, &arrivals);
    }

    #[test]
    fn any_programme_keeps_the_rules(stretches in any_programme()) {
        let (mut packager, mut viewer) = watch(config(), |_| ());
        packager.enable_ts();
        let arrivals = splice(&stretches);
        play_on(&mut packager, &mut viewer, &arrivals);
        let end = arrivals.last().map_or(EventTime::ZERO, |last| last.at);
        wait(&mut packager, &mut viewer, end + seconds(3.0));
        packager.end(end + seconds(3.0));
        viewer.look(end + seconds(3.0), &packager);
        prop_assert_eq!(packager.stats().mux_failures, 0);
        if let Some(text) = crate::viewer::playlist(
            &packager.snapshot(),
            Flavour::Ts,
            genlock_packager::Skip::No,
        ) {
            crate::listing::Listing::parse(&text);
        }
    }
}

/// One operation of a Feed gone mad.
#[derive(Debug, Clone)]
enum Madness {
    Push { track: usize, dts: i64, offset: i32, sync: bool, bytes: usize },
    Wait(u64),
    EnableTs,
}

fn any_madness() -> impl Strategy<Value = Madness> {
    let step = prop_oneof![
        8 => 0_i64..200_000,
        1 => -1_000_000_i64..100_000_000,
        1 => prop::sample::select(vec![i64::MIN, i64::MIN / 2, -1, i64::MAX / 2, i64::MAX]),
    ];
    let offset = prop_oneof![4 => Just(9_000), 1 => any::<i32>()];
    prop_oneof![
        12 => (0_usize..4, step, offset, any::<bool>(), 0_usize..200).prop_map(
            |(track, dts, offset, sync, bytes)| Madness::Push { track, dts, offset, sync, bytes }
        ),
        2 => (0_u64..3_000).prop_map(Madness::Wait),
        1 => Just(Madness::EnableTs),
    ]
}

proptest! {
    #![proptest_config(cases(128))]

    /// No panic, no endless loop, bounded playlists; and every playlist parses.
    #[test]
    fn nothing_that_a_feed_does_breaks_the_packager(
        operations in prop::collection::vec(any_madness(), 1..150),
    ) {
        let Camera { video, audio, .. } = Camera::plain();
        let tracks = [video, audio.unwrap(), other_avc(), other_aac()];
        let mut packager = Packager::new(config(), EventTime::ZERO);
        let (mut now, mut clock) = (EventTime::ZERO, [0_i64; 4]);
        for operation in operations {
            match operation {
                Madness::Push { track, dts, offset, sync, bytes } => {
                    clock[track] = clock[track].saturating_add(dts);
                    let dependency = if sync { Dependency::Sync } else { Dependency::Reference };
                    packager.push(now, Sample {
                        config: Arc::clone(&tracks[track]),
                        dts: clock[track],
                        composition_offset: offset,
                        duration: None,
                        dependency,
                        payload: Bytes::from(vec![0x55; bytes]),
                    });
                }
                Madness::Wait(ms) => {
                    let until = now + Duration::from_millis(ms);
                    while let Some(wake) = packager.poll_timeout().filter(|wake| *wake <= until) {
                        packager.handle_timeout(wake);
                        prop_assert!(packager.poll_timeout().is_none_or(|next| next > wake));
                    }
                    now = until;
                }
                Madness::EnableTs => packager.enable_ts(),
            }
            for flavour in [Flavour::Cmaf, Flavour::Ts] {
                let skip = genlock_packager::Skip::Yes;
                if let Some(text) = crate::viewer::playlist(&packager.snapshot(), flavour, skip) {
                    prop_assert!(crate::listing::Listing::parse(&text).segments.len() < 500);
                }
            }
        }
    }
}
