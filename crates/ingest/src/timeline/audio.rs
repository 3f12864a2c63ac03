//! Audio times: counted in samples, never in rounded milliseconds.
//!
//! Each access unit starts exactly where the one before it ended. The publisher's timestamps only
//! watch over the count: when they deviate by more than [`REALIGN_MICROS`] the count is realigned.
//! Behind them, it jumps forward by a whole number of access units and fills nothing (whoever needs an
//! unbroken grid knows the length of the gap); ahead of them, access units are dropped until the
//! timestamps have caught up.

use genlock_media::{EventTime, Timescale};

/// Deviation of the count from the publisher's timestamps that is put right: more than the rounding
/// to milliseconds and the pairing of access units that phones do, less than the 60 ms by which sound
/// may precede the picture unnoticed (EBU R37).
const REALIGN_MICROS: i64 = 50_000;

/// Counts access units.
#[derive(Debug, Default)]
pub(super) struct AudioStamper {
    grid: Option<Grid>,
    realigning: bool,
    /// Nothing starts before this instant.
    floor: Option<EventTime>,
}

#[derive(Debug, Clone, Copy)]
struct Grid {
    timescale: Timescale,
    next: i64,
}

/// What became of an access unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AudioStamp {
    /// It starts at this tick, where the one before it ended.
    At(i64),
    /// It starts at this tick, after a gap.
    After(i64),
    /// It is dropped: the count was ahead.
    Dropped,
}

impl AudioStamper {
    /// Starts nothing at or before `micros`. Without effect once something was stamped.
    pub(super) const fn start_after(&mut self, micros: i64) {
        self.floor = Some(EventTime::from_micros(micros));
    }

    /// Stamps an access unit of `duration` ticks that the publisher placed at `wanted_micros` on the
    /// event clock.
    pub(super) fn stamp(
        &mut self,
        wanted_micros: i64,
        timescale: Timescale,
        duration: u32,
    ) -> AudioStamp {
        let wanted = EventTime::from_micros(wanted_micros).to_media(timescale).ticks;
        let duration = i64::from(duration.max(1));
        let Some(next) = self.next_in(timescale) else {
            if self.floor.is_some_and(|floor| wanted_micros <= floor.as_micros()) {
                return AudioStamp::Dropped;
            }
            self.grid = Some(Grid { timescale, next: wanted.saturating_add(duration) });
            return AudioStamp::At(wanted);
        };
        let deviation = wanted.saturating_sub(next);
        let threshold = REALIGN_MICROS * i64::from(timescale.get()) / 1_000_000;
        self.realigning |= deviation.saturating_abs() > threshold;
        if !self.realigning {
            self.advance(timescale, next, duration);
            return AudioStamp::At(next);
        }
        if deviation < -(duration / 2) {
            return AudioStamp::Dropped;
        }
        self.realigning = false;
        let skipped = deviation.max(0).saturating_add(duration / 2) / duration;
        let start = next.saturating_add(skipped.saturating_mul(duration));
        self.advance(timescale, start, duration);
        if skipped == 0 { AudioStamp::At(start) } else { AudioStamp::After(start) }
    }

    /// Realigns the count at the next access unit, however small the deviation.
    pub(super) const fn realign(&mut self) {
        self.realigning = true;
    }

    /// End of the last access unit, in the timescale of the next one.
    fn next_in(&self, timescale: Timescale) -> Option<i64> {
        let grid = self.grid?;
        let end = genlock_media::MediaTime::new(grid.next, grid.timescale);
        Some(end.rescale(timescale).ticks)
    }

    const fn advance(&mut self, timescale: Timescale, start: i64, duration: i64) {
        self.grid = Some(Grid { timescale, next: start.saturating_add(duration) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hz(rate: u32) -> Timescale {
        Timescale::new(rate).unwrap()
    }

    #[test]
    fn rounded_milliseconds_do_not_reach_the_count() {
        let mut stamper = AudioStamper::default();
        for unit in 0..100_000i64 {
            let millis = unit * 1024 * 1000 / 44_100;
            assert_eq!(stamper.stamp(millis * 1000, hz(44_100), 1024), AudioStamp::At(unit * 1024));
        }
    }

    #[test]
    fn a_gap_is_jumped_in_whole_access_units() {
        let mut stamper = AudioStamper::default();
        assert_eq!(stamper.stamp(0, hz(48_000), 1024), AudioStamp::At(0));
        assert_eq!(stamper.stamp(200_000, hz(48_000), 1024), AudioStamp::After(9 * 1024));
        assert_eq!(stamper.stamp(221_000, hz(48_000), 1024), AudioStamp::At(10 * 1024));
    }

    #[test]
    fn a_count_that_runs_ahead_drops_until_it_is_caught_up() {
        let mut stamper = AudioStamper::default();
        for unit in 0..10 {
            stamper.stamp(unit * 21_333, hz(48_000), 1024);
        }
        let back = [130_000, 151_333, 172_667, 194_000, 215_333];
        let got = back.map(|micros| stamper.stamp(micros, hz(48_000), 1024));
        let dropped = AudioStamp::Dropped;
        let last = AudioStamp::At(10 * 1024);
        assert_eq!(got, [dropped, dropped, dropped, dropped, last]);
    }

    #[test]
    fn a_change_of_rate_goes_on_at_the_same_instant() {
        let mut stamper = AudioStamper::default();
        stamper.stamp(0, hz(48_000), 1024);
        assert_eq!(stamper.stamp(21_333, hz(44_100), 1024), AudioStamp::At(941));
    }

    #[test]
    fn realigning_puts_a_small_deviation_right() {
        let mut stamper = AudioStamper::default();
        stamper.stamp(0, hz(48_000), 1024);
        stamper.realign();
        assert_eq!(stamper.stamp(45_000, hz(48_000), 1024), AudioStamp::After(2 * 1024));
    }
}
