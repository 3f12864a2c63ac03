//! The video splicer: which samples may leave, and where the old camera ends.
//!
//! **Identity map.** A sample leaves with the decoding and presentation times that its camera gave it on
//! the event clock. The splicer chooses samples; with the one exception of an in-point that fills a hole,
//! it changes no time. A cut therefore cannot add lag.
//!
//! **Complete prefixes.** With B-frames the decoder gets a picture before the ones that are shown before
//! it:
//!
//! ```text
//!   decode order   I0  P3  B1  B2  P6  B4  B5
//!   shown at        0   3   1   2   6   4   5
//!   complete after  *           *           *
//! ```
//!
//! A prefix is complete when no later sample is shown before its last picture. Cameras are normalised so
//! that the n-th sample in decode order has a decoding time of the n-th smallest presentation time less
//! a constant, so completeness shows without waiting for the next sample: the prefix's largest
//! presentation time is its last decoding time plus that constant.
//!
//! **Out-point.** The longest complete prefix whose pictures have all been shown whole at the cut and whose
//! last decoding time lies before the new sync sample's. Samples behind it are dropped: nothing that is kept
//! refers to them, because references point backwards in decode order. Less than one mini-GOP is lost.
//!
//! **In-point.** A sync sample beyond everything that has left. It is shown from the end of the old
//! camera's last picture on, at most that mini-GOP early: the hole would stall players (a picture lasts
//! for its own duration, whatever follows, ISO/IEC 14496-12 §8.8.8), and the last picture in
//! presentation has often left before the cut is known, so that it cannot be made to last. Pictures of
//! the new camera that are shown before it (leading pictures of an open GOP) are dropped by the
//! [`source`](crate::source).

use std::collections::VecDeque;

use genlock_media::{EventTime, Sample};

use crate::limits::{COMPOSITION_SHIFT_TICKS, GRID_TOLERANCE_TICKS};

/// How far the programme's video has come: nothing at or before either time may follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Edge {
    /// Decoding time of the last sample.
    pub(crate) dts: i64,
    /// Largest presentation time of all samples.
    pub(crate) pts: i64,
}

impl Edge {
    /// The edge after `sample` has followed `edge`.
    pub(crate) fn after(edge: Option<Self>, sample: &Sample) -> Self {
        Self {
            dts: sample.dts,
            pts: edge.map_or_else(|| sample.pts(), |edge| edge.pts.max(sample.pts())),
        }
    }

    /// The later of both in each time.
    pub(crate) fn max(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        match (one, other) {
            (Some(one), Some(other)) => {
                Some(Self { dts: one.dts.max(other.dts), pts: one.pts.max(other.pts) })
            }
            (one, other) => one.or(other),
        }
    }

    /// No picture is missing that would be shown before the last one.
    pub(crate) const fn is_complete(self) -> bool {
        self.pts
            <= self.dts.saturating_add(COMPOSITION_SHIFT_TICKS).saturating_add(GRID_TOLERANCE_TICKS)
    }

    /// Whether a sync sample may follow as an in-point.
    pub(crate) fn admits(edge: Option<Self>, sample: &Sample) -> bool {
        edge.is_none_or(|edge| sample.dts > edge.dts && sample.pts() > edge.pts)
    }
}

/// A sample that waits to leave.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    /// When it came.
    pub(crate) arrived: EventTime,
    /// The sample.
    pub(crate) sample: Sample,
}

/// What may leave of the camera on air. All times are 90 kHz ticks on the event clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit {
    /// No cut is pending: samples pass when their time has come.
    Paced {
        /// Largest decoding time that may leave.
        dts: i64,
    },
    /// A cut is pending, its in-point is not known: complete prefixes pass.
    Pending {
        /// Pictures shown at or after this stay.
        pts: i64,
        /// Samples with a decoding time up to this leave in any case, so that a camera that never
        /// completes a prefix is not held for good.
        overdue_dts: i64,
    },
    /// The in-point is known: complete prefixes before it pass.
    Cut {
        /// Decoding time of the in-point.
        dts: i64,
        /// Presentation time of the in-point.
        pts: i64,
    },
}

/// Number of samples at the front of `queue` that may leave, given what has left.
pub(crate) fn releasable(edge: Option<Edge>, queue: &VecDeque<Held>, limit: Limit) -> usize {
    match limit {
        Limit::Paced { dts } => count_until(queue, dts),
        Limit::Pending { pts, overdue_dts } => {
            count_until(queue, overdue_dts).max(longest_complete(edge, queue, i64::MAX, pts))
        }
        Limit::Cut { dts, pts } => longest_complete(edge, queue, dts, pts),
    }
}

/// Number of samples at the front whose decoding time is at most `dts`.
fn count_until(queue: &VecDeque<Held>, dts: i64) -> usize {
    queue.iter().take_while(|held| held.sample.dts <= dts).count()
}

/// The longest complete prefix of `queue`, behind `edge`, that is decoded before `dts_limit` and shown
/// before `pts_limit`. A picture that is shown before the edge passes whatever the second limit says: it
/// completes what has left already.
fn longest_complete(
    edge: Option<Edge>,
    queue: &VecDeque<Held>,
    dts_limit: i64,
    pts_limit: i64,
) -> usize {
    let mut longest = 0;
    let mut shown = edge.map_or(i64::MIN, |edge| edge.pts);
    let left = shown;
    for (index, held) in queue.iter().enumerate() {
        let (dts, pts) = (held.sample.dts, held.sample.pts());
        if dts >= dts_limit || (pts > left && pts >= pts_limit) {
            break;
        }
        shown = shown.max(pts);
        let by_grid = Edge { dts, pts: shown }.is_complete();
        let nothing_between =
            || queue.iter().skip(index + 1).all(|later| later.sample.pts() > shown);
        if by_grid && nothing_between() {
            longest = index + 1;
        }
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{sample, video_config};

    const FRAME: i64 = 3_000;

    /// A camera at 30 fps: the n-th sample in decode order is shown at place `shown[n]`, counted from
    /// `first`.
    fn camera(first: i64, shown: &[i64]) -> VecDeque<Held> {
        let config = video_config(1);
        (first..)
            .zip(shown)
            .map(|(decoded, shown)| Held {
                arrived: EventTime::ZERO,
                sample: sample(
                    &config,
                    decoded * FRAME - COMPOSITION_SHIFT_TICKS,
                    (first + shown) * FRAME,
                ),
            })
            .collect()
    }

    fn cut_at(place: i64) -> Limit {
        cut_between(place * FRAME)
    }

    fn cut_between(pts: i64) -> Limit {
        Limit::Cut { dts: pts - COMPOSITION_SHIFT_TICKS, pts }
    }

    /// I0 P3 B1 B2 P6 B4 B5.
    const TWO_B_FRAMES: [i64; 7] = [0, 3, 1, 2, 6, 4, 5];

    #[test]
    fn out_point_without_b_frames_is_the_last_picture_before_the_cut() {
        let queue = camera(0, &[0, 1, 2, 3, 4]);
        assert_eq!(releasable(None, &queue, cut_at(3)), 3);
        assert_eq!(releasable(None, &queue, cut_between(3 * FRAME + 1)), 4);
        assert_eq!(releasable(None, &queue, cut_at(0)), 0);
    }

    #[test]
    fn out_point_leaves_no_hole_inside_a_mini_gop() {
        let queue = camera(0, &TWO_B_FRAMES);
        for (place, expect) in [(1, 1), (2, 1), (3, 1), (4, 4), (5, 4), (6, 4), (7, 7)] {
            assert_eq!(releasable(None, &queue, cut_at(place)), expect, "cut at {place}");
        }
    }

    #[test]
    fn a_mini_gop_that_has_not_come_whole_stays() {
        let mut queue = camera(0, &TWO_B_FRAMES);
        queue.truncate(6);
        assert_eq!(releasable(None, &queue, cut_at(9)), 4);
        assert_eq!(releasable(None, &queue, Limit::Pending { pts: 99_000, overdue_dts: 0 }), 4);
    }

    #[test]
    fn what_completes_a_picture_that_has_left_may_follow() {
        let mut queue = camera(0, &TWO_B_FRAMES);
        let left: Vec<_> = queue.drain(..5).collect();
        let edge = left.iter().fold(None, |edge, held| Some(Edge::after(edge, &held.sample)));
        assert_eq!(releasable(edge, &queue, Limit::Pending { pts: 0, overdue_dts: i64::MIN }), 2);
        assert_eq!(releasable(edge, &queue, cut_at(7)), 2);
    }

    #[test]
    fn nothing_is_decoded_at_or_after_the_new_sync_sample() {
        // A camera whose decoding times run behind its presentation times by less than the constant.
        let mut queue = camera(0, &[0, 1, 2]);
        for held in &mut queue {
            held.sample.composition_offset -= 6_000;
            held.sample.dts += 6_000;
        }
        assert_eq!(releasable(None, &queue, cut_at(3)), 1);
    }

    #[test]
    fn pending_passes_complete_mini_gops_below_the_limit() {
        let queue = camera(0, &TWO_B_FRAMES);
        let pending = |pts| Limit::Pending { pts, overdue_dts: i64::MIN };
        assert_eq!(releasable(None, &queue, pending(6 * FRAME)), 4);
        assert_eq!(releasable(None, &queue, pending(6 * FRAME + 1)), 7);
    }

    #[test]
    fn pending_passes_what_is_overdue_complete_or_not() {
        let queue = camera(0, &TWO_B_FRAMES);
        let overdue_dts = queue[1].sample.dts;
        assert_eq!(releasable(None, &queue, Limit::Pending { pts: 0, overdue_dts }), 2);
    }

    #[test]
    fn paced_passes_by_decoding_time_alone() {
        let queue = camera(0, &TWO_B_FRAMES);
        assert_eq!(releasable(None, &queue, Limit::Paced { dts: queue[4].sample.dts }), 5);
    }

    #[test]
    fn leading_pictures_after_an_open_gop_keep_a_prefix_incomplete() {
        // A sync sample with the usual offset whose leading picture comes after it.
        let queue = camera(0, &[0, 1, 3, 2]);
        let mut open = queue;
        open[2].sample.dts = 3 * FRAME - COMPOSITION_SHIFT_TICKS;
        open[3].sample.dts = open[2].sample.dts + 1;
        assert_eq!(releasable(None, &open, cut_between(3 * FRAME + 1)), 2);
    }

    #[test]
    fn in_point_lies_beyond_the_edge_in_both_times() {
        let config = video_config(1);
        let edge = Some(Edge { dts: 100, pts: 9_000 });
        assert!(Edge::admits(None, &sample(&config, 0, 0)));
        assert!(Edge::admits(edge, &sample(&config, 101, 9_101)));
        assert!(!Edge::admits(edge, &sample(&config, 100, 9_100)));
        assert!(!Edge::admits(edge, &sample(&config, 101, 9_000)));
    }
}
