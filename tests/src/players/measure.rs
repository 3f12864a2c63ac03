//! What a viewer would have noticed, from the pictures that were shown. Pure.

use std::collections::BTreeMap;

use crate::strip::Reading;

/// A gap between two shown pictures that counts as a freeze: five frames at 30 fps. Below this lies the noise
/// of software decoding and of a busy machine.
pub const FREEZE_MS: f64 = 160.0;

/// Pictures of one camera in a row that are needed to tell where its clock stands.
const VISIT_MIN: usize = 10;

/// A shown picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shown {
    /// When it was shown, wall clock ms; `None` for a reader that does not keep time.
    pub at_ms: Option<f64>,
    /// Its time in the player, ms, where the player tells it.
    pub media_ms: Option<f64>,
    /// Pictures that were shown before it without being looked at.
    pub unseen: u32,
    /// What its strip says; `None` if that cannot be read.
    pub reading: Option<Reading>,
}

/// An error that a player told.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// Wall clock ms, where known.
    pub at_ms: Option<f64>,
    /// The player's words.
    pub text: String,
    /// Whether the player gave up.
    pub fatal: bool,
}

/// What a gap between two pictures is measured on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Scale {
    /// The wall clock: when they were shown.
    #[default]
    Wall,
    /// The player's timeline: a reader that shows nothing.
    Media,
}

/// Everything a player reported.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Viewing {
    /// On what its gaps are measured.
    pub scale: Scale,
    /// What was shown, in order.
    pub shown: Vec<Shown>,
    /// Start (wall clock ms) and length (ms) of the times in which the player had nothing to show.
    pub stalls: Vec<(f64, f64)>,
    /// What went wrong by its own account.
    pub faults: Vec<Fault>,
    /// Wall clock ms and pictures dropped so far.
    pub dropped: Vec<(f64, u64)>,
}

/// What is known of the run.
#[derive(Debug, Clone, PartialEq)]
pub struct Course {
    /// From here on it is looked at, wall clock ms: everybody has settled.
    pub from_ms: f64,
    /// When each camera's clip began, wall clock ms.
    pub clips_began_ms: Vec<f64>,
    /// The cameras that were on air, in order.
    pub order: Vec<u8>,
}

/// A freeze, for whoever looks for its cause.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gap {
    /// Length in ms.
    pub ms: f64,
    /// The picture before it.
    pub before: Option<Reading>,
    /// The picture after it.
    pub after: Option<Reading>,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Verdict {
    /// Pictures that were shown.
    pub pictures: usize,
    /// Longest time between two, ms.
    pub worst_gap_ms: f64,
    /// Gaps beyond [`FREEZE_MS`].
    pub freezes: Vec<Gap>,
    /// Lengths of the stalls in ms.
    pub stalls_ms: Vec<f64>,
    /// Pictures that the player dropped.
    pub dropped: u64,
    /// Texts of the errors and how often each came.
    pub faults: BTreeMap<String, usize>,
    /// Errors after which the player gave up.
    pub fatal: usize,
    /// How far the player's timeline moved against the cameras' clocks from the first to the last visit of a
    /// camera, ms; of the camera where it moved farthest. `None` if no camera was seen twice.
    pub drift_ms: Option<f64>,
    /// From leaving the camera to the screen, ms: in the first visit and in the last.
    pub latency_ms: Option<(f64, f64)>,
    /// Pictures whose strip could not be read.
    pub unreadable: usize,
    /// Pictures that are older than one before them of the same visit.
    pub backwards: usize,
    /// The cameras in the order in which they were seen.
    pub order: Vec<u8>,
    /// Whether that is the order in which they were on air.
    pub order_kept: bool,
}

/// Judges what a player reported.
#[must_use]
pub fn judge(viewing: &Viewing, course: &Course) -> Verdict {
    let shown: Vec<Shown> = viewing
        .shown
        .iter()
        .copied()
        .filter(|shown| shown.at_ms.is_none_or(|at| at >= course.from_ms))
        .collect();
    let visits = visits(&shown);
    let order: Vec<u8> = visits.iter().map(|visit| visit.camera).collect();
    let gaps = gaps(&shown, viewing.scale);
    let mut faults = BTreeMap::new();
    let since = |at: Option<f64>| at.is_none_or(|at| at >= course.from_ms);
    for fault in viewing.faults.iter().filter(|fault| since(fault.at_ms)) {
        *faults.entry(fault.text.clone()).or_insert(0) += 1;
    }
    Verdict {
        pictures: shown.iter().map(|shown| shown.unseen as usize + 1).sum(),
        worst_gap_ms: gaps.iter().map(|gap| gap.ms).fold(0.0, f64::max),
        freezes: gaps.into_iter().filter(|gap| gap.ms > FREEZE_MS).collect(),
        stalls_ms: stalls(viewing, course),
        dropped: dropped(viewing, course),
        faults,
        fatal: viewing.faults.iter().filter(|fault| fault.fatal).count(),
        drift_ms: drift(&visits),
        latency_ms: latency(&visits, course),
        unreadable: shown.iter().filter(|shown| shown.reading.is_none()).count(),
        backwards: visits.iter().map(Visit::backwards).sum(),
        order_kept: order == course.order,
        order,
    }
}

/// Pictures of one camera in a row.
#[derive(Debug)]
struct Visit<'a> {
    camera: u8,
    shown: Vec<(&'a Shown, Reading)>,
}

impl Visit<'_> {
    /// Median of a figure of its pictures.
    fn median(&self, figure: impl Fn(&Shown, Reading) -> Option<f64>) -> Option<f64> {
        let mut figures: Vec<f64> =
            self.shown.iter().filter_map(|(shown, reading)| figure(shown, *reading)).collect();
        if figures.len() < VISIT_MIN {
            return None;
        }
        figures.sort_by(f64::total_cmp);
        figures.get(figures.len() / 2).copied()
    }

    fn backwards(&self) -> usize {
        self.shown.windows(2).filter(|pair| pair[1].1.clip_ms < pair[0].1.clip_ms).count()
    }
}

fn visits(shown: &[Shown]) -> Vec<Visit<'_>> {
    let mut visits: Vec<Visit<'_>> = Vec::new();
    for picture in shown {
        let Some(reading) = picture.reading else { continue };
        match visits.last_mut() {
            Some(visit) if visit.camera == reading.camera => visit.shown.push((picture, reading)),
            _ => visits.push(Visit { camera: reading.camera, shown: vec![(picture, reading)] }),
        }
    }
    visits
}

fn gaps(shown: &[Shown], scale: Scale) -> Vec<Gap> {
    let at = |shown: &Shown| match scale {
        Scale::Wall => shown.at_ms,
        Scale::Media => shown.media_ms,
    };
    let gap = |pair: &[Shown]| {
        let ms = at(&pair[1])? - at(&pair[0])?;
        // What was shown in between was not looked at; the gap is about this share of the time.
        let ms = ms / f64::from(pair[1].unseen + 1);
        Some(Gap { ms, before: pair[0].reading, after: pair[1].reading })
    };
    shown.windows(2).filter_map(gap).collect()
}

fn stalls(viewing: &Viewing, course: &Course) -> Vec<f64> {
    let ends_later = |(at, ms): &&(f64, f64)| at + ms >= course.from_ms;
    viewing.stalls.iter().filter(ends_later).map(|(_, ms)| *ms).collect()
}

fn dropped(viewing: &Viewing, course: &Course) -> u64 {
    let before = viewing.dropped.iter().take_while(|(at, _)| *at < course.from_ms).last();
    let before = before.or_else(|| viewing.dropped.first()).map_or(0, |(_, dropped)| *dropped);
    viewing.dropped.last().map_or(0, |(_, dropped)| dropped.saturating_sub(before))
}

fn drift(visits: &[Visit<'_>]) -> Option<f64> {
    let mut first: BTreeMap<u8, f64> = BTreeMap::new();
    let mut worst: Option<f64> = None;
    for visit in visits {
        let offset = visit.median(|shown, reading| {
            shown.media_ms.map(|media| media - f64::from(reading.clip_ms))
        });
        let Some(offset) = offset else { continue };
        if let Some(first) = first.get(&visit.camera) {
            let moved = offset - first;
            worst = Some(worst.filter(|worst| worst.abs() >= moved.abs()).unwrap_or(moved));
        } else {
            first.insert(visit.camera, offset);
        }
    }
    worst
}

fn latency(visits: &[Visit<'_>], course: &Course) -> Option<(f64, f64)> {
    let of = |visit: &Visit<'_>| {
        let began = *course.clips_began_ms.get(usize::from(visit.camera))?;
        visit.median(|shown, reading| Some(shown.at_ms? - began - f64::from(reading.clip_ms)))
    };
    let mut known = visits.iter().filter_map(of);
    let first = known.next()?;
    Some((first, known.next_back().unwrap_or(first)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 30 fps of `camera` from `from_ms` for `count` pictures, 2 s after the camera and `offset_ms` into the
    /// player's own time.
    fn visit(camera: u8, from_ms: u32, count: u32, offset_ms: f64) -> Vec<Shown> {
        let picture = |index| {
            let clip_ms = from_ms + index * 1000 / 30;
            Shown {
                at_ms: Some(f64::from(clip_ms) + 2000.0),
                media_ms: Some(f64::from(clip_ms) + offset_ms),
                unseen: 0,
                reading: Some(Reading { clip_ms, camera }),
            }
        };
        (0..count).map(picture).collect()
    }

    fn course() -> Course {
        Course { from_ms: 0.0, clips_began_ms: vec![0.0, 0.0], order: vec![0, 1, 0] }
    }

    fn three_visits() -> Vec<Shown> {
        [visit(0, 0, 30, 7.0), visit(1, 1000, 30, 7.0), visit(0, 2000, 30, 7.0)].concat()
    }

    fn judged(shown: Vec<Shown>) -> Verdict {
        judge(&Viewing { shown, ..Viewing::default() }, &course())
    }

    #[test]
    fn steady_pictures_have_no_fault() {
        let verdict = judged(three_visits());
        assert!(verdict.worst_gap_ms < 35.0, "{verdict:?}");
        assert!(verdict.order_kept && verdict.freezes.is_empty());
        assert_eq!(verdict.drift_ms, Some(0.0));
        assert_eq!(verdict.latency_ms, Some((2000.0, 2000.0)));
        assert_eq!((verdict.unreadable, verdict.backwards), (0, 0));
    }

    #[test]
    fn a_late_picture_is_a_freeze_and_an_unseen_one_is_not() {
        let mut shown = three_visits();
        shown.drain(40..46);
        assert_eq!(judged(shown.clone()).freezes.len(), 1);
        shown[40].unseen = 6;
        assert_eq!(judged(shown).freezes, []);
    }

    #[test]
    fn a_reader_is_judged_by_the_timeline() {
        let mut shown = three_visits();
        for late in &mut shown[40..] {
            late.at_ms = late.at_ms.map(|at| at + 300.0);
        }
        shown.drain(60..68);
        let viewing = Viewing { shown, scale: Scale::Media, ..Viewing::default() };
        let freezes = judge(&viewing, &course()).freezes;
        assert_eq!(freezes.len(), 1, "{freezes:?}");
    }

    #[test]
    fn a_timeline_that_moved_at_a_cut_is_seen_when_the_camera_returns() {
        let shown = [visit(0, 0, 30, 7.0), visit(1, 1000, 30, 7.0), visit(0, 2000, 30, 22.0)];
        assert_eq!(judged(shown.concat()).drift_ms, Some(15.0));
    }

    #[test]
    fn a_camera_out_of_turn_and_an_old_picture_are_told() {
        let mut shown = three_visits();
        shown.swap(10, 12);
        assert!(judged(shown.clone()).backwards > 0);
        shown[5] = visit(1, 170, 1, 7.0)[0];
        assert!(!judged(shown).order_kept);
    }

    #[test]
    fn what_was_before_everybody_had_settled_does_not_count() {
        let viewing = Viewing {
            scale: Scale::Wall,
            shown: three_visits(),
            stalls: vec![(100.0, 50.0), (3000.0, 60.0)],
            faults: vec![Fault { at_ms: Some(100.0), text: "early".into(), fatal: false }],
            dropped: vec![(100.0, 4), (2900.0, 5), (3500.0, 7)],
        };
        let verdict = judge(&viewing, &Course { from_ms: 2950.0, ..course() });
        assert_eq!((verdict.stalls_ms, verdict.dropped), (vec![60.0], 2));
        assert!(verdict.faults.is_empty());
        assert_eq!(verdict.order, [0, 1, 0]);
    }
}
