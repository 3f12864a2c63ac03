//! The catch-up of an instant cut: a GOP that is under way, played faster until it is back on the event
//! clock. A pure function of the GOP's samples and three times.
//!
//! ```text
//!  shown at
//!     │                              ╱ identity: shown at its own time
//!     │                          ╱╱
//!  meets ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄╱╱        rate 4
//!     │              ___---‾‾╱
//!   at ├─.....---‾‾‾      ╱            older than 1.5 s: squeezed, only there to be decoded
//!     └───┬──────────┬───────┬───────▶ the camera's own time
//!        from       knee    meets
//! ```
//!
//! The line only moves presentation times. Decoding times are derived from them, mini-GOP by mini-GOP: the
//! n-th sample in decode order gets the n-th smallest presentation time less the constant, as every
//! camera's samples have it. So both are strictly increasing where they must be, at any depth of
//! reordering, and the composition offset of a sync sample stays what it is.
//!
//! Samples that nothing refers to are dropped while the catch-up lasts. A picture that others refer to is
//! never dropped: it would take its GOP with it. Where that made more pictures than displays show (a camera
//! of 60 fps without B-frames at four times its rate), some are moved to just before the next, and are only
//! there to be decoded:
//!
//! ```text
//!   60 fps at rate 4    0   1   2   3   4   5   6     240 pictures per second
//!   shown              0      12      34      56      120 of them
//! ```

mod line;

use std::collections::VecDeque;

use genlock_media::Dependency;

use crate::limits::{COMPOSITION_SHIFT_TICKS, GRID_TOLERANCE_TICKS, REORDERED_PICTURES_MAX};
use crate::splicer::{Edge, Held};

pub(crate) use self::line::Line;

/// A camera on its way back to the event clock.
#[derive(Debug)]
pub(crate) struct CatchUp {
    line: Line,
    /// Samples of a mini-GOP that is not complete, as the camera sent them.
    group: Vec<Held>,
    largest_pts: i64,
    last_dts: i64,
}

impl CatchUp {
    /// Along `line`, after a sample that is decoded at `last_dts`.
    pub(crate) const fn new(line: Line, last_dts: i64) -> Self {
        Self { line, group: Vec::new(), largest_pts: i64::MIN, last_dts }
    }

    /// Where pictures are shown.
    pub(crate) const fn line(&self) -> &Line {
        &self.line
    }

    /// Takes the camera's next sample and gives those that can be shown.
    pub(crate) fn push(&mut self, held: Held, shown: &mut VecDeque<Held>) {
        self.largest_pts = self.largest_pts.max(held.sample.pts());
        let complete =
            self.largest_pts <= held.sample.dts + COMPOSITION_SHIFT_TICKS + GRID_TOLERANCE_TICKS;
        self.group.push(held);
        if complete || self.group.len() >= REORDERED_PICTURES_MAX {
            self.flush(shown);
        }
    }

    /// Gives what waits for the rest of its mini-GOP.
    pub(crate) fn flush(&mut self, shown: &mut VecDeque<Held>) {
        let meets = self.line.meets();
        self.group.retain(|held| {
            held.sample.pts() >= meets || held.sample.dependency != Dependency::Disposable
        });
        let mut slots: Vec<_> =
            self.group.iter().map(|held| self.line.shown_at(held.sample.pts())).collect();
        slots.sort_unstable();
        for (mut held, slot) in self.group.drain(..).zip(slots) {
            let pts = self.line.shown_at(held.sample.pts());
            let dts = slot.saturating_sub(COMPOSITION_SHIFT_TICKS).max(self.last_dts + 1);
            self.last_dts = dts;
            held.sample.dts = dts;
            held.sample.composition_offset = i32::try_from(pts.saturating_sub(dts)).unwrap_or(0);
            shown.push_back(held);
        }
    }

    /// Every sample from `held` on is shown at its own time, and nothing waits.
    pub(crate) fn is_over(&self, held: &Held) -> bool {
        self.group.is_empty() && held.sample.dts + COMPOSITION_SHIFT_TICKS >= self.line.meets()
    }
}

/// Number of samples of `shown` that complete what has left of `line` up to `edge`, and the edge after
/// them: with fewer a picture would be missing that is shown before one that was, or the picture would
/// stand although there is one to show before `until`. What follows can be replaced. `None` while a
/// picture that completes has not come.
pub(crate) fn completing(
    line: &Line,
    edge: Edge,
    shown: &VecDeque<Held>,
    until: i64,
) -> Option<(usize, Edge)> {
    // Decoding times are derived, so they are exact where those of a camera are rounded.
    let is_complete = |edge: Edge| {
        edge.pts < line.at() || edge.pts <= edge.dts.saturating_add(COMPOSITION_SHIFT_TICKS)
    };
    let mut complete = is_complete(edge).then_some((0, edge));
    let mut edge = edge;
    for (before, held) in shown.iter().enumerate() {
        edge = Edge::after(Some(edge), &held.sample);
        if complete.is_some() && edge.pts >= until {
            break;
        }
        if is_complete(edge) {
            complete = Some((before + 1, edge));
        }
    }
    complete
}

#[cfg(test)]
mod tests {
    use genlock_media::EventTime;

    use super::*;
    use crate::limits::{CATCH_UP_MAX_TICKS, CATCH_UP_RATE};
    use crate::testing::{sample, video_config};

    const SECOND: i64 = 90_000;

    /// A GOP as a camera sends it: `mini` pictures in each mini-GOP, the first of them first in decode
    /// order and last in presentation order, the others disposable except every second one.
    fn gop(from: i64, frame: i64, mini: usize, pictures: usize) -> Vec<Held> {
        let config = video_config(1);
        let place = |index: usize| from + i64::try_from(index).unwrap() * frame;
        let mut order = vec![0];
        for first in (1..pictures).step_by(mini) {
            let last = (first + mini - 1).min(pictures - 1);
            order.push(last);
            order.extend(first..last);
        }
        let held = |(decoded, shown): (usize, &usize)| {
            let mut sample =
                sample(&config, place(decoded) - COMPOSITION_SHIFT_TICKS, place(*shown));
            sample.dependency = match (decoded, shown % mini) {
                (0, _) => Dependency::Sync,
                (_, 1) if decoded > *shown => Dependency::Disposable,
                _ => Dependency::Reference,
            };
            Held { arrived: EventTime::ZERO, sample }
        };
        order.iter().enumerate().map(held).collect()
    }

    fn caught_up(gop: &[Held], at: i64, frame: i64) -> (Vec<Held>, Line) {
        let line = Line::new(gop[0].sample.pts(), at, frame);
        let mut catch_up = CatchUp::new(line, at - COMPOSITION_SHIFT_TICKS - 1);
        let mut shown = VecDeque::new();
        for held in gop {
            if catch_up.is_over(held) {
                shown.push_back(held.clone());
            } else {
                catch_up.push(held.clone(), &mut shown);
            }
        }
        catch_up.flush(&mut shown);
        (shown.into(), line)
    }

    /// Any age, depth and rate: what the design asks of a catch-up.
    #[test]
    fn every_gop_ends_on_the_identity_in_half_a_second() {
        for frame in [1_500, 1_800, 3_000, 3_003, 3_750, 6_000] {
            for mini in [1, 2, 4, 8] {
                for age in
                    [1, 3_000, 31_000, SECOND, 3 * SECOND / 2, 2 * SECOND, 8 * SECOND, 20 * SECOND]
                {
                    check(frame, mini, age);
                }
            }
        }
    }

    fn check(frame: i64, mini: usize, age: i64) {
        let place = format!("frame {frame} mini {mini} age {age}");
        let from = 1_000_000;
        let at = from + age;
        let pictures = usize::try_from((age + 2 * SECOND) / frame).unwrap();
        let gop = gop(from, frame, mini, pictures);
        let (shown, line) = caught_up(&gop, at, frame);
        assert!(line.meets() - at <= CATCH_UP_MAX_TICKS + CATCH_UP_RATE, "{place}: {line:?}");
        assert_eq!(shown[0].sample.pts(), at, "{place}");
        assert_eq!(
            i64::from(shown[0].sample.composition_offset),
            COMPOSITION_SHIFT_TICKS,
            "{place}"
        );
        let mut own: Vec<_> = gop.iter().collect();
        own.retain(|held| {
            held.sample.pts() >= line.meets() || held.sample.dependency != Dependency::Disposable
        });
        assert_eq!(shown.len(), own.len(), "{place}: only disposable pictures are left out");
        let longest = frame * i64::try_from(mini).unwrap();
        let mut sorted: Vec<_> = shown.iter().map(|held| held.sample.pts()).collect();
        sorted.sort_unstable();
        for (index, (shown, own)) in shown.iter().zip(own).enumerate() {
            let (dts, pts) = (shown.sample.dts, shown.sample.pts());
            assert!(
                (dts - (sorted[index] - COMPOSITION_SHIFT_TICKS)).abs() <= 2,
                "{place}: {index}"
            );
            if own.sample.pts() >= line.meets() {
                assert_eq!(pts, own.sample.pts(), "{place}: {index}");
            }
            if own.sample.dts + COMPOSITION_SHIFT_TICKS >= line.meets() + longest {
                assert_eq!(dts, own.sample.dts, "{place}: {index}");
            }
        }
        assert!(shown.windows(2).all(|pair| pair[0].sample.dts < pair[1].sample.dts), "{place}");
        let steps = sorted.windows(2).map(|pair| pair[1] - pair[0]);
        assert!(steps.clone().all(|step| step > 0), "{place}");
        assert!(steps.clone().all(|step| step <= longest), "{place}");
    }

    /// A camera too quick for displays, none of whose pictures can be left out.
    #[test]
    fn no_more_pictures_are_shown_than_displays_show() {
        for (frame, mini) in [(3_000, 1), (1_800, 1), (1_500, 1), (1_500, 2), (750, 1)] {
            for age in [SECOND / 2, SECOND, 4 * SECOND] {
                let place = format!("frame {frame} mini {mini} age {age}");
                let pictures = usize::try_from((age + 2 * SECOND) / frame).unwrap();
                let (shown, line) = caught_up(&gop(0, frame, mini, pictures), age, frame);
                let mut places: Vec<_> = shown.iter().map(|held| held.sample.pts()).collect();
                places.sort_unstable();
                let lasts = places.windows(2).filter(|pair| pair[1] - pair[0] > 2 * 90);
                let seen: Vec<_> = lasts.map(|pair| pair[0]).collect();
                let catching_up = |at: &&i64| line.knee_at <= **at && **at < line.meets();
                let seen = seen.iter().filter(catching_up).count();
                let took = line.meets() - line.knee_at;
                // The last of them are where the line meets the clock, which no display tells apart.
                let most = usize::try_from(took * 130 / SECOND).unwrap() + 3;
                assert!(seen <= most, "{place}: {seen} in {took} ticks, {most} at most");
                let least = usize::try_from(took * 60 / SECOND).unwrap();
                assert!(seen >= least, "{place}: {seen} in {took} ticks, {least} at least");
            }
        }
    }

    #[test]
    fn what_has_left_decides_what_can_be_replaced() {
        let gop = gop(0, 3_000, 4, 9);
        let (shown, line) = caught_up(&gop, SECOND, 3_000);
        let rest = |count: usize| {
            let (left, rest) = shown.split_at(count);
            let old = Edge { dts: SECOND - 12_000, pts: SECOND - 3_000 };
            let edge = left.iter().fold(old, |edge, held| Edge::after(Some(edge), &held.sample));
            completing(&line, edge, &rest.to_vec().into(), i64::MIN).map(|(count, _)| count)
        };
        // I0 P4 B2 B3 P8 B6 B7: one of three is disposable and left out.
        assert_eq!([0, 1, 2, 3, 4, 5].map(rest), [0, 0, 2, 1, 0, 2].map(Some));
        let short = [shown[2].clone()].into();
        let edge = Edge::after(None, &shown[1].sample);
        assert_eq!(completing(&line, edge, &short, i64::MIN), None);
        let until = |until| {
            let old = Edge { dts: SECOND - 12_000, pts: SECOND - 3_000 };
            completing(&line, old, &shown.clone().into(), until).map(|(count, _)| count)
        };
        let mini_gops = [shown[0].sample.pts(), shown[1].sample.pts(), shown[4].sample.pts()];
        assert_eq!(mini_gops.map(|pts| until(pts + 1)), [1, 4, 7].map(Some), "shown before it");
        assert_eq!(mini_gops.map(until), [0, 1, 4].map(Some), "shown at the same time");
    }
}
