//! How long a steady camera's pictures last, measured under the rounding to milliseconds.
//!
//! A camera at 30 pictures per second stamps them 33, 33 and 34 ms apart. The sum of such distances is
//! off by no more than a millisecond, however many there are, so that after one and a half seconds 30
//! and 29.97 pictures per second can be told apart.

use super::video::ticks;

/// How far a timestamp may lie from the true time because it is a whole number of milliseconds.
const ROUNDING_TICKS: i64 = 90;
/// Part of the time by which a camera's crystal may be off: 250 ppm, somewhat more than they are, and a
/// quarter of what is between a rate and the same of NTSC.
const CRYSTAL: i64 = 4_000;
/// Pictures that a first measure needs.
const PICTURES_MIN: i64 = 16;
/// Time after which a measure begins anew, so that a change of rate is seen soon: 4 s.
const MEASURE_TICKS: i64 = 360_000;
/// A longer pause is no number of pictures: 1 s.
const PAUSE_TICKS: i64 = 90_000;

/// `pictures` pictures last `ticks` of 1/90000 s. Neither is less than one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Period {
    ticks: i64,
    pictures: i64,
}

impl Period {
    /// How long `pictures` last, to the nearest tick.
    pub(super) fn span_of(self, pictures: i64) -> i64 {
        divide(pictures.saturating_mul(self.ticks), self.pictures)
    }

    /// How many pictures come nearest to a span.
    pub(super) fn pictures_in(self, ticks: i64) -> i64 {
        divide(ticks.saturating_mul(self.pictures), self.ticks)
    }

    /// Whether `pictures` of it may have taken a span, for all that rounding and crystals do.
    fn explains(self, pictures: i64, ticks: i64) -> bool {
        self.error(pictures, ticks) <= ROUNDING_TICKS.saturating_add(ticks / CRYSTAL)
    }

    /// How far `pictures` of it are from a span.
    fn error(self, pictures: i64, ticks: i64) -> i64 {
        self.span_of(pictures).saturating_sub(ticks).saturating_abs()
    }

    /// What `pictures` that took `ticks` are meant to be: a whole number of them per second, or a 1001st
    /// less (the rates of NTSC), where that explains it.
    fn meant_by(pictures: i64, ticks: i64) -> Self {
        let per = |second: i64| {
            let rate = divide(pictures.saturating_mul(second), ticks).max(1);
            Self { ticks: second, pictures: rate }
        };
        let nominal = [per(90_000), per(90_090)];
        let nearest = nominal.into_iter().min_by_key(|period| period.error(pictures, ticks));
        let meant = nearest.filter(|period| period.explains(pictures, ticks));
        meant.unwrap_or(Self { ticks, pictures })
    }
}

/// Measures the period of a camera whose pictures come at a steady rate.
///
/// The period in use is kept for as long as the measure that is under way agrees with it.
#[derive(Debug, Default)]
pub(super) struct Cadence {
    measure: Option<Measure>,
    period: Option<Period>,
}

/// Pictures since the decoding time `from`.
#[derive(Debug, Clone, Copy)]
struct Measure {
    from: i64,
    last: i64,
    pictures: i64,
}

impl Cadence {
    /// Takes note of a picture whose decoding time on the media line is `micros`.
    pub(super) fn note(&mut self, micros: i64) {
        let decode = ticks(micros);
        let Some(measure) = self.measure else {
            self.measure = Some(Measure { from: decode, last: decode, pictures: 0 });
            return;
        };
        let measure = measure.followed_by(decode);
        let (pictures, span) = (measure.pictures, measure.span());
        let agrees = |period: Period| period.explains(pictures, span);
        if pictures >= PICTURES_MIN && !self.period.is_some_and(agrees) {
            self.period = Some(Period::meant_by(pictures, span));
        }
        let is_over = span >= MEASURE_TICKS;
        self.measure = Some(if is_over {
            Measure { from: decode, last: decode, pictures: 0 }
        } else {
            measure
        });
    }

    /// How long pictures last; `None` as long as they have not been steady.
    pub(super) const fn period(&self) -> Option<Period> {
        self.period
    }
}

impl Measure {
    const fn span(self) -> i64 {
        self.last.saturating_sub(self.from)
    }

    /// The measure after one more picture, or a new one that begins with the last distance if that is
    /// not a number of pictures.
    fn followed_by(self, decode: i64) -> Self {
        let distance = decode.saturating_sub(self.last);
        if !(1..=PAUSE_TICKS).contains(&distance) {
            return Self { from: decode, last: decode, pictures: 0 };
        }
        match self.pictures_in(distance) {
            Some(more) => Self { last: decode, pictures: self.pictures + more, ..self },
            None => Self { from: self.last, last: decode, pictures: 1 },
        }
    }

    /// How many pictures after the last one the next is, some of which may have been dropped. `None` if
    /// it is unsteady.
    fn pictures_in(self, distance: i64) -> Option<i64> {
        if self.pictures == 0 {
            return Some(1);
        }
        let period = Period { ticks: self.span(), pictures: self.pictures };
        let pictures = period.pictures_in(distance);
        // Rounding makes the distance uncertain, and the period that it is compared with. Where it could
        // explain any distance, it explains nothing.
        let of_period = ROUNDING_TICKS.saturating_mul(pictures) / self.pictures;
        let explained = ROUNDING_TICKS.saturating_add(of_period);
        let fits = explained.saturating_mul(2) <= period.span_of(1)
            && period.error(pictures, distance) <= explained;
        (fits && pictures > 0).then_some(pictures)
    }
}

/// The nearest whole number, halves up. `by` is positive.
const fn divide(number: i64, by: i64) -> i64 {
    number.saturating_mul(2).saturating_add(by).div_euclid(by.saturating_mul(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The period after the pictures whose times in milliseconds are given.
    fn measured(millis: impl IntoIterator<Item = i64>) -> Option<Period> {
        let mut cadence = Cadence::default();
        millis.into_iter().for_each(|millis| cadence.note(millis * 1000));
        cadence.period()
    }

    #[test]
    fn finds_the_rate_under_the_rounding() {
        let check = |rate: (i64, i64), expect: (i64, i64)| {
            let period = measured((0..rate.0 / rate.1 * 3).map(|n| n * 1000 * rate.1 / rate.0));
            let (ticks, pictures) = expect;
            assert_eq!(period, Some(Period { ticks, pictures }), "{rate:?}");
        };
        check((24_000, 1001), (90_090, 24));
        check((24, 1), (90_000, 24));
        check((25, 1), (90_000, 25));
        check((30_000, 1001), (90_090, 30));
        check((30, 1), (90_000, 30));
        check((50, 1), (90_000, 50));
        check((60_000, 1001), (90_090, 60));
        check((60, 1), (90_000, 60));
        check((144, 1), (90_000, 144));
        // Neither of the usual kinds: as measured, which is exact here.
        check((25, 2), (16 * 7_200, 16));
    }

    #[test]
    fn dropped_pictures_are_counted() {
        let steady = |n: i64| n * 1000 / 30;
        let some = (0..200).filter(|n| n % 7 != 3 && n % 11 != 5).map(steady);
        assert_eq!(measured(some), Some(Period { ticks: 90_000, pictures: 30 }));
        let every_third = (0..200).filter(|n| n % 3 != 1).map(steady);
        assert_eq!(measured(every_third), Some(Period { ticks: 90_000, pictures: 30 }));
    }

    #[test]
    fn pictures_that_are_not_steady_have_no_period() {
        assert_eq!(measured((0..15).map(|n| n * 1000 / 30)), None, "too few");
        assert_eq!(measured((0..300).map(|n| n * 33 + n * n * 7 % 11)), None, "unsteady");
        assert_eq!(measured((0..300).map(|n| n * 5_000)), None, "a still every five seconds");
        assert_eq!(measured((0..300).map(|_| 7)), None, "time stands still");
    }

    #[test]
    fn another_rate_is_taken_once_it_is_measured() {
        let first = (0..200).map(|n| n * 1000 / 30);
        let then = (1..200).map(|n| 6_633 + n * 1000 / 25);
        let period = measured(first.chain(then));
        assert_eq!(period, Some(Period { ticks: 90_000, pictures: 25 }));
    }

    #[test]
    fn a_clock_that_is_off_is_no_other_rate() {
        let off = (0..100_000).map(|n| n * 1_000_100 / 30_000);
        assert_eq!(measured(off), Some(Period { ticks: 90_000, pictures: 30 }));
    }
}
