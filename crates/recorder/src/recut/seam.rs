//! Which samples of fragments a clip has.

use std::ops::Range;

use genlock_media::{MediaTime, Timescale};

use super::plan::End;
use crate::media::{FragmentSamples, Run};

/// How much longer than the distance to a cut a picture may be, because the places of grids are whole ticks.
const ROUNDING_90K: i64 = 2;

/// The longest picture that a cut leaves out rather than cut short, as in the programme: 50 ms.
const WHOLE_PICTURE_90K: i64 = 4_500;

/// A picture's times in ticks of 90 kHz.
#[derive(Debug, Clone, Copy)]
struct Picture {
    dts: i64,
    pts: i64,
    duration: i64,
}

/// The pictures of a stretch of fragments that a clip ends with.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Kept {
    /// How many pictures, from the first of the stretch on.
    pub(super) pictures: usize,
    /// Where the last of them ends; `None` without any.
    pub(super) end_90k: Option<i64>,
}

/// The longest prefix of the pictures in `runs` that ends before `end` and leaves no hole: none of those that are left
/// out is shown before one that is kept.
pub(super) fn keep<'a>(runs: impl Iterator<Item = &'a Run>, end: End) -> Kept {
    let pictures: Vec<Picture> = runs.flat_map(pictures).collect();
    let mut later = vec![i64::MAX; pictures.len() + 1];
    for (at, picture) in pictures.iter().enumerate().rev() {
        later[at] = later[at + 1].min(picture.pts);
    }
    let mut kept = Kept { pictures: 0, end_90k: None };
    let (mut shown, mut ends) = (i64::MIN, i64::MIN);
    for (at, picture) in pictures.iter().enumerate() {
        if !picture.is_before(end) {
            break;
        }
        if picture.pts > shown {
            (shown, ends) = (picture.pts, picture.pts.saturating_add(picture.duration));
        }
        if later[at + 1] > shown {
            kept = Kept { pictures: at + 1, end_90k: Some(ends) };
        }
    }
    kept
}

impl Picture {
    /// Whether it is shown before `end`: at a cut whole, at a time for the most part.
    const fn is_before(&self, end: End) -> bool {
        match end {
            End::Cut(cut) => {
                let whole = self.duration <= WHOLE_PICTURE_90K;
                let lasts = if whole { self.duration - ROUNDING_90K } else { 0 };
                self.dts < cut.dts && self.pts < cut.pts - lasts
            }
            End::At(pts) => self.pts.saturating_add(self.duration / 2) <= pts,
        }
    }
}

fn pictures(run: &Run) -> impl Iterator<Item = Picture> {
    let mut next = run.dts;
    run.samples.iter().map(move |sample| {
        let (dts, duration) = (next, i64::from(sample.duration));
        next = next.saturating_add(duration);
        let pts = dts.saturating_add(sample.composition_offset.into());
        Picture { dts, pts, duration }
    })
}

/// The access units of `run` that begin from `from_90k` to before `to_90k`: the rule by which the recorder puts sound into
/// fragments, so that one that ends with the cut stays whole.
pub(super) fn heard(run: &Run, rate: Timescale, from_90k: i64, to_90k: i64) -> Range<usize> {
    let here = |ticks| MediaTime::new(ticks, rate).rescale(Timescale::VIDEO).ticks;
    let begins: Vec<i64> = pictures(run).map(|unit| here(unit.pts)).collect();
    let first = begins.partition_point(|begin| *begin < from_90k);
    first..begins.partition_point(|begin| *begin < to_90k).max(first)
}

/// The samples that are left of a fragment: its first pictures, the first of which begins `hole_90k` earlier and lasts as
/// much longer, and a stretch of its sound.
pub(super) fn cut(
    samples: &FragmentSamples,
    pictures: usize,
    sound: Range<usize>,
    hole_90k: i64,
) -> FragmentSamples {
    let video = samples.video.as_ref().and_then(|run| {
        let mut kept = run.samples.get(..pictures)?.to_vec();
        let first = kept.first_mut()?;
        first.duration = first.duration.saturating_add(u32::try_from(hole_90k).unwrap_or(0));
        Some(Run { dts: run.dts - hole_90k, offset: run.offset, samples: kept })
    });
    let audio = samples.audio.as_ref().and_then(|run| {
        let (left_out, kept) = (run.samples.get(..sound.start)?, run.samples.get(sound)?.to_vec());
        let ticks: i64 = left_out.iter().map(|unit| i64::from(unit.duration)).sum();
        let bytes = left_out.iter().fold(0u32, |sum, unit| sum.saturating_add(unit.bytes));
        let offset = run.offset.saturating_add(bytes);
        (!kept.is_empty()).then_some(Run { dts: run.dts + ticks, offset, samples: kept })
    });
    FragmentSamples { video, audio }
}

#[cfg(test)]
mod tests {
    use super::super::plan::Point;
    use super::*;
    use crate::media::SampleInfo;

    const FRAME: u32 = 3_000;

    /// Pictures at 30 fps: the n-th in decoding order is shown at place `shown[n]`.
    fn run(shown: &[i32]) -> Run {
        let samples = shown.iter().zip(0..).map(|(shown, at)| SampleInfo {
            duration: FRAME,
            bytes: 10,
            sync: at == 0,
            composition_offset: 9_000 + (shown - at) * 3_000,
        });
        Run { dts: 90_000 - 9_000, offset: 100, samples: samples.collect() }
    }

    fn check(shown: &[i32], end_ticks: i64, pictures: usize, end: Option<i64>) {
        let pts = 90_000 + end_ticks;
        let kept = keep([run(shown)].iter(), End::Cut(Point { dts: pts - 9_000, pts }));
        assert_eq!(kept, Kept { pictures, end_90k: end.map(|end| 90_000 + end) }, "{end_ticks}");
    }

    #[test]
    fn without_b_frames_the_last_whole_picture_before_a_cut_is_kept() {
        let shown = [0, 1, 2, 3];
        check(&shown, 12_000, 4, Some(12_000));
        check(&shown, 11_999, 4, Some(12_000));
        check(&shown, 11_000, 3, Some(9_000));
        check(&shown, 1_000, 0, None);
    }

    #[test]
    fn a_cut_inside_of_a_mini_gop_leaves_no_hole() {
        // I0 P3 B1 B2 P6 B4 B5.
        let shown = [0, 3, 1, 2, 6, 4, 5];
        check(&shown, 21_000, 7, Some(21_000));
        check(&shown, 18_000, 4, Some(12_000));
        check(&shown, 12_000, 4, Some(12_000));
        check(&shown, 9_000, 1, Some(3_000));
    }

    #[test]
    fn at_a_time_pictures_are_kept_that_are_shown_for_the_most_part() {
        let at = |ticks: i64| keep([run(&[0, 1, 2])].iter(), End::At(90_000 + ticks)).pictures;
        assert_eq!([at(9_000), at(7_500), at(7_499), at(3_000), at(0)], [3, 3, 2, 1, 0]);
    }

    #[test]
    fn sound_is_heard_on_the_side_where_it_begins() {
        let unit = SampleInfo { duration: 1_024, bytes: 7, sync: true, composition_offset: 0 };
        let run = Run { dts: 48_000, offset: 500, samples: vec![unit; 4] };
        let rate = Timescale::new(48_000).unwrap();
        let units = |from: i64, to: i64| heard(&run, rate, 90_000 + from, 90_000 + to);
        // An access unit lasts 1920 ticks of 90 kHz.
        assert_eq!(units(0, 5_761), 0..4);
        assert_eq!(units(1, 5_760), 1..3);
        assert_eq!(units(9_000, 10_000), 4..4);
        let fragment = FragmentSamples { video: None, audio: Some(run) };
        let left = cut(&fragment, 0, 1..3, 0).audio.unwrap();
        assert_eq!((left.dts, left.offset, left.samples.len()), (49_024, 507, 2));
    }
}
