//! Whether every frame came, once: the markers' counters.
//!
//! Counters grow by one from access unit to access unit of a camera. A change of the camera is a cut and starts
//! anew, and so does a camera whose counter falls while its send time grows: another publisher with the same number.
//! Frames that are missing shortly behind a cut are counted apart: a server may catch up by leaving out.

use std::ops::Add;

use crate::marker::Marker;

/// How long behind a cut, by the sender's clock, missing frames are the cut's.
const AFTER_CUT_US: u64 = 3_000_000;

/// What was missing or twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Access units with a marker.
    pub(crate) frames: u64,
    /// Missing, outside of cuts.
    pub(crate) lost: u64,
    /// Missing shortly behind a cut.
    pub(crate) lost_after_cut: u64,
    /// Seen before, or out of order.
    pub(crate) repeated: u64,
    /// Changes of the camera.
    pub(crate) cuts: u64,
}

impl Add for Counts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            frames: self.frames + other.frames,
            lost: self.lost + other.lost,
            lost_after_cut: self.lost_after_cut + other.lost_after_cut,
            repeated: self.repeated + other.repeated,
            cuts: self.cuts + other.cuts,
        }
    }
}

/// Follows one viewer's frames.
#[derive(Clone, Debug, Default)]
pub(crate) struct Continuity {
    last: Option<Marker>,
    /// Send time of the first frame behind the latest cut.
    cut_sent_us: Option<u64>,
    /// Of the push at hand.
    counts: Counts,
}

impl Continuity {
    /// Takes markers in decoding order; returns what there was to count about them.
    pub(crate) fn push(&mut self, markers: &[Marker]) -> Counts {
        self.counts = Counts::default();
        for marker in markers {
            self.push_one(*marker);
        }
        self.counts
    }

    /// Forgets what came before: the viewer itself has left something out.
    pub(crate) fn interrupt(&mut self) {
        self.last = None;
    }

    fn push_one(&mut self, marker: Marker) {
        self.counts.frames += 1;
        match self.last {
            None => {}
            Some(last) if last.camera != marker.camera => {
                self.counts.cuts += 1;
                self.cut_sent_us = Some(marker.sent_us);
            }
            Some(last) if marker.counter <= last.counter && marker.sent_us <= last.sent_us => {
                self.counts.repeated += 1;
                // The later one stays: what follows it is judged by it.
                return;
            }
            Some(last) if marker.counter <= last.counter => {}
            Some(last) => self.count_missing(marker.counter - last.counter - 1, marker.sent_us),
        }
        self.last = Some(marker);
    }

    fn count_missing(&mut self, missing: u64, sent_us: u64) {
        let near_cut = self.cut_sent_us.is_some_and(|cut| sent_us < cut + AFTER_CUT_US);
        match near_cut {
            true => self.counts.lost_after_cut += missing,
            false => self.counts.lost += missing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sent: &[(u16, u64, u64)], expect: Counts) {
        let mut continuity = Continuity::default();
        let counts = sent.iter().map(|(camera, counter, sent_s)| {
            let sent_us = sent_s * 1_000_000;
            continuity.push(&[Marker { camera: *camera, counter: *counter, sent_us }])
        });
        let frames = sent.len() as u64;
        assert_eq!(counts.reduce(Add::add), Some(Counts { frames, ..expect }));
    }

    #[test]
    fn every_frame_once_is_nothing_to_count() {
        check(&[(1, 5, 0), (1, 6, 0), (1, 7, 0)], Counts::default());
    }

    #[test]
    fn missing_and_repeated_frames_are_told_apart() {
        let expect = Counts { lost: 2, repeated: 2, ..Counts::default() };
        check(&[(1, 5, 0), (1, 8, 0), (1, 8, 0), (1, 6, 0), (1, 9, 0)], expect);
    }

    #[test]
    fn a_publisher_that_starts_anew_repeats_nothing() {
        check(&[(1, 500, 0), (1, 0, 1), (1, 1, 2)], Counts::default());
    }

    #[test]
    fn frames_left_out_behind_a_cut_are_the_cuts() {
        let expect = Counts { cuts: 1, lost_after_cut: 3, lost: 1, ..Counts::default() };
        check(&[(1, 5, 9), (2, 90, 10), (2, 94, 12), (2, 96, 13)], expect);
    }

    #[test]
    fn what_the_viewer_left_out_is_nobodys_loss() {
        let mut continuity = Continuity::default();
        continuity.push(&[Marker { camera: 1, counter: 1, sent_us: 0 }]);
        continuity.interrupt();
        let counts = continuity.push(&[Marker { camera: 1, counter: 50, sent_us: 0 }]);
        assert_eq!(counts, Counts { frames: 1, ..Counts::default() });
    }
}
