//! Video times: 90 kHz ticks, DTS strictly increasing, one composition offset at every sync sample.
//!
//! Presentation times are what lands on the event clock, freed of their rounding to milliseconds where
//! the camera is steady ([`frame_grid`](super::frame_grid)); they are never moved to suit an encoder's
//! reorder depth, so that sound and picture stay together. Decoding times are rebuilt from them:
//!
//! ```text
//!  sync sample   DTS = PTS - 100 ms
//!  others        DTS = min(DTS of the publisher, moved like the sync sample's; PTS), > the last
//! ```
//!
//! DTS <= PTS therefore holds for encoders that reorder by up to 100 ms, and for deeper ones wherever
//! a strictly increasing DTS leaves room. Where it leaves none the composition offset goes negative
//! rather than the presentation time wrong.

use genlock_media::{MediaTime, Timescale};

use super::frame_grid::FrameGrid;

/// Presentation minus decoding time of every sync sample: 100 ms.
pub const SYNC_COMPOSITION_OFFSET: i32 = 9_000;

/// How far a sync sample may be moved later to keep DTS increasing: up to what its own offset hides.
/// A line that went back further loses pictures until it has caught up.
const LATER_MAX_TICKS: i64 = 9_000;

/// Decoding and presentation time of a sample in ticks of 1/90000 s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) dts: i64,
    pub(super) composition_offset: i32,
}

/// Rebuilds decoding times.
#[derive(Debug, Default)]
pub(super) struct VideoStamper {
    grid: FrameGrid,
    /// Added to the publisher's decoding time: what moves the last sync sample's from its own composition
    /// offset before its presentation to [`SYNC_COMPOSITION_OFFSET`] before it.
    decode_shift: i64,
    /// Added to all times of the current GOP because its sync sample had no room where it belonged.
    later: i64,
    /// The publisher's decoding time, made strictly increasing.
    last_decode: Option<i64>,
    last_dts: Option<i64>,
    /// The line went back: nothing is let through until a sync sample lies after the last DTS.
    waits_for_room: bool,
}

impl VideoStamper {
    /// Presents nothing at or before `micros`. Without effect once something was stamped.
    pub(super) fn start_after(&mut self, micros: i64) {
        if self.last_decode.is_none() {
            let floor = ticks(micros).saturating_sub(i64::from(SYNC_COMPOSITION_OFFSET));
            self.last_dts = Some(floor);
        }
    }

    /// Stamps a sample whose decoding time is `media_micros` by the publisher's clock and `decode_micros`
    /// on the event clock. `None` when it must be dropped because time went back.
    pub(super) fn stamp(
        &mut self,
        media_micros: i64,
        decode_micros: i64,
        composition_micros: i64,
        is_sync: bool,
    ) -> Option<Stamp> {
        self.grid.note(media_micros);
        let decode = ticks(decode_micros);
        let composition = ticks(composition_micros);
        if is_sync {
            self.sync(decode, composition)
        } else if self.waits_for_room {
            None
        } else {
            Some(self.inter(decode, composition))
        }
    }

    fn sync(&mut self, decode: i64, composition: i64) -> Option<Stamp> {
        let offset = i64::from(SYNC_COMPOSITION_OFFSET);
        let presented = self.grid.land(decode.saturating_add(composition));
        let natural = presented.saturating_sub(offset);
        let dts = self.last_dts.map_or(natural, |last| natural.max(last.saturating_add(1)));
        let later = dts.saturating_sub(natural);
        self.waits_for_room = later > LATER_MAX_TICKS;
        if self.waits_for_room {
            return None;
        }
        self.decode_shift = composition.saturating_sub(offset);
        self.later = later;
        self.last_decode = Some(decode);
        self.last_dts = Some(dts);
        Some(Stamp { dts, composition_offset: SYNC_COMPOSITION_OFFSET })
    }

    fn inter(&mut self, decode: i64, composition: i64) -> Stamp {
        let decode = self.last_decode.map_or(decode, |last| decode.max(last.saturating_add(1)));
        self.last_decode = Some(decode);
        let presented = self.grid.land(decode.saturating_add(composition));
        let pts = presented.saturating_add(self.later);
        let wanted = self.decoded(decode).saturating_add(self.later).min(pts);
        let dts = self.last_dts.map_or(wanted, |last| wanted.max(last.saturating_add(1)));
        self.last_dts = Some(dts);
        let distance = pts.saturating_sub(dts);
        let limit = if distance < 0 { i32::MIN } else { i32::MAX };
        Stamp { dts, composition_offset: i32::try_from(distance).unwrap_or(limit) }
    }

    /// Where the publisher's decoding time lies once it is moved like the sync sample's.
    fn decoded(&self, decode: i64) -> i64 {
        let offset = i64::from(SYNC_COMPOSITION_OFFSET);
        let moved = decode.saturating_add(self.decode_shift);
        self.grid.decoding(moved.saturating_add(offset)).saturating_sub(offset)
    }
}

pub(super) fn ticks(micros: i64) -> i64 {
    MediaTime::new(micros, Timescale::MICROSECONDS).rescale(Timescale::VIDEO).ticks
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stamps (decode ms, composition ms, sync) and gives (DTS, composition offset) in ms, or `None`.
    fn check(input: &[(i64, i64, bool)], expect: &[Option<(i64, i64)>]) {
        let mut stamper = VideoStamper::default();
        let got: Vec<_> = input
            .iter()
            .map(|&(decode, composition, sync)| {
                let stamp =
                    stamper.stamp(decode * 1000, decode * 1000, composition * 1000, sync)?;
                Some((stamp.dts / 90, i64::from(stamp.composition_offset) / 90))
            })
            .collect();
        assert_eq!(got, expect);
    }

    #[test]
    fn without_reordering_every_sample_gets_the_constant() {
        check(
            &[(1000, 0, true), (1033, 0, false), (1067, 0, true)],
            &[Some((900, 100)), Some((933, 100)), Some((967, 100))],
        );
    }

    #[test]
    fn reordering_keeps_presentation_times_and_the_constant_at_sync_samples() {
        check(
            &[(1000, 66, true), (1033, 132, false), (1066, 33, false), (1100, 0, false)],
            &[Some((966, 100)), Some((999, 166)), Some((1032, 67)), Some((1066, 34))],
        );
    }

    #[test]
    fn reordering_deeper_than_the_constant_decodes_no_later_than_it_presents() {
        check(
            &[(1000, 133, true), (1067, 333, false), (1133, 133, false), (1200, 0, false)],
            &[Some((1033, 100)), Some((1100, 300)), Some((1166, 100)), Some((1200, 0))],
        );
    }

    #[test]
    fn negative_composition_times_are_presented_where_they_ask() {
        check(
            &[(1000, -33, true), (1033, -33, false), (1066, -66, false)],
            &[Some((867, 100)), Some((900, 100)), Some((933, 67))],
        );
    }

    #[test]
    fn a_repeated_timestamp_moves_on_by_one_tick() {
        let mut stamper = VideoStamper::default();
        let first = stamper.stamp(186_000, 186_000, 0, true).unwrap();
        let second = stamper.stamp(186_000, 186_000, 0, false).unwrap();
        let third = stamper.stamp(180_000, 180_000, 0, true).unwrap();
        assert_eq!((second.dts - first.dts, second.composition_offset), (1, 9_000));
        assert_eq!((third.dts - second.dts, third.composition_offset), (1, 9_000));
    }

    #[test]
    fn a_line_that_went_back_resumes_at_a_sync_sample_after_the_last_one() {
        check(
            &[(2000, 0, true), (1500, 0, true), (1533, 0, false), (2100, 0, true)],
            &[Some((1900, 100)), None, None, Some((2000, 100))],
        );
    }
}
