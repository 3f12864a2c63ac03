//! Where clips are snapped to.

use std::collections::BTreeMap;

use genlock_media::{EventTime, MediaTime, Timescale};

use super::{AskedClip, BEYOND_MICROS, Fault, Field, JOIN_MICROS};
use crate::name::RecordingId;
use crate::playlist::date_time;
use crate::timeline::{Placed, Timeline};

/// Decoding and presentation time of a picture, in ticks of 90 kHz on the event clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Point {
    pub(super) dts: i64,
    pub(super) pts: i64,
}

/// Where a clip ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// With the in-point of the next.
    Cut(Point),
    /// With the picture that is shown there, in ticks of 90 kHz.
    At(i64),
}

/// A clip that has its place.
#[derive(Debug)]
pub(super) struct Planned<'a> {
    pub(super) timeline: &'a Timeline,
    /// Its first fragment.
    pub(super) first: usize,
    pub(super) begin: Point,
    pub(super) end: End,
}

impl End {
    pub(super) const fn pts(self) -> i64 {
        match self {
            Self::Cut(point) => point.pts,
            Self::At(pts) => pts,
        }
    }
}

/// Snaps the begins, then the ends: those depend on the begins that follow.
pub(super) fn plan<'a>(
    clips: &[AskedClip],
    sources: &'a BTreeMap<RecordingId, Timeline>,
) -> Result<Vec<Planned<'a>>, Fault> {
    let mut planned = Vec::with_capacity(clips.len());
    for (at, clip) in clips.iter().enumerate() {
        let fault = |field, why| Fault { clip: at, field, why };
        planned.push(begin(clip, sources).map_err(|(field, why)| fault(field, why))?);
    }
    for at in 0..planned.len() {
        let next =
            clips.get(at + 1).zip(planned.get(at + 1)).map(|(next, at)| (next.from, at.begin));
        let (Some(clip), Some(plan)) = (clips.get(at), planned.get_mut(at)) else { continue };
        let joins = |from: EventTime| (from.as_micros() - clip.to.as_micros()).abs() <= JOIN_MICROS;
        if let Some((_, point)) = next.filter(|(from, _)| joins(*from)) {
            plan.end = End::Cut(point);
        }
        if plan.end.pts() <= plan.begin.pts {
            let zero = plan.timeline.zero_unix_micros();
            let sync = date_time(zero, MediaTime::new(plan.begin.pts, Timescale::VIDEO).to_event());
            let why = format!("nothing is left of it: it begins with the sync sample at {sync}");
            return Err(Fault { clip: at, field: Field::To, why });
        }
    }
    Ok(planned)
}

fn begin<'a>(
    clip: &AskedClip,
    sources: &'a BTreeMap<RecordingId, Timeline>,
) -> Result<Planned<'a>, (Field, String)> {
    let of = |why: &str| (Field::Recording, why.to_owned());
    let timeline = sources.get(&clip.recording).ok_or_else(|| of("there is no such recording"))?;
    if timeline.is_recut() {
        return Err(of("it is a re-cut itself: name the recordings that it is made of"));
    }
    let clock = |timeline: &Timeline| timeline.zero_unix_micros();
    if sources.values().any(|other| clock(other) != clock(timeline)) {
        return Err(of("it has another clock than the others: it is of another server"));
    }
    let (begin, end) = timeline.span().ok_or_else(|| of("nothing was recorded"))?;
    let has = || {
        let text = |at| date_time(clock(timeline), at);
        format!("the recording has {} to {}", text(begin), text(end))
    };
    if clip.from.as_micros() < begin.as_micros() - BEYOND_MICROS || clip.from >= end {
        return Err((Field::From, has()));
    }
    if clip.to.as_micros() > end.as_micros() + BEYOND_MICROS {
        return Err((Field::To, has()));
    }
    if clip.to <= clip.from {
        return Err((Field::To, "it is behind `from`".to_owned()));
    }
    let first = sync_near(timeline.fragments(), clip.from, clip.to)
        .ok_or_else(|| (Field::From, "no sync sample is near that could be shown".to_owned()))?;
    let placed = timeline.fragments().get(first).ok_or_else(|| of("nothing was recorded"))?;
    let until = clip.to.min(end).to_media(Timescale::VIDEO).ticks;
    Ok(Planned { timeline, first, begin: point(placed), end: End::At(until) })
}

/// The fragment with the sync sample nearest to `from`, of those before `to`.
fn sync_near(fragments: &[Placed], from: EventTime, to: EventTime) -> Option<usize> {
    let split = fragments.partition_point(|placed| placed.begin <= from);
    let before = fragments.get(..split)?.iter().rposition(|placed| placed.fragment.sync);
    let behind = fragments.get(split..)?.iter().position(|placed| placed.fragment.sync);
    let behind = behind.map(|at| split + at);
    let distance = |at: &usize| {
        let begin = fragments.get(*at).map_or(i64::MAX, |placed| placed.begin.as_micros());
        (begin - from.as_micros()).abs()
    };
    let is_early = |at: &usize| fragments.get(*at).is_some_and(|placed| placed.begin < to);
    before.into_iter().chain(behind).filter(is_early).min_by_key(distance)
}

/// The first picture of a fragment, or its first sound.
pub(super) fn point(placed: &Placed) -> Point {
    match placed.fragment.video {
        Some(span) => {
            Point { dts: span.dts, pts: span.dts.saturating_add(span.composition_offset.into()) }
        }
        None => {
            let at = placed.begin.to_media(Timescale::VIDEO).ticks;
            Point { dts: at, pts: at }
        }
    }
}
