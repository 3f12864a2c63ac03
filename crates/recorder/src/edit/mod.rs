//! The switch log as an edit list over the recordings of the cameras, for editing programs.
//!
//! ```text
//! programme  ├── altar ──┼─ aisle ─┼── altar ──┤     frames from its first picture
//! altar      ├═══════════════════════════════════┤   one recording, laid over it by the event clock
//! aisle         ├════════════════════════════════┤
//! ```
//!
//! All times are whole frames of one [`Rate`], counted from a recording's first picture, as programs count
//! them in the files that are downloaded.
//!
//! An `instant` cut is played faster until it has caught up. No list can say that so that every program shows the same
//! pictures; so from such a cut to the camera's first sync sample that is `CATCH_UP_MICROS` later the list has the
//! programme's own recording.

mod edl;
mod fcpxml;
mod otio;
mod rate;

use std::collections::BTreeMap;

use genlock_media::{EventTime, MediaTime, Timescale};

pub use self::rate::Rate;
use crate::name::{PROGRAM, RecordingId};
use crate::timeline::Timeline;

/// How long behind an `instant` cut the camera may be behind its own time: half a second, as the programme's planner has it.
const CATCH_UP_MICROS: i64 = 500_000;

/// From here on the programme showed something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// When its first picture was shown.
    pub at: EventTime,
    /// The camera's id; `None` for the slate.
    pub source: Option<String>,
    /// Whether it was an `instant` cut, behind which the camera is played faster for a while.
    pub catches_up: bool,
}

/// What an edit list is made of.
#[derive(Debug, Clone, Copy)]
pub struct Material<'a> {
    /// The event's id, which stands in the names of downloaded files.
    pub event: &'a str,
    /// What the edit is called.
    pub title: &'a str,
    /// The programme's recording.
    pub program: &'a Timeline,
    /// Its name.
    pub program_id: &'a RecordingId,
    /// Recordings of the cameras.
    pub recordings: &'a [(RecordingId, Timeline)],
    /// What was on air, in the order of time.
    pub cuts: &'a [Cut],
    /// How far the programme runs behind its cameras, in microseconds.
    pub behind_micros: i64,
    /// What cameras are called, by id.
    pub names: &'a BTreeMap<String, String>,
    /// Frames per second of the edit.
    pub rate: Rate,
}

/// An edit list. Its clips follow each other without a hole from frame 0 on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditList {
    /// What it is called.
    pub title: String,
    /// Frames per second.
    pub rate: Rate,
    /// The clips, in order.
    pub clips: Vec<Clip>,
}

/// What the programme shows for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clip {
    /// The camera's name for people, or what is shown without one.
    pub name: String,
    /// First frame in the programme.
    pub begin: i64,
    /// Number of frames, at least one.
    pub frames: i64,
    /// The camera's recording; `None` where there is none.
    pub media: Option<Media>,
}

/// A stretch of a camera's recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media {
    /// Name of the file as it is downloaded.
    pub file: String,
    /// The recording.
    pub id: RecordingId,
    /// First frame of the clip in the recording.
    pub offset: i64,
    /// Frames of the whole recording.
    pub length: i64,
}

/// A stretch of a recording that the programme showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The camera's name for people, or what was shown without one.
    pub name: String,
    /// The recording that shows it.
    pub recording: RecordingId,
    /// Where it begins in that, on the event clock.
    pub from: EventTime,
    /// Where it ends in that, on the event clock.
    pub to: EventTime,
}

impl EditList {
    /// The edit list of `material`; `None` if the programme's recording is empty.
    #[must_use]
    pub fn new(material: &Material<'_>) -> Option<Self> {
        let (begin, _) = material.program.span()?;
        let frame = |at: EventTime| material.rate.frame(at.as_micros() - begin.as_micros());
        let clips = material.shown()?.into_iter().filter_map(|shown| {
            let (first, frames) = (frame(shown.from), frame(shown.to) - frame(shown.from));
            let media = shown.source.and_then(|source| material.media(source, &shown));
            let name = material.name(shown.camera);
            (frames > 0).then_some(Clip { name, begin: first, frames, media })
        });
        let (title, rate) = (material.title.to_owned(), material.rate);
        Some(Self { title, rate, clips: clips.collect() })
    }

    /// The edit list of a re-cut that `timeline` tells of.
    #[must_use]
    pub fn of_recut(timeline: &Timeline, material: &Material<'_>) -> Option<Self> {
        let (begin, _) = timeline.span()?;
        let frame = |micros: i64| material.rate.frame(micros - begin.as_micros());
        let clips = timeline.clips().iter().filter_map(|clip| {
            let shift = MediaTime::new(clip.shift_90k, Timescale::VIDEO).to_event().as_micros();
            let shown = |at: EventTime| frame(at.as_micros() + shift);
            let (first, frames) = (shown(clip.got.0), shown(clip.got.1) - shown(clip.got.0));
            let of = material.recordings.iter().find(|(id, _)| *id == clip.recording);
            let media = of.and_then(|(id, of)| material.media_of(id, of, clip.got.0.as_micros()));
            let name = clip.name.clone();
            (frames > 0).then_some(Clip { name, begin: first, frames, media })
        });
        let (title, rate) = (material.title.to_owned(), material.rate);
        Some(Self { title, rate, clips: clips.collect() })
    }

    /// As OpenTimelineIO JSON.
    #[must_use]
    pub fn to_otio(&self) -> String {
        otio::render(self)
    }

    /// As a CMX3600 edit decision list.
    #[must_use]
    pub fn to_edl(&self) -> String {
        edl::render(self)
    }

    /// As FCPXML 1.9.
    #[must_use]
    pub fn to_fcpxml(&self) -> String {
        fcpxml::render(self)
    }
}

/// What the programme showed for a while.
#[derive(Debug, Clone, Copy)]
struct Shown<'a> {
    from: EventTime,
    to: EventTime,
    /// The camera that was on air.
    camera: Option<&'a str>,
    /// What is recorded of it: the camera, or the programme where only that has the same pictures.
    source: Option<&'a str>,
}

impl<'a> Material<'a> {
    /// What was shown, as stretches of recordings that show all of it: of the camera where that was recorded throughout, else
    /// of the programme itself. `None` if the programme's recording is empty.
    #[must_use]
    pub fn spans(&self) -> Option<Vec<Span>> {
        let spans = self.shown()?.into_iter().map(|shown| {
            let on_camera =
                |at: EventTime| EventTime::from_micros(at.as_micros() - self.behind_micros);
            let (from, to) = (on_camera(shown.from), on_camera(shown.to));
            let whole = |(id, timeline): &&(RecordingId, Timeline)| {
                let span = timeline.span();
                Some(id.name()) == shown.source
                    && span.is_some_and(|(begin, end)| begin <= from && to <= end)
            };
            let name = self.name(shown.camera);
            match self.recordings.iter().find(whole) {
                Some((id, _)) if id.name() != PROGRAM => {
                    Span { name, recording: id.clone(), from, to }
                }
                _ => {
                    let recording = self.program_id.clone();
                    Span { name, recording, from: shown.from, to: shown.to }
                }
            }
        });
        Some(spans.collect())
    }

    /// What was on air, from the first picture of the programme's recording to the last.
    fn shown(&self) -> Option<Vec<Shown<'a>>> {
        let (begin, end) = self.program.span()?;
        let frame = |at: EventTime| self.rate.frame(at.as_micros() - begin.as_micros());
        let mut edges: Vec<(EventTime, Option<&str>, Option<&str>)> = vec![(begin, None, None)];
        let mut cut = |at: EventTime, camera, source| {
            // What was on air when the recording began has been put there before.
            edges.retain(|(before, ..)| frame(*before) < frame(at.max(begin)));
            edges.push((at.max(begin), camera, source));
        };
        for made in self.cuts.iter().filter(|cut| cut.at < end) {
            let camera = made.source.as_deref();
            let caught_up = camera.filter(|_| made.catches_up);
            let caught_up = caught_up.and_then(|camera| self.caught_up(camera, made.at));
            if let Some(at) = caught_up {
                cut(made.at, camera, Some(PROGRAM));
                if at < end {
                    cut(at, camera, camera);
                }
            } else {
                cut(made.at, camera, camera);
            }
        }
        let ends = edges.iter().skip(1).map(|(at, ..)| *at).chain([end]);
        let shown = edges.iter().zip(ends);
        Some(
            shown.map(|(&(from, camera, source), to)| Shown { from, to, camera, source }).collect(),
        )
    }

    /// Where the programme showed the first sync sample of `camera` at its own time again, after an instant cut at `at`.
    fn caught_up(&self, camera: &str, at: EventTime) -> Option<EventTime> {
        let on_camera = at.as_micros() - self.behind_micros + CATCH_UP_MICROS;
        let recordings = self.recordings.iter().filter(|(id, _)| id.name() == camera);
        let syncs = recordings.filter_map(|(_, timeline)| {
            let fragments = timeline.fragments();
            let behind = fragments.partition_point(|placed| placed.begin.as_micros() <= on_camera);
            let sync = fragments.get(behind..)?.iter().find(|placed| placed.fragment.sync)?;
            Some(EventTime::from_micros(sync.begin.as_micros() + self.behind_micros))
        });
        syncs.min()
    }

    /// The recording of `source` that has most of what was shown.
    fn media(&self, source: &str, shown: &Shown<'_>) -> Option<Media> {
        if source == PROGRAM {
            return self.media_of(self.program_id, self.program, shown.from.as_micros());
        }
        let on_camera = |at: EventTime| at.as_micros() - self.behind_micros;
        let (from, to) = (on_camera(shown.from), on_camera(shown.to));
        let candidates = self.recordings.iter().filter(|(id, _)| id.name() == source);
        let (shared, id, timeline) = candidates
            .filter_map(|(id, timeline)| {
                let (begin, end) = timeline.span()?;
                Some((to.min(end.as_micros()) - from.max(begin.as_micros()), id, timeline))
            })
            .max_by_key(|(shared, ..)| *shared)?;
        (shared > 0).then(|| self.media_of(id, timeline, from)).flatten()
    }

    /// A recording, from `from` on in microseconds on the event clock.
    fn media_of(&self, id: &RecordingId, timeline: &Timeline, from: i64) -> Option<Media> {
        let (begin, end) = timeline.span()?;
        let (begin, end) = (begin.as_micros(), end.as_micros());
        Some(Media {
            file: format!("{}-{id}.mp4", self.event),
            id: id.clone(),
            offset: self.rate.frame(from - begin).max(0),
            length: self.rate.frame(end - begin),
        })
    }

    fn name(&self, source: Option<&str>) -> String {
        match source {
            Some(id) => self.names.get(id).map_or(id, String::as_str).to_owned(),
            None => "No camera".to_owned(),
        }
    }
}
