//! `/api/events/{event}/recordings`: what was recorded, to list, watch, download and remove.
//!
//! | module | owns |
//! |---|---|
//! | `views` | recordings as JSON |
//! | `media` | playlists, files, progressive MP4, pictures |
//! | `rewatch` | the programme, for viewers of an ended event |
//! | `edit` | the switch log as an edit list |
//! | `recut` | edit lists as JSON, and re-cuts made of them |
//! | `otio` | OpenTimelineIO as an edit list |
//! | `query` | times in queries |
//! | `body` | files and stretches of them as bodies, with ranges |
//!
//! Everything is read from the disk when it is asked for, off the async threads.

mod body;
pub(crate) mod edit;
pub(crate) mod media;
mod otio;
mod query;
pub(crate) mod recut;
pub(crate) mod rewatch;
mod views;

use std::io;
use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use genlock_recorder::shell::Removal;
use genlock_recorder::{Recorder, Recording, RecordingId};
use genlock_store::EventId;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};

use self::query::time as parse_time;
pub(crate) use self::views::SourceView;
use self::views::{
    DeletionList, DeletionView, RecordingDetail, RecordingList, RecordingView, Telling,
};
use crate::addresses::Links;
use crate::auth::{Caller, Principal};
use crate::events;
use crate::openapi::{path_id, path_text};
use crate::paths::{EventPath, event_id, path_params};
use crate::problem::{Problem, ProblemCode};
use crate::query::{Cursor, PageQuery};
use crate::state::Shared;

/// What the id of a recording looks like: when it began, and the id of what it is of.
const RECORDING_PATTERN: &str = "^(0|[1-9][0-9]{0,18})-[A-Za-z0-9_-]{1,64}$";

/// The event and the recording that a path names.
#[derive(Debug)]
pub(crate) struct RecordingPath(pub(crate) EventId, pub(crate) RecordingId);

impl FromRequestParts<Arc<Shared>> for RecordingPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Problem> {
        let params = path_params(parts, shared).await?;
        let text =
            params.iter().find(|(name, _)| *name == "recording").map_or("", |(_, text)| text);
        // A name that is none is that of no recording.
        let id = RecordingId::parse(text).ok_or_else(Problem::recording_not_found)?;
        Ok(Self(event_id(&params)?, id))
    }
}

impl IntoParams for RecordingPath {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![
            path_id("event", "id of the event", "q3vx5k2mhd7qpa4t"),
            path_text("recording", "id of the recording", RECORDING_PATTERN, "1764104406-program"),
        ]
    }
}

/// List what was recorded of an event, and what becomes of its cameras and its programme now
#[utoipa::path(
    get, path = "/api/events/{event}/recordings", tag = "recordings", operation_id = "list_recordings",
    params(EventPath, PageQuery),
    responses((status = 200, description = "a page, oldest first", body = RecordingList))
)]
pub(crate) async fn list(
    State(shared): State<Arc<Shared>>,
    EventPath(event): EventPath,
    links: Links,
    page: PageQuery,
) -> Result<Json<RecordingList>, Problem> {
    events::find(&shared, &event).await?;
    let (sources, archive) = (sources(&shared, &event), shared.archive.clone());
    let made = on_disk(&shared, move |recorder| {
        let ids = recorder.library().ids(event.as_str())?;
        let (ids, next_after) = page.cut(ids, |id| Cursor::new(id.began(), id.name()));
        let telling = Telling { recorder, archive: &archive, links: &links };
        let view = |id: &RecordingId| {
            let found = recorder.library().get(event.as_str(), id)?;
            found.map(|found| RecordingView::of(&found, &telling)).transpose()
        };
        // One that cannot be read, or is removed meanwhile, must not hide the others.
        let items = ids.iter().filter_map(|id| {
            view(id).unwrap_or_else(|error| {
                tracing::warn!(%error, %event, %id, "a recording cannot be read");
                None
            })
        });
        Ok((items.collect(), next_after))
    });
    let (items, next_after) = made.await?;
    Ok(Json(RecordingList { items, next_after, sources }))
}

/// Read a recording: with its files, its tracks, and what is missing
#[utoipa::path(
    get, path = "/api/events/{event}/recordings/{recording}", tag = "recordings",
    operation_id = "get_recording",
    params(RecordingPath),
    responses((status = 200, description = "the recording", body = RecordingDetail))
)]
pub(crate) async fn get(
    State(shared): State<Arc<Shared>>,
    RecordingPath(event, id): RecordingPath,
    links: Links,
) -> Result<Json<RecordingDetail>, Problem> {
    let found = find(&shared, &event, id).await?;
    let archive = shared.archive.clone();
    let detail = on_disk(&shared, move |recorder| {
        RecordingDetail::of(&found, &Telling { recorder, archive: &archive, links: &links })
    });
    detail.await.map(Json)
}

/// Remove a recording and its files for good
///
/// What is being recorded cannot be removed, nor what a re-cut is made of: end the event, or set its policy's `recording`, first. Who has
/// removed what is written down.
#[utoipa::path(
    delete, path = "/api/events/{event}/recordings/{recording}", tag = "recordings",
    operation_id = "delete_recording",
    params(RecordingPath),
    responses(
        (status = 204, description = "it is gone"),
        (status = 409, description = "it is being recorded, or a re-cut is made of it")
    )
)]
pub(crate) async fn delete(
    State(shared): State<Arc<Shared>>,
    Caller(caller): Caller,
    RecordingPath(event, id): RecordingPath,
) -> Result<StatusCode, Problem> {
    let found = find(&shared, &event, id.clone()).await?;
    if shared.recorder.is_open(&found.source, &id) {
        let detail = "it is being recorded: end the event, or set its policy's `recording`, first";
        return Err(Problem::new(ProblemCode::RecordingOpen, detail));
    }
    let by = name_of(&caller);
    let removed = on_disk(&shared, move |recorder| {
        recorder.library().remove(event.as_str(), &id, &by, recorder.now())
    });
    match removed.await? {
        Removal::Removed(_) => Ok(StatusCode::NO_CONTENT),
        Removal::Used(recut) => {
            let detail = format!("the re-cut {recut} is made of it: remove that first");
            Err(Problem::new(ProblemCode::RecordingUsed, detail))
        }
        Removal::Unknown => Err(Problem::recording_not_found()),
    }
}

/// List which recordings of an event were removed, when and by whom
#[utoipa::path(
    get, path = "/api/events/{event}/recordings/deletions", tag = "recordings",
    operation_id = "list_recording_deletions",
    params(EventPath, PageQuery),
    responses((
        status = 200, description = "a page of the newest thousand, oldest first",
        body = DeletionList
    ))
)]
pub(crate) async fn deletions(
    State(shared): State<Arc<Shared>>,
    EventPath(event): EventPath,
    page: PageQuery,
) -> Result<Json<DeletionList>, Problem> {
    events::find(&shared, &event).await?;
    let found = on_disk(&shared, move |recorder| recorder.library().deletions(event.as_str()));
    let (found, next_after) = page.cut(found.await?, DeletionView::place);
    Ok(Json(DeletionList {
        items: found.into_iter().map(DeletionView::from).collect(),
        next_after,
    }))
}

/// One recording, or the problem that there is none.
async fn find(shared: &Shared, event: &EventId, id: RecordingId) -> Result<Recording, Problem> {
    events::find(shared, event).await?;
    let event = event.clone();
    let found = on_disk(shared, move |recorder| recorder.library().get(event.as_str(), &id));
    found.await?.ok_or_else(Problem::recording_not_found)
}

/// What becomes of what is to be recorded of an event.
pub(crate) fn sources(shared: &Shared, event: &EventId) -> Vec<SourceView> {
    let statuses = shared.recorder.statuses();
    let here = statuses.iter().filter(|(source, _)| source.event() == event.as_str());
    here.map(|(source, status)| SourceView::of(source, status)).collect()
}

/// Whoever removes something, as it is written down.
fn name_of(caller: &Principal) -> String {
    match caller {
        Principal::Admin => "administrator".to_owned(),
        Principal::Creator(creator) => format!("creator {}", creator.id),
        Principal::Guest(_) => "guest".to_owned(),
    }
}

async fn on_disk<T: Send + 'static>(
    shared: &Shared,
    work: impl FnOnce(&Recorder) -> io::Result<T> + Send + 'static,
) -> Result<T, Problem> {
    let recorder = shared.recorder.clone();
    let done = tokio::task::spawn_blocking(move || work(&recorder)).await;
    done.unwrap_or_else(|error| Err(io::Error::other(error))).map_err(|error| {
        tracing::error!(%error, "the recordings' folder fails");
        Problem::new(ProblemCode::Internal, "the recordings cannot be read or changed")
    })
}
