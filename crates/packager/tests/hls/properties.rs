//! Every published snapshot of random Feeds keeps the rules (the rules are in `viewer`).

use std::time::Duration;

use proptest::prelude::*;

use crate::camera::{Camera, config, play, seconds};

fn any_camera() -> impl Strategy<Value = Camera> {
    let rates =
        prop::sample::select(vec![24_000, 24_024, 25_025, 30_000, 30_030, 50_050, 60_000, 60_060]);
    let gop_ms = 500_u64..4_000;
    (rates, gop_ms, 0_u64..=3, prop::bool::ANY, 0_u64..450, 0_u64..200, any::<u64>()).prop_map(
        |(frames_per_1001_s, gop_ms, b_frames, rounded, lag_ms, jitter_ms, seed)| Camera {
            frames_per_1001_s,
            frames_per_gop: (gop_ms * frames_per_1001_s / 1_001_000).max(1),
            b_frames,
            rounding: if rounded { 90 } else { 1 },
            audio_lag: Duration::from_millis(lag_ms),
            jitter: Duration::from_millis(jitter_ms),
            seed,
            ..Camera::plain()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_cadence_keeps_the_rules(camera in any_camera()) {
        let (packager, viewer) = play(config(), &camera.samples(Duration::ZERO, seconds(25.0)));
        prop_assert_eq!(packager.stats().mux_failures, 0);
        prop_assert!(viewer.segments.len() >= 5, "{}", viewer.segments.len());
        prop_assert!(viewer.segments.values().all(|seen| !seen.segment.gap));
    }
}
