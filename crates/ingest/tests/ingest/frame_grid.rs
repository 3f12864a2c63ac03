//! Steady cameras land on exact grids, as clocks see them that count in whole pictures.

use genlock_ingest::timeline::Timeline;
use genlock_media::{EventTime, Sample};

use crate::fixtures::{avc_config, video_unit};

/// Where the publisher's time 0 lies on the event clock.
const BASE_MICROS: i64 = 3_600_000_000;
const BASE_TICKS: i64 = BASE_MICROS * 9 / 100;
/// Pictures after which a camera's rate must be known for good.
const SETTLED: usize = 180;

/// How an encoder makes milliseconds of a decoding time and of a composition offset, which it knows as
/// multiples of a fraction of a second.
#[derive(Debug, Clone, Copy)]
enum Encoder {
    /// ffmpeg rounds both times, and sends the difference.
    Rounds,
    /// OBS cuts the fractions off decoding time and offset.
    Cuts,
}

/// A picture as it is sent, in milliseconds.
#[derive(Debug, Clone, Copy)]
struct Stamp {
    decode: i64,
    composition: i64,
    is_sync: bool,
}

/// `seconds` of a camera with two B-frames and a GOP of 60, in decoding order.
fn publish(encoder: Encoder, (rate, per): (i64, i64), seconds: i64) -> Vec<Stamp> {
    let floor = |pictures: i64| (pictures * 1000 * per).div_euclid(rate);
    let round = |pictures: i64| (pictures * 2000 * per + rate).div_euclid(2 * rate);
    let stamp = |decoded: i64| {
        let in_gop = decoded % 60;
        let later = match in_gop {
            0 => 1,
            // I0 P3 B1 B2 P6 B4 B5: the last mini-GOP has no B-frames left.
            58 | 59 => 1,
            _ => [0, 3, 0][(in_gop % 3) as usize],
        };
        let (decode, composition) = match encoder {
            Encoder::Rounds => (round(decoded), round(decoded + later) - round(decoded)),
            Encoder::Cuts => (floor(decoded), floor(later)),
        };
        Stamp { decode, composition, is_sync: in_gop == 0 }
    };
    (0..seconds * rate / per).map(stamp).collect()
}

/// What the timeline makes of pictures that arrive at their decoding time.
fn land(stamps: &[Stamp]) -> Vec<Sample> {
    let config = avc_config();
    let mut timeline = Timeline::new(0);
    let mut samples = Vec::new();
    for stamp in stamps {
        let timestamp = u32::try_from(stamp.decode).expect("a short session");
        let unit = video_unit(&config, timestamp, stamp.composition, stamp.is_sync);
        timeline.push(EventTime::from_micros(BASE_MICROS + stamp.decode * 1000), unit);
        samples.extend(std::iter::from_fn(|| timeline.poll()));
    }
    assert_eq!(samples.len(), stamps.len());
    samples
}

/// Presentation times as they were sent, in ticks after the publisher's zero.
fn sent(stamps: &[Stamp]) -> Vec<i64> {
    stamps.iter().map(|stamp| (stamp.decode + stamp.composition) * 90).collect()
}

/// Presentation times as they came out, likewise.
fn landed(samples: &[Sample]) -> Vec<i64> {
    samples.iter().map(|sample| sample.pts() - BASE_TICKS).collect()
}

fn sorted(times: &[i64]) -> Vec<i64> {
    let mut times = times.to_vec();
    times.sort_unstable();
    times
}

/// How many phases of a clock that counts in pictures of `period` ticks, as ffmpeg's null muxer does from
/// the first picture that it is given, find two of the pictures in one place.
fn collisions(times: &[i64], period: i64) -> usize {
    let times = sorted(times);
    let collides = |phase: &i64| {
        let count = |time: i64| (2 * (time + phase) + period).div_euclid(2 * period);
        times.windows(2).any(|pair| count(pair[0]) == count(pair[1]))
    };
    (0..period).step_by(10).filter(collides).count()
}

#[test]
fn clocks_that_count_in_pictures_find_each_in_a_place_of_its_own() {
    for encoder in [Encoder::Rounds, Encoder::Cuts] {
        for rate in [(24, 1), (25, 1), (30_000, 1001), (30, 1), (50, 1), (60, 1)] {
            let period = 90_000 * rate.1 / rate.0;
            let stamps = publish(encoder, rate, 20);
            let (before, after) = (sent(&stamps), landed(&land(&stamps)));
            // At 25 and 50 pictures per second the milliseconds are exact.
            let exact = 1000 * rate.1 % rate.0 == 0;
            let count = collisions(&before[SETTLED..], period);
            assert_eq!(count == 0, exact, "{encoder:?} {rate:?} as sent: {count}");
            let count = collisions(&after[SETTLED..], period);
            assert_eq!(count, 0, "{encoder:?} {rate:?} as landed");
        }
    }
}

#[test]
fn pictures_lie_whole_periods_apart_to_the_tick() {
    for encoder in [Encoder::Rounds, Encoder::Cuts] {
        for rate in [(24_000, 1001), (60_000, 1001), (120, 1), (48, 1), (15, 1), (29, 1)] {
            let stamps = publish(encoder, rate, 20);
            let samples = land(&stamps);
            let times = sorted(&landed(&samples)[SETTLED..]);
            let mut last = -1;
            for time in times.iter().map(|time| time - times[0]) {
                let ticks = 90_000 * rate.1;
                let picture = (2 * time * rate.0 + ticks) / (2 * ticks);
                let off = time - picture * ticks / rate.0;
                assert!(off.abs() <= 1, "{encoder:?} {rate:?}: {off} ticks at {picture}");
                assert!(picture > last, "{encoder:?} {rate:?}: {picture} twice");
                last = picture;
            }
        }
    }
}

#[test]
fn no_picture_is_moved_by_more_than_a_millisecond() {
    for encoder in [Encoder::Rounds, Encoder::Cuts] {
        for rate in [(24_000, 1001), (25, 1), (30, 1), (60_000, 1001), (120, 1)] {
            let stamps = publish(encoder, rate, 20);
            let samples = land(&stamps);
            for (before, after) in sent(&stamps).iter().zip(landed(&samples)) {
                assert!((after - before).abs() <= 90, "{encoder:?} {rate:?}: {before} {after}");
            }
        }
    }
}

#[test]
fn decoding_times_lie_on_the_grid_too_and_before_presentation() {
    for encoder in [Encoder::Rounds, Encoder::Cuts] {
        let samples = land(&publish(encoder, (30, 1), 20));
        for pair in samples[SETTLED..].windows(2) {
            assert_eq!(pair[1].dts - pair[0].dts, 3_000, "{encoder:?}");
            assert!(pair[1].composition_offset >= 0, "{encoder:?}");
        }
    }
}

#[test]
fn a_camera_that_drops_pictures_stays_on_its_grid() {
    let mut stamps = publish(Encoder::Cuts, (30, 1), 20);
    // B-frames, and one pause of a second.
    let drops = |(index, stamp): &(usize, &Stamp)| {
        (index % 3 == 2 && index % 7 == 0 || (300..330).contains(index)) && !stamp.is_sync
    };
    stamps = stamps.iter().enumerate().filter(|all| !drops(all)).map(|(_, stamp)| *stamp).collect();
    let times = landed(&land(&stamps));
    let times = sorted(&times[SETTLED..]);
    for pair in times.windows(2) {
        assert_eq!((pair[1] - pair[0]) % 3_000, 0, "{pair:?}");
    }
}

#[test]
fn a_clock_that_drifts_is_followed_by_a_millisecond_at_most_at_a_time() {
    for per in [999_900, 1_000_100] {
        let stamps = publish(Encoder::Cuts, (30_000_000, per), 600);
        let times = landed(&land(&stamps));
        let pairs = sorted(&times[SETTLED..]);
        let steps = pairs.windows(2).map(|pair| pair[1] - pair[0] - 3_000);
        let odd: Vec<_> = steps.filter(|step| *step != 0).collect();
        assert!(odd.iter().all(|step| step.abs() <= 90), "{per}: {odd:?}");
        assert!(odd.len() * 20 < times.len(), "{per}: {}", odd.len());
        let drift = (times.len() - SETTLED) as i64 * 3_000 * (per - 1_000_000) / 1_000_000;
        let followed: i64 = odd.iter().sum();
        assert!((followed - drift).abs() <= 180, "{per}: {followed} of {drift}");
        for (before, after) in sent(&stamps).iter().zip(&times) {
            assert!((after - before).abs() <= 90, "{per}: {before} {after}");
        }
    }
}

#[test]
fn another_rate_has_another_grid() {
    let first = publish(Encoder::Rounds, (30, 1), 10);
    let then = publish(Encoder::Rounds, (25, 1), 10);
    let resumed = then.iter().map(|stamp| Stamp { decode: stamp.decode + 10_000, ..*stamp });
    let stamps: Vec<_> = first.iter().copied().chain(resumed).collect();
    let times = landed(&land(&stamps));
    let (before, after) = times.split_at(first.len());
    let steps = |times: &[i64]| -> Vec<i64> {
        let mut steps: Vec<_> = sorted(times).windows(2).map(|pair| pair[1] - pair[0]).collect();
        steps.dedup();
        steps
    };
    assert_eq!(steps(&before[SETTLED..]), [3_000]);
    assert_eq!(steps(&after[SETTLED..]), [3_600]);
}
