//! The map from a publisher's media line to the event clock: lower envelope of the delays, slewed.
//!
//! The delay of an access unit is its arrival minus its media time. Network and encoder only ever
//! *add* delay, so the smallest delay of a long window is the publisher's clock offset; everything
//! above it is jitter. Minima are kept per second of arrival; once a second the offset in use moves
//! towards the envelope by a bounded step. Between two such steps the map is a pure translation, so
//! the spacing of the output is the spacing of the input.
//!
//! ```text
//!  delay │ · ·    ·  ·      ·        all arrivals
//!        │  ·  ·· ·    · ·    ·
//!        │·   ·    · ·  ·  ··  ·     minimum of each second
//!        └────────────────────────   envelope: minimum of WINDOW_BUCKETS seconds
//! ```

use std::collections::VecDeque;
use std::time::Duration;

use genlock_media::EventTime;

/// How long the first access units are held before the map is fixed: the first picture is large and
/// late, and encoders send what they gathered while they connected as one burst.
pub(super) const HOLD: Duration = Duration::from_millis(500);

/// Length of a bucket of minima in microseconds.
const BUCKET_MICROS: i64 = 1_000_000;
/// Seconds with arrivals that the envelope looks at.
const WINDOW_BUCKETS: usize = 60;
/// Largest step per second once the map has settled: 500 ppm, over twice the tolerance of the
/// crystals in cameras and computers (200 ppm and less).
const SLEW_SETTLED_MICROS: i64 = 500;
/// Largest step per second during start-up and while the error is beyond [`FAR_MICROS`]: 0.5 %,
/// which changes a picture's duration at 30 fps by a sixth of a millisecond.
const SLEW_FAST_MICROS: i64 = 5_000;
/// Start-up ends this long after the map was fixed or restarted.
const START_UP: Duration = Duration::from_secs(30);
/// An error that is slewed at the fast rate also after start-up.
const FAR_MICROS: i64 = 100_000;
/// An error that is left alone: a moving minimum is noise below this, and a slewed timestamp is worse
/// than a quarter of a picture of constant error.
const DEAD_BAND_MICROS: i64 = 5_000;
/// When every delay of [`SHIFT_BUCKETS`] seconds lies this far above the map, the publisher's clock
/// stood still or its path became longer for good: the map steps instead of slewing for half an hour.
/// Less than this, viewers' hold-back covers.
const SHIFT_MICROS: i64 = 1_000_000;
/// Seconds with arrivals that a shift must last.
const SHIFT_BUCKETS: usize = 5;

/// The offset in use and the minima that it follows.
#[derive(Debug, Default)]
pub(super) struct ClockMap {
    /// Event time minus media time in microseconds; `None` while the first access units are held.
    offset: Option<i64>,
    first_arrival: Option<EventTime>,
    open: Option<Bucket>,
    /// Minima of closed buckets, oldest first.
    minima: VecDeque<i64>,
    fast_until: EventTime,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    index: i64,
    min: i64,
}

impl ClockMap {
    /// Takes note of an arrival; fixes the map when the hold is over, and slews it when a bucket
    /// closes. Tells the step in microseconds when the map was shifted for good.
    pub(super) fn observe(&mut self, now: EventTime, media_micros: i64) -> Option<i64> {
        let delay = now.as_micros().saturating_sub(media_micros);
        let index = now.as_micros().div_euclid(BUCKET_MICROS);
        let first = *self.first_arrival.get_or_insert(now);
        let closed = match &mut self.open {
            Some(bucket) if bucket.index == index => {
                bucket.min = bucket.min.min(delay);
                None
            }
            open => open.replace(Bucket { index, min: delay }),
        };
        if let Some(bucket) = closed {
            self.minima.push_back(bucket.min);
            if self.minima.len() > WINDOW_BUCKETS {
                self.minima.pop_front();
            }
        }
        match self.offset {
            None => {
                if now.saturating_since(first) >= HOLD {
                    self.fix(now);
                }
                None
            }
            Some(offset) => closed.and_then(|_| self.follow(now, offset)),
        }
    }

    /// Fixes the map with what has been seen.
    pub(super) fn fix(&mut self, now: EventTime) {
        self.offset = self.estimate();
        self.fast_until = now + START_UP;
    }

    /// Forgets the delays, which belonged to another media line; the offset stays in use.
    pub(super) fn restart(&mut self, now: EventTime) {
        self.open = None;
        self.minima.clear();
        self.fast_until = now + START_UP;
    }

    /// The offset in use, or the best guess while access units are held.
    pub(super) fn estimate(&self) -> Option<i64> {
        self.offset.or_else(|| {
            let open = self.open.map(|bucket| bucket.min);
            self.minima.iter().copied().chain(open).min()
        })
    }

    /// The map has been fixed.
    pub(super) const fn is_fixed(&self) -> bool {
        self.offset.is_some()
    }

    /// Event time in microseconds; the media time itself before anything was observed.
    pub(super) fn map(&self, media_micros: i64) -> i64 {
        media_micros.saturating_add(self.estimate().unwrap_or(0))
    }

    /// Moves the offset towards the envelope of the closed buckets.
    fn follow(&mut self, now: EventTime, offset: i64) -> Option<i64> {
        if let Some(shifted) = self.lasting_shift(offset) {
            self.minima.drain(..self.minima.len().saturating_sub(SHIFT_BUCKETS));
            self.offset = Some(shifted);
            self.fast_until = now + START_UP;
            return Some(shifted.saturating_sub(offset));
        }
        let envelope = self.minima.iter().copied().min()?;
        let error = envelope.saturating_sub(offset);
        if error.abs() > DEAD_BAND_MICROS {
            let fast = now < self.fast_until || error.abs() > FAR_MICROS;
            let limit = if fast { SLEW_FAST_MICROS } else { SLEW_SETTLED_MICROS };
            self.offset = Some(offset.saturating_add(error.clamp(-limit, limit)));
        }
        None
    }

    /// The smallest recent delay, if all recent delays lie beyond [`SHIFT_MICROS`] above the map.
    fn lasting_shift(&self, offset: i64) -> Option<i64> {
        if self.minima.len() < SHIFT_BUCKETS {
            return None;
        }
        let recent = self.minima.iter().rev().take(SHIFT_BUCKETS).copied().min()?;
        (recent.saturating_sub(offset) > SHIFT_MICROS).then_some(recent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(millis: i64) -> EventTime {
        EventTime::from_millis(millis)
    }

    /// Feeds one arrival each 20 ms from `from` for `seconds`, with the delay that `delay_ms` tells.
    fn feed(map: &mut ClockMap, from: i64, seconds: i64, delay_ms: impl Fn(i64) -> i64) -> i64 {
        let mut shifts = 0;
        for step in 0..seconds * 50 {
            let media = from + step * 20;
            let arrival = ms(media + delay_ms(media));
            shifts += i64::from(map.observe(arrival, media * 1000).is_some());
        }
        shifts
    }

    #[test]
    fn a_late_first_picture_does_not_set_the_map() {
        let mut map = ClockMap::default();
        feed(&mut map, 0, 2, |media| if media == 0 { 300 } else { 40 });
        assert_eq!(map.map(0), 40_000);
    }

    #[test]
    fn jitter_above_the_envelope_does_not_move_the_map() {
        let mut map = ClockMap::default();
        feed(&mut map, 0, 120, |media| 40 + (media / 20) % 7 * 30);
        assert_eq!(map.map(0), 40_000);
    }

    #[test]
    fn congestion_shorter_than_a_shift_does_not_move_the_map() {
        let mut map = ClockMap::default();
        feed(&mut map, 0, 60, |_| 40);
        let shifts = feed(&mut map, 60_000, 4, |_| 3_000);
        assert_eq!((shifts, map.map(0)), (0, 40_000));
    }

    #[test]
    fn a_delay_that_lasts_steps_the_map_once() {
        let mut map = ClockMap::default();
        feed(&mut map, 0, 60, |_| 40);
        let shifts = feed(&mut map, 60_000, 60, |_| 2_040);
        assert_eq!((shifts, map.map(0)), (1, 2_040_000));
    }

    #[test]
    fn a_slew_is_bounded_per_second() {
        let mut map = ClockMap::default();
        feed(&mut map, 0, 60, |_| 80);
        let before = map.map(0);
        feed(&mut map, 60_000, 10, |_| 20);
        let moved = before - map.map(0);
        assert!((4_000..=5_000).contains(&moved), "moved {moved} µs in ten seconds");
    }
}
