//! The times of a camera that catches up after a cut, spread over what the cut took the place of.
//!
//! A cut that is made at once comes in the middle of a part. A part that ended there would be shorter
//! than players accept within a segment (rfc8216bis-22 §4.4.4.9: 85 % of the target), and one more
//! request. But what was published ends at a part's boundary, and the new camera is on its way to the
//! event clock anyway: its first picture is moved to that boundary, and the rest of the catch-up is
//! spread from there, so that it is slower instead of the cut later.
//!
//! ```text
//!  programme   ═══════════════╪═ old ═╪▒▒▒ 4 x ▒▒▒╪═══ new ═══
//!  published   ═══════════════╪▒▒▒▒▒▒▒ 2 x ▒▒▒▒▒▒▒╪═══ new ═══
//!                          boundary  cut        settled
//! ```
//!
//! The sound is left as it is. From `settled` on nothing is moved, so no lag comes of it.

use genlock_media::Sample;

/// See the module documentation. Places on the [line](crate::line).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stretch {
    cut_90k: i64,
    boundary_90k: i64,
    settled_90k: i64,
}

impl Stretch {
    /// `None` where nothing would be moved, or there is no catch-up to spread.
    pub(crate) fn new(cut_90k: i64, boundary_90k: i64, settled_90k: i64) -> Option<Self> {
        let useful = boundary_90k < cut_90k && cut_90k < settled_90k;
        useful.then_some(Self { cut_90k, boundary_90k, settled_90k })
    }

    /// Where what was at `at_90k` goes.
    fn place(&self, at_90k: i64) -> i64 {
        if at_90k < self.cut_90k || at_90k >= self.settled_90k {
            return at_90k;
        }
        let since = i128::from(at_90k - self.cut_90k);
        let new = i128::from(self.settled_90k - self.boundary_90k);
        let old = i128::from(self.settled_90k - self.cut_90k);
        let moved = i64::try_from(since * new / old).unwrap_or(0);
        self.boundary_90k.saturating_add(moved)
    }

    /// Moves a picture whose decoding time lies `shift_90k` before its place on the line.
    pub(crate) fn apply(&self, sample: &mut Sample, shift_90k: i64) {
        let pts = self.place(sample.pts());
        sample.dts = self.place(sample.dts.saturating_add(shift_90k)).saturating_sub(shift_90k);
        sample.composition_offset = i32::try_from(pts.saturating_sub(sample.dts)).unwrap_or(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreads_the_catch_up_from_the_boundary_and_leaves_the_rest() {
        let stretch = Stretch::new(100_000, 70_000, 130_000).unwrap();
        let places = [99_999, 100_000, 115_000, 129_999, 130_000, 150_000];
        let moved = places.map(|at| stretch.place(at));
        assert_eq!(moved, [99_999, 70_000, 100_000, 129_998, 130_000, 150_000]);
    }

    #[test]
    fn nothing_is_spread_without_a_catch_up() {
        assert!(Stretch::new(100_000, 70_000, 100_000).is_none());
        assert!(Stretch::new(100_000, 100_000, 130_000).is_none());
    }
}
