//! Media time and the event clock.
//!
//! Two of the three clocks of Genlock live here (the third, wall time, is sampled at the edge and
//! only labels things):
//!
//! - **media time**: ticks of a timescale, [`MediaTime`];
//! - **event clock**: monotonic, [`EventTime`], the time at which things happen in the server.
//!
//! Samples in a Feed carry ticks of their track's timescale *on the event clock*: tick 0 is the event
//! clock's zero. Arithmetic is integer, through `i128`, with the rounding stated; floats appear only
//! in playlist text.

use std::cmp::Ordering;
use std::num::NonZeroU32;
use std::ops::{Add, Sub};
use std::time::Duration;

/// Ticks per second of a track. Never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Timescale(NonZeroU32);

impl Timescale {
    /// 90 kHz: every video track, and MPEG-TS.
    pub const VIDEO: Self = Self::constant(90_000);
    /// Microseconds: the event clock.
    pub const MICROSECONDS: Self = Self::constant(1_000_000);

    /// A timescale of `ticks_per_second`, `None` for zero.
    #[must_use]
    pub const fn new(ticks_per_second: u32) -> Option<Self> {
        match NonZeroU32::new(ticks_per_second) {
            Some(ticks) => Some(Self(ticks)),
            None => None,
        }
    }

    const fn constant(ticks_per_second: u32) -> Self {
        match NonZeroU32::new(ticks_per_second) {
            Some(ticks) => Self(ticks),
            None => panic!("a timescale constant is not zero"),
        }
    }

    /// Ticks per second.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0.get()
    }
}

/// A point or a span of media time: `ticks` of `timescale`.
///
/// Ordering and equality compare the instants exactly, whatever the timescales:
/// `MediaTime::new(1, 2 Hz) == MediaTime::new(2, 4 Hz)`.
#[derive(Debug, Clone, Copy)]
pub struct MediaTime {
    /// Signed: a camera's first frame may lie before its own zero.
    pub ticks: i64,
    /// Unit of `ticks`.
    pub timescale: Timescale,
}

impl MediaTime {
    /// `ticks` of `timescale`.
    #[must_use]
    pub const fn new(ticks: i64, timescale: Timescale) -> Self {
        Self { ticks, timescale }
    }

    /// The same instant in `to`, rounded to the nearest tick, halves away from zero. Saturates.
    #[must_use]
    pub fn rescale(self, to: Timescale) -> Self {
        if self.timescale == to {
            return self;
        }
        let scaled = i128::from(self.ticks) * i128::from(to.get());
        Self::new(saturate(div_round(scaled, i128::from(self.timescale.get()))), to)
    }

    /// The same instant on the event clock, rounded to the nearest microsecond.
    #[must_use]
    pub fn to_event(self) -> EventTime {
        EventTime::from_micros(self.rescale(Timescale::MICROSECONDS).ticks)
    }

    /// Seconds as a float, for playlist text and logs only.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "text needs microseconds, not exactness")]
    pub fn as_secs_f64(self) -> f64 {
        self.ticks as f64 / f64::from(self.timescale.get())
    }
}

impl PartialEq for MediaTime {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for MediaTime {}

impl PartialOrd for MediaTime {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for MediaTime {
    fn cmp(&self, other: &Self) -> Ordering {
        let left = i128::from(self.ticks) * i128::from(other.timescale.get());
        let right = i128::from(other.ticks) * i128::from(self.timescale.get());
        left.cmp(&right)
    }
}

/// An instant (or, as a difference, a span) on the event clock, in microseconds.
///
/// Monotonic, one for the whole server. Its zero is fixed when a data folder is first used, so that the
/// programme's timeline goes on after a restart; the mapping to wall time is sampled at the edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct EventTime(i64);

impl EventTime {
    /// The zero of the event clock.
    pub const ZERO: Self = Self(0);
    /// Later than everything.
    pub const MAX: Self = Self(i64::MAX);

    /// An instant `micros` microseconds after zero.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// An instant `millis` milliseconds after zero. Saturates.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1000))
    }

    /// Microseconds since zero.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Milliseconds since zero, rounded towards negative infinity.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// The same instant in ticks of `timescale`, rounded to the nearest tick.
    #[must_use]
    pub fn to_media(self, timescale: Timescale) -> MediaTime {
        MediaTime::new(self.0, Timescale::MICROSECONDS).rescale(timescale)
    }

    /// How much later than `earlier` this is; zero if it is not later.
    #[must_use]
    pub fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl Add<Duration> for EventTime {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(micros(span)))
    }
}

impl Sub<Duration> for EventTime {
    type Output = Self;

    fn sub(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(micros(span)))
    }
}

fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}

/// `numerator / denominator` to the nearest integer, halves away from zero; `denominator > 0`.
fn div_round(numerator: i128, denominator: i128) -> i128 {
    let half = denominator / 2;
    if numerator >= 0 { (numerator + half) / denominator } else { (numerator - half) / denominator }
}

fn saturate(value: i128) -> i64 {
    i64::try_from(value).unwrap_or(if value < 0 { i64::MIN } else { i64::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hz(ticks: u32) -> Timescale {
        Timescale::new(ticks).unwrap()
    }

    #[test]
    fn equal_instants_compare_equal_in_any_timescale() {
        assert_eq!(MediaTime::new(1, hz(2)), MediaTime::new(2, hz(4)));
        assert!(MediaTime::new(1024, hz(48_000)) < MediaTime::new(1921, hz(90_000)));
    }

    #[test]
    fn rescale_rounds_to_nearest_away_from_zero() {
        assert_eq!(MediaTime::new(1, hz(2)).rescale(hz(1)).ticks, 1);
        assert_eq!(MediaTime::new(-1, hz(2)).rescale(hz(1)).ticks, -1);
        assert_eq!(MediaTime::new(1, hz(3)).rescale(hz(1)).ticks, 0);
    }

    #[test]
    fn rescale_saturates_instead_of_wrapping() {
        assert_eq!(MediaTime::new(i64::MAX, hz(1)).rescale(hz(90_000)).ticks, i64::MAX);
    }

    #[test]
    fn event_time_differences_never_go_below_zero() {
        let early = EventTime::from_millis(5);
        assert_eq!(early.saturating_since(EventTime::from_millis(9)), Duration::ZERO);
        assert_eq!((early + Duration::from_millis(4)).as_millis(), 9);
    }

    proptest! {
        #[test]
        fn rescale_there_and_back_is_within_one_coarse_tick(ticks in -1_000_000_000_000i64..1_000_000_000_000) {
            let there = MediaTime::new(ticks, Timescale::VIDEO).rescale(Timescale::MICROSECONDS);
            let back = there.rescale(Timescale::VIDEO);
            prop_assert!((back.ticks - ticks).abs() <= 1);
        }
    }
}
