//! Edit lists as JSON, and re-cuts made of them.
//!
//! All times of a list are on one line: seconds from the begin of the recording in the path, or times of the day.

use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequest, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use genlock_media::EventTime;
use genlock_recorder::edit::Span;
use genlock_recorder::recut::{AskedClip, Fault, Field, RecutError};
use genlock_recorder::{RECUT, Recorder, Recording, RecordingId, Recut, Timeline};
use genlock_store::DisplayName;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::otio;
use super::views::{RecordingView, Telling};
use super::{RecordingPath, find, parse_time};
use crate::addresses::Links;
use crate::events;
use crate::extract::{parse_object, present, read_json};
use crate::limits::{EDIT_BYTES_MAX, RECUT_CLIPS_MAX};
use crate::openapi::Name;
use crate::problem::{Problem, ProblemCode};
use crate::state::Shared;

/// How far the begin of a clip may lie before the end of the clip before it: rounded times are no overlap.
const OVERLAP_MICROS: i64 = 100_000;

/// An edit list: clips of recordings, to be shown one behind the other.
///
/// Its times are on one line: numbers are seconds from the begin of the recording in the path, texts are times with date
/// (RFC 3339).
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = EditList)]
pub(super) struct ListBody {
    /// What it is called. Default: the event's name.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false, value_type = Option<Name>)]
    pub(super) title: Option<String>,
    /// The clips, in order: one to 2000.
    #[schema(min_items = 1, max_items = 2000)]
    pub(super) clips: Vec<ClipBody>,
}

/// A clip of a recording.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(
    as = EditClip,
    example = json!({ "source": "program", "from": 2.0, "to": 4.5, "name": "The vows" })
)]
pub(super) struct ClipBody {
    /// The camera's id, or `program`. Of its recordings, the one that has most of the clip.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "program")]
    pub(super) source: Option<String>,
    /// The recording, where `source` does not say it well enough.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "1764104406-program")]
    pub(super) recording_id: Option<String>,
    /// Where it begins. Snapped to the nearest sync sample.
    pub(super) from: Place,
    /// Where it ends. Where the next clip begins at the same time, the cut moves to the sync sample of the next.
    pub(super) to: Place,
    /// What it is called. Default: its source.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<Name>)]
    pub(super) name: Option<String>,
    /// Whether it shows again some of what the clip before it has shown; otherwise that is taken for a mistake.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) replay: bool,
}

/// A place in a recording: seconds from its begin, or a time with date (RFC 3339).
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = RecordingPlace, example = 12.5)]
pub(super) enum Place {
    /// Seconds.
    Seconds(f64),
    /// A time with date.
    Time(String),
}

/// A re-cut, and what its clips were snapped to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RecutView {
    #[serde(flatten)]
    recording: RecordingView,
    /// Its clips as they are shown.
    clips: Vec<SnappedClip>,
}

/// A clip as it is shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RecutClip)]
struct SnappedClip {
    /// What it is called.
    #[schema(example = "Altar")]
    name: String,
    /// The recording that it is of.
    #[schema(example = "1764104406-program")]
    recording_id: String,
    /// Its first picture, in seconds from the begin of the recording in the path.
    #[schema(example = 12.0)]
    from: f64,
    /// The end of its last picture, likewise.
    #[schema(example = 21.333333)]
    to: f64,
    /// By how much it begins later than was asked for, in milliseconds; negative: earlier.
    #[schema(example = -480)]
    from_moved_ms: i64,
    /// By how much it ends later, likewise.
    #[schema(example = 0)]
    to_moved_ms: i64,
    /// Where it begins in the re-cut, in seconds.
    #[schema(example = 0.0)]
    at: f64,
}

/// An edit list as JSON of the API's own, or as OpenTimelineIO.
#[derive(Debug)]
pub(crate) struct AnyList(Bytes);

impl FromRequest<Arc<Shared>> for AnyList {
    type Rejection = Problem;

    async fn from_request(request: Request, shared: &Arc<Shared>) -> Result<Self, Problem> {
        read_json(request, shared, EDIT_BYTES_MAX).await.map(Self)
    }
}

/// Cut again: make a new programme of the recordings, by an edit list
///
/// The recording in the path is the programme's, or a re-cut: its begin is second 0 of the list. The body is an edit list
/// as `…/edit-list?format=json` gives it, or OpenTimelineIO JSON whose clips name recordings.
///
/// What is made refers to the recordings: nothing is copied or encoded, and it is watched, downloaded and removed as any
/// recording. Cuts are snapped to sync samples; the answer says to which. The same list makes no second one.
#[utoipa::path(
    put, path = "/api/events/{event}/recordings/{recording}/edit-list", tag = "recordings",
    operation_id = "recut",
    params(RecordingPath),
    request_body(content = ListBody),
    responses(
        (
            status = 201, description = "it was made", body = RecutView,
            headers(("location" = String, description = "where it is"))
        ),
        (status = 200, description = "it was there", body = RecutView),
        (status = 409, description = "there are too many, or one that the list names was removed")
    )
)]
pub(crate) async fn put(
    State(shared): State<Arc<Shared>>,
    RecordingPath(event, id): RecordingPath,
    links: Links,
    AnyList(body): AnyList,
) -> Result<Response, Problem> {
    let name = events::find(&shared, &event).await?.name;
    let base = find(&shared, &event, id).await?;
    if !base.source.is_program() && base.source.name() != RECUT {
        let why = "it is the programme's recording, or a re-cut";
        return Err(Problem::invalid("recording", why));
    }
    let (recorder, archive) = (shared.recorder.clone(), shared.archive.clone());
    let folder = event.to_string();
    let _one_of_few = shared.movies.acquire().await;
    let made = tokio::task::spawn_blocking(move || {
        let asking = Asking { recorder: &recorder, event: &folder, base: &base };
        let list = asking.list(&body)?;
        let title = title(list.title.as_deref(), &name)?;
        let clips = asking.clips(&list)?;
        let (library, now) = (recorder.library(), recorder.now());
        let made = library.recut(&folder, &title, &clips, now);
        let (status, recut) = match made.map_err(|error| problem_of(error, &list))? {
            Recut::Made(recut) => (StatusCode::CREATED, recut),
            Recut::Known(recut) => (StatusCode::OK, recut),
        };
        let telling = Telling { recorder: &recorder, archive: &archive, links: &links };
        let view = RecutView {
            recording: RecordingView::of(&recut, &telling).map_err(disk)?,
            clips: snapped(&recut.timeline, begin_micros(&base.timeline)),
        };
        let location = links.recording(&folder, &recut.id.to_string(), "");
        Ok::<_, Problem>((status, location, view))
    });
    let (status, location, view) = made.await.map_err(|error| {
        tracing::error!(%error, "a re-cut could not be made");
        Problem::new(ProblemCode::Internal, "the re-cut could not be made")
    })??;
    let location = [(header::LOCATION, location.trim_end_matches('/').to_owned())];
    Ok((status, location, Json(view)).into_response())
}

/// The edit list of `spans` as JSON, on the line of a recording that began at `zero_micros`.
pub(super) fn json_of(title: &str, spans: Vec<Span>, zero_micros: i64) -> ListBody {
    let place = |at: EventTime| Place::Seconds(seconds(at.as_micros() - zero_micros));
    let clips = spans.into_iter().map(|span| ClipBody {
        source: Some(span.recording.name().to_owned()),
        recording_id: Some(span.recording.to_string()),
        from: place(span.from),
        to: place(span.to),
        name: Some(span.name),
        replay: false,
    });
    ListBody { title: Some(title.to_owned()), clips: clips.collect() }
}

/// The clips of a re-cut as spans.
pub(super) fn spans_of(timeline: &Timeline) -> Vec<Span> {
    let spans = timeline.clips().iter().map(|clip| Span {
        name: clip.name.clone(),
        recording: clip.recording.clone(),
        from: clip.got.0,
        to: clip.got.1,
    });
    spans.collect()
}

/// Where second 0 of a list is, in microseconds on the event clock.
pub(super) fn begin_micros(timeline: &Timeline) -> i64 {
    timeline.span().map_or(0, |(begin, _)| begin.as_micros())
}

fn snapped(timeline: &Timeline, zero_micros: i64) -> Vec<SnappedClip> {
    let millis = |to: EventTime, from: EventTime| (to.as_micros() - from.as_micros()) / 1000;
    let begin = begin_micros(timeline);
    let clips = timeline.clips().iter().map(|clip| {
        let (from, to) = clip.got;
        SnappedClip {
            name: clip.name.clone(),
            recording_id: clip.recording.to_string(),
            from: seconds(from.as_micros() - zero_micros),
            to: seconds(to.as_micros() - zero_micros),
            from_moved_ms: millis(from, clip.asked.0),
            to_moved_ms: millis(to, clip.asked.1),
            at: seconds(from.as_micros() + clip.shift_90k * 100 / 9 - begin),
        }
    });
    clips.collect()
}

/// What a list is read with.
struct Asking<'a> {
    recorder: &'a Recorder,
    event: &'a str,
    base: &'a Recording,
}

impl Asking<'_> {
    fn list(&self, body: &[u8]) -> Result<ListBody, Problem> {
        let list = match otio::read(body)? {
            Some(list) => list.on(self.recordings()?, begin_micros(&self.base.timeline))?,
            None => parse_object(body)?,
        };
        if list.clips.is_empty() || list.clips.len() > RECUT_CLIPS_MAX {
            let why = format!("an edit list has 1 to {RECUT_CLIPS_MAX} clips");
            return Err(Problem::invalid("clips", why));
        }
        Ok(list)
    }

    fn clips(&self, list: &ListBody) -> Result<Vec<AskedClip>, Problem> {
        let needs_all = list.clips.iter().any(|clip| clip.recording_id.is_none());
        let recordings = if needs_all { self.recordings()? } else { Vec::new() };
        let spans: Vec<(RecordingId, i64, i64)> = recordings
            .into_iter()
            .filter(|recording| !recording.timeline.is_recut())
            .filter_map(|Recording { id, timeline, .. }| {
                let (begin, end) = timeline.span()?;
                Some((id, begin.as_micros(), end.as_micros()))
            })
            .collect();
        let mut clips: Vec<AskedClip> = Vec::with_capacity(list.clips.len());
        for (place, clip) in list.clips.iter().enumerate() {
            let asked = self.clip(place, clip, &spans)?;
            if let Some(before) = clips.last().filter(|_| !clip.replay) {
                refuse_overlap(place, before, &asked)?;
            }
            clips.push(asked);
        }
        Ok(clips)
    }

    fn clip(
        &self,
        place: usize,
        clip: &ClipBody,
        spans: &[(RecordingId, i64, i64)],
    ) -> Result<AskedClip, Problem> {
        let field = |name: &str| format!("clips[{place}].{name}");
        let timeline = &self.base.timeline;
        let from = clip.from.on(&field("from"), timeline)?;
        let to = clip.to.on(&field("to"), timeline)?;
        let recording = match (&clip.recording_id, &clip.source) {
            (Some(text), source) => {
                let id = RecordingId::parse(text);
                let fits =
                    |id: &RecordingId| source.as_deref().is_none_or(|name| name == id.name());
                id.filter(fits).ok_or_else(|| self.no_recording(&field("recording_id"), text))?
            }
            (None, Some(source)) => best(spans, source, from, to)
                .ok_or_else(|| Problem::invalid(&field("source"), NO_SOURCE))?,
            (None, None) => {
                let why = "a clip has a `source` or a `recording_id`";
                return Err(Problem::of_field(ProblemCode::MissingField, field("source"), why));
            }
        };
        if !self.recorder.library().has(self.event, &recording) {
            return Err(self.no_recording(&field("recording_id"), &recording.to_string()));
        }
        let name = match &clip.name {
            Some(name) => DisplayName::parse(name)
                .map_err(|why| Problem::invalid(&field("name"), why))?
                .to_string(),
            None => recording.name().to_owned(),
        };
        Ok(AskedClip { name, recording, from, to })
    }

    fn recordings(&self) -> Result<Vec<Recording>, Problem> {
        self.recorder.library().list(self.event).map_err(disk)
    }

    /// There is none, or none any more.
    fn no_recording(&self, field: &str, id: &str) -> Problem {
        let deletions = self.recorder.library().deletions(self.event).unwrap_or_default();
        match deletions.iter().find(|deleted| deleted.recording == id) {
            Some(deleted) => {
                let why = format!("it was removed by {}", deleted.by);
                Problem::of_field(ProblemCode::RecordingRemoved, field, why)
            }
            None => Problem::invalid(field, "the event has no such recording of this source"),
        }
    }
}

/// Why no recording stands for a source.
const NO_SOURCE: &str = "nothing is recorded of such a source: it is a camera's id, or `program`";

impl Place {
    fn on(&self, field: &str, timeline: &Timeline) -> Result<EventTime, Problem> {
        match self {
            Self::Seconds(seconds) if seconds.abs() < 1e9 => {
                let micros = (seconds * 1e6).round() as i64;
                Ok(EventTime::from_micros(begin_micros(timeline).saturating_add(micros)))
            }
            Self::Seconds(_) => {
                Err(Problem::invalid(field, "it is a number of seconds below 10^9"))
            }
            Self::Time(text) => parse_time(field, text, timeline),
        }
    }
}

/// The recording of `source` that has most of a clip.
fn best(
    spans: &[(RecordingId, i64, i64)],
    source: &str,
    from: EventTime,
    to: EventTime,
) -> Option<RecordingId> {
    let of_source = spans.iter().filter(|(id, ..)| id.name() == source);
    let shared = |(_, begin, end): &&(RecordingId, i64, i64)| {
        to.as_micros().min(*end) - from.as_micros().max(*begin)
    };
    of_source.max_by_key(shared).map(|(id, ..)| id.clone())
}

fn refuse_overlap(place: usize, before: &AskedClip, clip: &AskedClip) -> Result<(), Problem> {
    let again = before.to.as_micros() - clip.from.as_micros();
    if again <= OVERLAP_MICROS || clip.to <= before.from {
        return Ok(());
    }
    let why = format!(
        "it begins {:.3} s before the end of the clip before it: say `\"replay\": true` if that is to be \
         shown again",
        seconds(again)
    );
    Err(Problem::invalid(&format!("clips[{place}].from"), why))
}

fn title(wanted: Option<&str>, event: &DisplayName) -> Result<String, Problem> {
    let parsed = wanted.map(DisplayName::parse).transpose();
    let parsed = parsed.map_err(|why| Problem::invalid("title", why))?;
    Ok(parsed.as_ref().unwrap_or(event).to_string())
}

fn problem_of(error: RecutError, list: &ListBody) -> Problem {
    match error {
        RecutError::Clip(Fault { clip, field, why }) => {
            let has_id = list.clips.get(clip).is_some_and(|clip| clip.recording_id.is_some());
            let name = match field {
                Field::Recording if has_id => "recording_id",
                Field::Recording => "source",
                Field::From => "from",
                Field::To => "to",
            };
            Problem::invalid(&format!("clips[{clip}].{name}"), why)
        }
        RecutError::TooMany(limit) => {
            let detail = format!("an event has at most {limit} re-cuts");
            Problem::new(ProblemCode::LimitReached, detail)
        }
        RecutError::Disk(error) => disk(error),
    }
}

fn disk(error: std::io::Error) -> Problem {
    tracing::error!(%error, "the recordings' folder fails");
    Problem::new(ProblemCode::Internal, "the recordings cannot be read or changed")
}

/// Microseconds as seconds, which JSON tells to the microsecond for 285 years.
fn seconds(micros: i64) -> f64 {
    micros as f64 / 1e6
}

const fn is_false(value: &bool) -> bool {
    !*value
}
