//! Lands the pictures of a steady camera on an exact grid.
//!
//! RTMP rounds a picture's time to a millisecond, and its composition offset once more. Clocks that
//! count in whole pictures then find two of them in one place, or none, whenever the camera's phase lies
//! near half a picture of theirs. The rounding is taken out again: a picture belongs to the nearest
//! place of a grid with the period of its [`Cadence`].
//!
//! ```text
//!  timestamps   0       33       66       100      133      167 ms
//!  grid         0      3000     6000      9000    12000    15000 ticks
//! ```
//!
//! The grid never contradicts the timestamps by more than [`ROUNDING_TICKS`]: where it would, it follows
//! them (a clock that drifts or is slewed, a period that is not quite right), and where it would by far,
//! it starts again at the picture (a rate or a time that changed, a picture out of step).

use super::cadence::Cadence;

/// What the grid may change of a picture's time: 1 ms.
const ROUNDING_TICKS: i64 = 90;
/// Deviation up to which the grid follows the picture: 2 ms, what encoders that cut the fractions off
/// decoding time and composition offset lose together. Beyond, it starts again.
const FOLLOWS_TICKS: i64 = 180;
/// Deviation up to which a decoding time is believed to mean a place on the grid: 3 ms, a fraction more,
/// since it is compared by way of the sync sample's presentation.
const DECODING_TICKS: i64 = 270;

/// The grid of a camera on the event clock.
#[derive(Debug, Default)]
pub(super) struct FrameGrid {
    cadence: Cadence,
    /// A place of the grid; `None` before the first picture.
    anchor: Option<i64>,
    last: Option<Landed>,
}

/// Where the last picture landed.
#[derive(Debug, Clone, Copy)]
struct Landed {
    place: i64,
    /// Some ticks behind the place, if that was taken already.
    at: i64,
}

impl FrameGrid {
    /// Takes note of the decoding time that the publisher gave a picture, in microseconds of its own.
    pub(super) fn note(&mut self, media_micros: i64) {
        let before = self.cadence.period();
        self.cadence.note(media_micros);
        if self.cadence.period() != before {
            self.anchor = self.last.map(|last| last.place);
        }
    }

    /// Where a picture that is to be presented at `wanted` ticks lands. Not where the last one did: pictures
    /// with one timestamp stay a tick apart.
    pub(super) fn land(&mut self, wanted: i64) -> i64 {
        let nearest = self.nearest(wanted).unwrap_or(wanted);
        let deviation = nearest.saturating_sub(wanted);
        let place = if deviation.saturating_abs() > FOLLOWS_TICKS {
            wanted
        } else {
            wanted.saturating_add(deviation.clamp(-ROUNDING_TICKS, ROUNDING_TICKS))
        };
        if place != nearest || self.anchor.is_none() {
            self.anchor = Some(place);
        }
        let taken = self.last.filter(|last| last.place == place);
        let at = taken.map_or(place, |last| last.at.saturating_add(1));
        self.last = Some(Landed { place, at });
        at
    }

    /// The place that a decoding time means which would be right for a presentation at `wanted` ticks.
    pub(super) fn decoding(&self, wanted: i64) -> i64 {
        let near = |place: &i64| place.saturating_sub(wanted).saturating_abs() <= DECODING_TICKS;
        self.nearest(wanted).filter(near).unwrap_or(wanted)
    }

    fn nearest(&self, wanted: i64) -> Option<i64> {
        let (anchor, period) = self.anchor.zip(self.cadence.period())?;
        let pictures = period.pictures_in(wanted.saturating_sub(anchor));
        Some(anchor.saturating_add(period.span_of(pictures)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A grid that has seen two seconds of 30 pictures per second, and the last of them.
    fn steady() -> (FrameGrid, i64) {
        let mut grid = FrameGrid::default();
        let mut landed = 0;
        for picture in 0..60 {
            let millis = picture * 1000 / 30;
            grid.note(millis * 1000);
            landed = grid.land(millis * 90);
        }
        (grid, landed)
    }

    #[test]
    fn pictures_come_out_whole_periods_apart() {
        let (mut grid, last) = steady();
        for picture in 1..1000 {
            let millis = (59 + picture) * 1000 / 30;
            grid.note(millis * 1000);
            assert_eq!(grid.land(millis * 90), last + picture * 3_000);
        }
    }

    #[test]
    fn a_gap_stays_on_the_grid_and_so_does_what_is_shown_before() {
        let (mut grid, last) = steady();
        assert_eq!(grid.land(last + 7 * 3_000 - 60), last + 7 * 3_000);
        assert_eq!(grid.land(last + 5 * 3_000 + 40), last + 5 * 3_000);
    }

    #[test]
    fn decoding_times_mean_places_of_the_same_grid() {
        let (grid, last) = steady();
        assert_eq!(grid.decoding(last + 3_000 + 200), last + 3_000);
        assert_eq!(grid.decoding(last + 4_500), last + 4_500, "nothing is near");
    }

    #[test]
    fn what_the_timestamps_contradict_is_followed() {
        let (mut grid, last) = steady();
        // By a little: as far as it must be.
        assert_eq!(grid.land(last + 3_000 + 130), last + 3_000 + 40);
        assert_eq!(grid.land(last + 6_000), last + 6_000 + 40);
        // By far: at once.
        assert_eq!(grid.land(last + 9_000 + 1_000), last + 10_000);
        assert_eq!(grid.land(last + 13_020), last + 13_000);
    }

    #[test]
    fn pictures_with_one_timestamp_stay_apart() {
        let (mut grid, last) = steady();
        let landed = [3_000, 3_001, 3_002, 6_030].map(|wanted| grid.land(last + wanted) - last);
        assert_eq!(landed, [3_000, 3_001, 3_002, 6_000]);
    }

    proptest! {
        #[test]
        fn no_picture_is_moved_by_more_than_a_millisecond(
            steps in proptest::collection::vec(prop_oneof![
                20 => 31i64..36, 5 => -70i64..140, 1 => -5_000i64..50_000,
            ], 1..800),
        ) {
            let mut grid = FrameGrid::default();
            let mut millis = 0;
            for step in steps {
                millis += step;
                grid.note(millis * 1000);
                let deviation = (grid.land(millis * 90) - millis * 90).abs();
                // One tick for each repetition of a timestamp; there are but a few in a row.
                prop_assert!(deviation <= 95, "{deviation} ticks");
            }
        }
    }
}
