//! Distributions of durations in bounded memory.
//!
//! Values are whole microseconds in buckets that grow with the value: 64 buckets for every power of two, so that a
//! quantile is at most 1.6 % too high, whatever was recorded. Minimum, maximum and mean are exact.

use std::time::Duration;

/// Buckets per power of two, as a power of two.
const SUB_BITS: u32 = 6;
const SUB_BUCKETS: u64 = 1 << SUB_BITS;
/// Values from here on (12.7 days) share the last bucket.
const VALUE_BITS: u32 = 40;
const BUCKETS: usize = ((VALUE_BITS - SUB_BITS + 1) as usize) << SUB_BITS;

/// A distribution of durations.
#[derive(Clone, Debug)]
pub(crate) struct Histogram {
    counts: Vec<u64>,
    count: u64,
    sum_us: u128,
    min_us: u64,
    max_us: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: vec![0; BUCKETS], count: 0, sum_us: 0, min_us: u64::MAX, max_us: 0 }
    }
}

impl Histogram {
    /// Records a duration.
    pub(crate) fn record(&mut self, duration: Duration) {
        self.record_us(duration.as_micros().try_into().unwrap_or(u64::MAX));
    }

    /// Records a duration in microseconds.
    pub(crate) fn record_us(&mut self, value: u64) {
        if let Some(count) = self.counts.get_mut(bucket(value)) {
            *count += 1;
        }
        self.count += 1;
        self.sum_us += u128::from(value);
        self.min_us = self.min_us.min(value);
        self.max_us = self.max_us.max(value);
    }

    /// How many were recorded.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// The smallest, or 0.
    pub(crate) fn min_us(&self) -> u64 {
        if self.count == 0 { 0 } else { self.min_us }
    }

    /// The largest, or 0.
    pub(crate) fn max_us(&self) -> u64 {
        self.max_us
    }

    /// The mean, or 0.
    pub(crate) fn mean_us(&self) -> f64 {
        self.sum_us as f64 / self.count.max(1) as f64
    }

    /// The value that this share (0..=1) of all does not exceed, by nearest rank; 0 if there are none.
    pub(crate) fn quantile_us(&self, share: f64) -> u64 {
        let rank = ((share * self.count as f64).ceil() as u64).clamp(1, self.count.max(1));
        let mut seen = 0;
        for (index, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= rank && *count > 0 {
                return highest_of(index).clamp(self.min_us, self.max_us);
            }
        }
        0
    }

    /// Points (value in µs, share of all up to it) of the cumulative distribution, one per bucket in use.
    pub(crate) fn cumulative(&self) -> Vec<(u64, f64)> {
        let mut seen = 0;
        let used = self.counts.iter().enumerate().filter(|(_, count)| **count > 0);
        used.map(|(index, count)| {
            seen += count;
            (highest_of(index).min(self.max_us), seen as f64 / self.count as f64)
        })
        .collect()
    }
}

fn bucket(value: u64) -> usize {
    let value = value.min((1 << VALUE_BITS) - 1);
    if value < SUB_BUCKETS {
        return value as usize;
    }
    let exponent = value.ilog2() - SUB_BITS;
    // The top bit is always set: the first power of two with full resolution starts behind the exact values.
    let sub = (value >> exponent) - SUB_BUCKETS;
    (u64::from(exponent + 1) * SUB_BUCKETS + sub) as usize
}

fn highest_of(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    let (exponent, sub) = (bucket / SUB_BUCKETS, bucket % SUB_BUCKETS);
    match exponent.checked_sub(1) {
        None => bucket,
        Some(exponent) => ((SUB_BUCKETS + sub + 1) << exponent) - 1,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_bucket_holds_what_is_put_into_it(value in 0_u64..1 << VALUE_BITS) {
            let highest = highest_of(bucket(value));
            prop_assert!(highest >= value);
            prop_assert!(highest - value <= value / SUB_BUCKETS);
        }

        #[test]
        fn quantiles_agree_with_sorting(
            mut values in prop::collection::vec(0_u64..10_000_000, 1..300_usize),
            share in 0.0..=1.0_f64,
        ) {
            let mut histogram = Histogram::default();
            values.iter().for_each(|value| histogram.record_us(*value));
            values.sort_unstable();
            let rank = ((share * values.len() as f64).ceil() as usize).clamp(1, values.len());
            let exact = values[rank - 1];
            let found = histogram.quantile_us(share);
            prop_assert!(found >= exact && found - exact <= exact / SUB_BUCKETS, "{found} {exact}");
        }
    }

    #[test]
    fn a_hundred_milliseconds_have_the_percentiles_of_the_textbook() {
        let mut histogram = Histogram::default();
        (1..=100).for_each(|ms| histogram.record(Duration::from_millis(ms)));
        let about = |share| histogram.quantile_us(share) / 1000;
        assert_eq!((about(0.5), about(0.99), about(1.0)), (50, 99, 100));
        assert_eq!(histogram.min_us(), 1_000);
        assert!((histogram.mean_us() - 50_500.0).abs() < 0.001);
    }

    #[test]
    fn nothing_recorded_is_zero_everywhere() {
        let histogram = Histogram::default();
        assert_eq!(histogram.quantile_us(0.5), 0);
        assert_eq!(histogram.min_us(), 0);
        assert_eq!(histogram.cumulative(), []);
    }

    #[test]
    fn the_cumulative_distribution_ends_at_one() {
        let mut histogram = Histogram::default();
        [5, 5, 70, 70_000, u64::MAX].into_iter().for_each(|value| histogram.record_us(value));
        let points = histogram.cumulative();
        assert_eq!(points[0], (5, 0.4));
        assert_eq!(points.last().map(|(_, share)| *share), Some(1.0));
    }
}
