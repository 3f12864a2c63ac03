//! The timeline over simulated publishers, in virtual time.

use std::sync::Arc;

use genlock_ingest::timeline::{SYNC_COMPOSITION_OFFSET, Timeline};
use genlock_ingest::unit::Unit;
use genlock_media::{EventTime, Sample, TrackConfig, TrackKind};
use proptest::prelude::*;

use crate::fixtures::{ASC, ASC_44, aac_config, audio_unit, avc_config, video_unit};

/// Where the publishers' time 0 lies on the event clock.
const BASE_MICROS: i64 = 3_600_000_000;

/// Pushes units with their arrival times and gathers what comes out.
fn run(timeline: &mut Timeline, arrivals: impl IntoIterator<Item = (i64, Unit)>) -> Vec<Sample> {
    let mut samples = Vec::new();
    for (micros, unit) in arrivals {
        timeline.push(EventTime::from_micros(micros), unit);
        samples.extend(std::iter::from_fn(|| timeline.poll()));
    }
    samples
}

fn video(samples: &[Sample]) -> Vec<&Sample> {
    samples.iter().filter(|sample| sample.kind() == TrackKind::Video).collect()
}

fn audio(samples: &[Sample]) -> Vec<&Sample> {
    samples.iter().filter(|sample| sample.kind() == TrackKind::Audio).collect()
}

fn assert_invariants(samples: &[Sample]) {
    for track in [video(samples), audio(samples)] {
        for pair in track.windows(2) {
            assert!(pair[0].dts < pair[1].dts, "{:?} then {:?}", pair[0], pair[1]);
        }
    }
    for sample in video(samples).into_iter().filter(|sample| sample.is_video_sync()) {
        assert_eq!(sample.composition_offset, SYNC_COMPOSITION_OFFSET);
    }
}

/// A publisher with both tracks: 30 fps with two B-frames and a GOP of 60, AAC at 44.1 kHz. Times are
/// milliseconds of the publisher's clock; `origin` is what it calls zero.
struct Publisher {
    video: Arc<TrackConfig>,
    audio: Arc<TrackConfig>,
    origin: u32,
}

impl Publisher {
    fn new(origin: u32) -> Self {
        Self { video: avc_config(), audio: aac_config(ASC_44), origin }
    }

    /// What it sends from `from` to `to` ms, in order, with the true time of each in microseconds.
    fn send(&self, from: i64, to: i64) -> Vec<(i64, Unit)> {
        let first = from * 30 / 1000;
        let pictures = (first..to * 30 / 1000).map(|index| {
            let (dts, sync) = (index * 1000 / 30, index % 60 == 0);
            let composition = if sync { 67 } else { [67, 0, 133][(index % 3) as usize] };
            (index * 1_000_000 / 30, video_unit(&self.video, self.stamp(dts), composition, sync))
        });
        let units = (from * 441 / 10_240..to * 441 / 10_240).map(|index| {
            let micros = index * 10_240_000 / 441;
            (micros, audio_unit(&self.audio, self.stamp(micros / 1000)))
        });
        let mut all: Vec<_> = pictures.chain(units).collect();
        all.sort_by_key(|(micros, _)| *micros);
        all
    }

    fn stamp(&self, millis: i64) -> u32 {
        self.origin.wrapping_add(u32::try_from(millis).expect("a short session"))
    }
}

/// Arrival without jitter, 30 ms after the fact.
fn on_time((micros, unit): (i64, Unit)) -> (i64, Unit) {
    (BASE_MICROS + micros + 30_000, unit)
}

/// Delays in µs that touch their minimum every few access units, as those of networks do, but never
/// change the order of arrival.
fn with_jitter(sent: Vec<(i64, Unit)>, delays: &[i64]) -> Vec<(i64, Unit)> {
    let mut last = i64::MIN;
    sent.into_iter()
        .zip(delays.iter().cycle())
        .map(|((micros, unit), delay)| {
            last = last.max(BASE_MICROS + micros + 30_000 + delay);
            (last, unit)
        })
        .collect()
}

fn delays() -> impl Strategy<Value = Vec<i64>> {
    let delay = prop_oneof![6 => Just(0i64), 12 => 0..9_000i64, 1 => 0..150_000i64];
    proptest::collection::vec(delay, 500..1000)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn network_jitter_reaches_no_timestamp(origin in any::<u32>(), delays in delays()) {
        let sent = Publisher::new(origin).send(0, 60_000);
        let calm = run(&mut Timeline::new(0), sent.clone().into_iter().map(on_time));
        let shaken = run(&mut Timeline::new(0), with_jitter(sent.clone(), &delays));
        prop_assert_eq!(calm.len(), sent.len());
        // How much earlier the calm network is, sample by sample: a constant, but for slews of the first
        // seconds if their first half had no undelayed arrival.
        for track in [video, audio] {
            let shifts: Vec<i64> = track(&shaken)
                .iter()
                .zip(track(&calm))
                .map(|(shaken, calm)| shaken.pts() - calm.pts())
                .collect();
            let settled = shifts[shifts.len() / 6..].windows(2);
            prop_assert!(settled.into_iter().all(|pair| pair[0] == pair[1]));
            let steps: Vec<i64> =
                shifts.windows(2).map(|pair| pair[1] - pair[0]).filter(|step| *step != 0).collect();
            prop_assert!(steps.len() <= 5 && steps.iter().all(|step| step.abs() <= 450), "{steps:?}");
        }
        let offsets = |samples: &[Sample]| -> Vec<i32> {
            samples.iter().map(|sample| sample.composition_offset).collect()
        };
        prop_assert_eq!(offsets(&shaken), offsets(&calm));
    }

    #[test]
    fn any_timestamps_come_out_in_order(
        steps in proptest::collection::vec(
            (any::<bool>(), any::<bool>(), 0..80_000i64, -300i64..300, prop_oneof![
                20 => -5i64..60, 1 => -500i64..5_000, 1 => any::<i32>().prop_map(i64::from),
            ]),
            1..1500,
        ),
    ) {
        let (video, audio) = (avc_config(), aac_config(ASC));
        let (mut now, mut timestamp) = (BASE_MICROS, 0i64);
        let arrivals = steps.into_iter().map(|(is_video, sync, wait, composition, step)| {
            now += wait;
            timestamp += step;
            let stamp = u32::try_from(timestamp & 0xffff_ffff).expect("32 bits");
            let unit = if is_video {
                video_unit(&video, stamp, composition, sync)
            } else {
                audio_unit(&audio, stamp)
            };
            (now, unit)
        });
        assert_invariants(&run(&mut Timeline::new(0), arrivals));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn clocks_that_drift_are_followed_for_hours(ppm in -200i64..=200, jitter in 0..40_000i64) {
        let config = avc_config();
        let mut timeline = Timeline::new(0);
        for index in 0..5 * 3_600 * 5i64 {
            let micros = index * 200_000;
            let true_micros = BASE_MICROS + micros + micros / 1_000_000 * ppm;
            let late = if index % 4 == 0 { 0 } else { index * 7_919 % (jitter + 1) };
            let stamp = u32::try_from(micros / 1000).expect("hours fit");
            let unit = video_unit(&config, stamp, 0, index % 10 == 0);
            let out = run(&mut timeline, [(true_micros + late, unit)]);
            for sample in out.iter().filter(|_| index > 10) {
                let error = sample.pts_event().as_micros() - true_micros;
                prop_assert!(error.abs() < 20_000, "{error} µs off at {} s", micros / 1_000_000);
            }
        }
    }
}

#[test]
fn spacing_of_the_output_is_spacing_of_the_input_but_for_its_rounding() {
    let sent = Publisher::new(0).send(0, 5_000);
    let samples = run(&mut Timeline::new(0), sent.clone().into_iter().map(on_time));
    assert_invariants(&samples);
    let inputs: Vec<i64> = sent
        .iter()
        .filter(|(_, unit)| unit.kind() == TrackKind::Video)
        .map(|(_, unit)| i64::from(unit.timestamp) * 1000 + unit.composition_micros)
        .collect();
    for (pair, input) in video(&samples).windows(2).zip(inputs.windows(2)) {
        let off = pair[1].pts() - pair[0].pts() - (input[1] - input[0]) * 90 / 1000;
        assert!(off.abs() <= 180, "{off} ticks");
    }
    for pair in audio(&samples).windows(2) {
        assert_eq!(pair[1].dts - pair[0].dts, 1024);
    }
}

#[test]
fn sound_and_picture_stay_together() {
    let sent = Publisher::new(77).send(0, 5_000);
    let samples = run(&mut Timeline::new(0), sent.into_iter().map(on_time));
    // The first picture is presented 67 ms after the first sound by the publisher's own times.
    let skew =
        video(&samples)[0].pts_event().as_micros() - audio(&samples)[0].pts_event().as_micros();
    assert!((skew - 67_000).abs() <= 22, "{skew} µs");
}

#[test]
fn presentation_lands_on_the_event_clock() {
    let sent = Publisher::new(0).send(0, 5_000);
    let samples = run(&mut Timeline::new(0), sent.into_iter().map(on_time));
    let first = audio(&samples)[0].pts_event().as_micros();
    assert!((first - BASE_MICROS - 30_000).abs() < 1_000, "{first}");
}

#[test]
fn timestamps_wrap_without_notice() {
    let sent = Publisher::new(u32::MAX - 2_000).send(0, 5_000);
    let mut timeline = Timeline::new(0);
    let wrapped = run(&mut timeline, sent.into_iter().map(on_time));
    let plain = Publisher::new(0).send(0, 5_000);
    let plain = run(&mut Timeline::new(0), plain.into_iter().map(on_time));
    assert_eq!(timeline.counters().jumps, 0);
    assert_eq!(wrapped, plain);
}

#[test]
fn nothing_comes_out_until_the_map_is_fixed_and_nothing_is_lost() {
    let sent = Publisher::new(0).send(0, 1_000);
    let mut timeline = Timeline::new(0);
    let (early, late): (Vec<_>, Vec<_>) =
        sent.into_iter().map(on_time).partition(|(at, _)| *at < BASE_MICROS + 500_000);
    let count = early.len() + late.len();
    assert_eq!(run(&mut timeline, early), []);
    assert_eq!(run(&mut timeline, late).len(), count);
}

#[test]
fn a_burst_at_the_start_does_not_push_the_camera_into_the_future() {
    let sent = Publisher::new(0).send(0, 6_000);
    // Three seconds were gathered while connecting and arrive at once.
    let burst = sent.into_iter().map(|(micros, unit)| (BASE_MICROS + micros.max(3_000_000), unit));
    let samples = run(&mut Timeline::new(0), burst);
    let first = audio(&samples)[0].pts_event().as_micros();
    assert!((first - BASE_MICROS).abs() < 50_000, "{first}");
}

#[test]
fn an_encoder_that_restarts_at_zero_goes_on_at_the_present() {
    let publisher = Publisher::new(0);
    let mut arrivals: Vec<_> = publisher.send(0, 10_000).into_iter().map(on_time).collect();
    let again = publisher
        .send(0, 10_000)
        .into_iter()
        .map(|(micros, unit)| (BASE_MICROS + 12_030_000 + micros, unit));
    arrivals.extend(again);
    let mut timeline = Timeline::new(0);
    let samples = run(&mut timeline, arrivals);
    assert_invariants(&samples);
    assert_eq!(timeline.counters().jumps, 2, "one of each track");
    let last = audio(&samples).last().expect("sound").pts_event().as_micros();
    assert!((last - BASE_MICROS - 22_000_000).abs() < 100_000, "{last}");
    let skew = |index: usize, list: &[&Sample]| list[index].pts_event().as_micros();
    let (pictures, sounds) = (video(&samples), audio(&samples));
    let apart = skew(300, &pictures) - skew(430, &sounds);
    assert!((apart - 67_000).abs() < 25_000, "{apart} µs between the tracks after the jump");
}

#[test]
fn repeated_timestamps_move_on_by_a_tick() {
    let config = avc_config();
    let stamps = [0, 186, 186, 232, 255, 1_000];
    let arrivals = stamps.map(|stamp| {
        (BASE_MICROS + i64::from(stamp) * 1000, video_unit(&config, stamp, 0, stamp == 0))
    });
    let mut timeline = Timeline::new(0);
    let samples = run(&mut timeline, arrivals);
    let offsets: Vec<_> = samples.iter().map(|s| s.dts - samples[0].dts).collect();
    assert_eq!(offsets, [0, 186 * 90, 186 * 90 + 1, 232 * 90, 255 * 90, 90_000]);
    assert_eq!(timeline.counters().repeats, 1);
}

#[test]
fn a_later_sync_offset_takes_effect_at_a_sync_sample() {
    let publisher = Publisher::new(0);
    let mut timeline = Timeline::new(0);
    let before = run(&mut timeline, publisher.send(0, 3_000).into_iter().map(on_time));
    timeline.set_sync_offset(500_000);
    let after = run(&mut timeline, publisher.send(3_000, 8_000).into_iter().map(on_time));
    let all: Vec<_> = before.iter().chain(&after).cloned().collect();
    assert_invariants(&all);
    let steps: Vec<_> = video(&all)
        .windows(2)
        .filter(|pair| pair[1].dts - pair[0].dts > 20_000)
        .map(|pair| pair[1].is_video_sync())
        .collect();
    assert_eq!(steps, [true]);
    let (picture, sound) = (video(&all)[239], audio(&all)[343]);
    let skew = picture.pts_event().as_micros() - sound.pts_event().as_micros();
    assert!(skew.abs() < 170_000, "{skew} µs");
}

#[test]
fn an_earlier_sync_offset_drops_what_would_be_shown_twice() {
    let publisher = Publisher::new(0);
    let mut timeline = Timeline::new(0);
    let mut all = run(&mut timeline, publisher.send(0, 3_000).into_iter().map(on_time));
    timeline.set_sync_offset(-500_000);
    all.extend(run(&mut timeline, publisher.send(3_000, 9_000).into_iter().map(on_time)));
    assert_invariants(&all);
    assert!(timeline.counters().dropped > 0);
    let last = all.last().expect("samples").pts_event().as_micros();
    assert!((last - BASE_MICROS - 8_530_000).abs() < 120_000, "{last}");
}

#[test]
fn audio_alone_takes_a_sync_offset_too() {
    let config = aac_config(ASC);
    let mut timeline = Timeline::new(0);
    let arrivals = |range: std::ops::Range<u32>| {
        let config = Arc::clone(&config);
        range.map(move |unit| {
            let millis = unit * 64 / 3;
            (BASE_MICROS + i64::from(millis) * 1000, audio_unit(&config, millis))
        })
    };
    let mut all = run(&mut timeline, arrivals(0..200));
    timeline.set_sync_offset(1_000_000);
    all.extend(run(&mut timeline, arrivals(200..400)));
    assert_invariants(&all);
    let gaps = all.windows(2).filter(|pair| pair[1].dts - pair[0].dts != 1024).count();
    assert_eq!(gaps, 1);
}

#[test]
fn a_session_does_not_go_back_before_the_end_of_the_last_one() {
    let sent = Publisher::new(0).send(0, 6_000);
    let mut timeline = Timeline::new(0);
    let end = EventTime::from_micros(BASE_MICROS + 1_500_000);
    timeline.start_after(end);
    let samples = run(&mut timeline, sent.into_iter().map(on_time));
    assert_invariants(&samples);
    assert!(samples.iter().all(|sample| sample.pts_event() > end));
    // The next sync sample after the end is two seconds into the session.
    assert!(video(&samples)[0].is_video_sync());
    let first = video(&samples)[0].pts_event().as_micros();
    assert!((first - BASE_MICROS - 2_097_000).abs() < 2_000, "{first}");
}

#[test]
fn sound_and_picture_stay_together_while_clocks_drift() {
    for ppm in [-200, 200] {
        let sent = Publisher::new(0).send(0, 1_800_000).into_iter();
        let drifting = sent.map(|(at, unit)| (BASE_MICROS + at + at / 1_000_000 * ppm, unit));
        let mut timeline = Timeline::new(0);
        let samples = run(&mut timeline, drifting);
        assert_invariants(&samples);
        let last = |track: &[&Sample]| track[track.len() - 1].pts_event().as_micros();
        let skew = last(&video(&samples)) - last(&audio(&samples));
        assert!(skew.abs() < 200_000, "{skew} µs apart after half an hour at {ppm} ppm");
        // 360 ms of drift, put right in steps of two access units.
        let counters = timeline.counters();
        let corrections = counters.realignments + counters.dropped;
        assert!((4..=20).contains(&corrections), "{counters:?}");
    }
}
