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

mod edl;
mod fcpxml;
mod otio;
mod rate;

use std::collections::BTreeMap;

use genlock_media::EventTime;

pub use self::rate::Rate;
use crate::name::RecordingId;
use crate::timeline::Timeline;

/// From here on the programme showed something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// When its first picture was shown.
    pub at: EventTime,
    /// The camera's id; `None` for the slate.
    pub source: Option<String>,
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

impl EditList {
    /// The edit list of `material`; `None` if the programme's recording is empty.
    #[must_use]
    pub fn new(material: &Material<'_>) -> Option<Self> {
        let (begin, end) = material.program.span()?;
        let frame = |at: EventTime| material.rate.frame(at.as_micros() - begin.as_micros());
        let cuts = material.cuts.iter().filter(|cut| cut.at < end);
        let mut edges: Vec<(EventTime, Option<&str>)> = vec![(begin, None)];
        for cut in cuts {
            let source = cut.source.as_deref();
            // What was on air when the recording began has been put there before.
            edges.retain(|(at, _)| frame(*at) < frame(cut.at.max(begin)));
            edges.push((cut.at.max(begin), source));
        }
        let ends = edges.iter().skip(1).map(|(at, _)| *at).chain([end]);
        let clips = edges.iter().zip(ends).filter_map(|(&(from, source), to)| {
            let (first, frames) = (frame(from), frame(to) - frame(from));
            let media = source.and_then(|source| material.media(source, from, to));
            (frames > 0).then(|| Clip { name: material.name(source), begin: first, frames, media })
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

impl Material<'_> {
    /// The recording of `source` that has most of what was shown from `from` to `to`.
    fn media(&self, source: &str, from: EventTime, to: EventTime) -> Option<Media> {
        let on_camera = |at: EventTime| at.as_micros() - self.behind_micros;
        let (from, to) = (on_camera(from), on_camera(to));
        let candidates = self.recordings.iter().filter(|(id, _)| id.name() == source);
        let (shared, id, begin, end) = candidates
            .filter_map(|(id, timeline)| {
                let (begin, end) = timeline.span()?;
                let (begin, end) = (begin.as_micros(), end.as_micros());
                Some((to.min(end) - from.max(begin), id, begin, end))
            })
            .max_by_key(|(shared, ..)| *shared)?;
        (shared > 0).then(|| Media {
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
