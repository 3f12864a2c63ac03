//! Rates over the last seconds, in buckets of one second.

use std::collections::VecDeque;

use genlock_media::EventTime;

/// Seconds that a rate is averaged over.
const SECONDS: i64 = 5;

/// Counts bytes, samples and media time by the second in which they arrived.
#[derive(Debug, Default)]
pub(crate) struct RateWindow {
    buckets: VecDeque<Bucket>,
    last_dts: Option<i64>,
}

#[derive(Debug, Default)]
struct Bucket {
    second: i64,
    bytes: u64,
    samples: u64,
    ticks: i64,
}

impl RateWindow {
    /// Takes note of a sample with decoding time `dts` in ticks.
    pub(crate) fn note(&mut self, now: EventTime, bytes: usize, dts: i64) {
        let second = second_of(now);
        if self.buckets.back().is_none_or(|bucket| bucket.second != second) {
            self.buckets.push_back(Bucket { second, ..Bucket::default() });
            while self.buckets.front().is_some_and(|bucket| bucket.second < second - SECONDS) {
                self.buckets.pop_front();
            }
        }
        let Some(bucket) = self.buckets.back_mut() else {
            return;
        };
        bucket.bytes += bytes as u64;
        if let Some(last) = self.last_dts {
            bucket.samples += 1;
            bucket.ticks = bucket.ticks.saturating_add(dts.saturating_sub(last));
        }
        self.last_dts = Some(dts);
    }

    /// Bits per second over the whole seconds before `now`.
    pub(crate) fn bits_per_second(&self, now: EventTime) -> u64 {
        let bytes: u64 = self.closed(now).map(|bucket| bucket.bytes).sum();
        bytes.saturating_mul(8) / u64::try_from(self.covered(now)).unwrap_or(1)
    }

    /// Samples per second of media time.
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    pub(crate) fn samples_per_second(&self, now: EventTime, ticks_per_second: u32) -> f64 {
        let (samples, ticks) = self
            .closed(now)
            .fold((0, 0i64), |(n, t), b| (n + b.samples, t.saturating_add(b.ticks)));
        if ticks <= 0 {
            return 0.0;
        }
        samples as f64 * f64::from(ticks_per_second) / ticks as f64
    }

    /// Samples per second of arrival.
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    pub(crate) fn arriving_per_second(&self, now: EventTime) -> f64 {
        let samples: u64 = self.closed(now).map(|bucket| bucket.samples).sum();
        samples as f64 / self.covered(now) as f64
    }

    /// Seconds of media per second of arrival.
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    pub(crate) fn speed(&self, now: EventTime, ticks_per_second: u32) -> f64 {
        let ticks = self.closed(now).fold(0i64, |sum, bucket| sum.saturating_add(bucket.ticks));
        ticks as f64 / f64::from(ticks_per_second) / self.covered(now) as f64
    }

    /// Whole seconds before `now` that there are counts of.
    fn covered(&self, now: EventTime) -> i64 {
        let first = self.buckets.front().map_or(0, |bucket| bucket.second);
        (second_of(now) - first).clamp(1, SECONDS)
    }

    fn closed(&self, now: EventTime) -> impl Iterator<Item = &Bucket> {
        let open = second_of(now);
        self.buckets.iter().filter(move |bucket| (open - SECONDS..open).contains(&bucket.second))
    }
}

fn second_of(now: EventTime) -> i64 {
    now.as_micros().div_euclid(1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 25 samples of 1 000 bytes per second, spaced unevenly in arrival and evenly in media time.
    fn filled(seconds: i64) -> RateWindow {
        let mut window = RateWindow::default();
        for index in 0..seconds * 25 {
            let jitter = index % 3 * 10;
            window.note(EventTime::from_millis(index * 40 + jitter), 1_000, index * 3_600);
        }
        window
    }

    #[test]
    fn rates_are_those_of_the_input() {
        let (window, now) = (filled(12), EventTime::from_millis(12_000));
        assert_eq!(window.bits_per_second(now) / 1_000, 200);
        assert!((window.samples_per_second(now, 90_000) - 25.0).abs() < 1e-9);
    }

    #[test]
    fn arrival_is_measured_by_the_clock_and_not_by_the_timestamps() {
        let mut window = RateWindow::default();
        // Half of the pictures of 25 fps, and two seconds of media in each second.
        for index in 0..120 {
            window.note(EventTime::from_millis(index * 80), 1_000, index * 14_400);
        }
        let now = EventTime::from_millis(9_600);
        assert!((window.arriving_per_second(now) - 12.5).abs() < 0.6);
        assert!((window.speed(now, 90_000) - 2.0).abs() < 0.1);
    }

    #[test]
    fn a_young_window_is_not_averaged_over_time_that_was_not_there() {
        let (window, now) = (filled(2), EventTime::from_millis(2_000));
        assert_eq!(window.bits_per_second(now) / 1_000, 200);
    }

    #[test]
    fn rates_fall_to_zero_when_nothing_comes() {
        let (window, now) = (filled(12), EventTime::from_millis(20_000));
        assert_eq!(window.bits_per_second(now), 0);
        assert!(window.samples_per_second(now, 90_000).abs() < f64::EPSILON);
    }
}
