//! An ended event's programme, for whoever may watch the event.
//!
//! Viewers get the playlist and the files of the one recording that is offered to them, and nothing of the cameras',
//! unless their playback token opens recordings: the console has such links, because a link carries no header.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use genlock_media::EventTime;
use genlock_recorder::{PROGRAM, Recording, RecordingId};
use genlock_store::{Event, EventId};
use serde::Serialize;
use tokio::time::Instant;
use utoipa::ToSchema;

use super::media::{self, FilePath};
use super::{RecordingPath, on_disk};
use crate::addresses::Links;
use crate::limits::REWATCH_EVENTS_MAX;
use crate::live::EventStatus;
use crate::problem::Problem;
use crate::slates::PictureFile;
use crate::state::Shared;
use crate::thumbnails::Jpeg;
use crate::watch::Watched;

/// How long what was found on the disk is told again: all viewers of an event ask when it ends.
const KEPT_FOR: Duration = Duration::from_secs(5);

/// An ended event's programme, to be watched again.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Rewatch)]
pub(crate) struct RewatchView {
    /// HLS playlist of the recording.
    #[schema(
        example = "http://live.example:8080/watch/q3vx5k2mhd7qpa4t/recordings/1764104406-program/index.m3u8"
    )]
    hls_url: String,
    /// From its first picture to the end of its last, in milliseconds.
    #[schema(example = 5_400_000)]
    duration_ms: u64,
}

/// What was found of events that have ended. Of each event one reads the disk at a time.
#[derive(Debug, Default)]
pub(crate) struct Rewatched(Mutex<HashMap<EventId, Place>>);

/// What was found of one event, to be locked while the disk is read.
type Place = Arc<tokio::sync::Mutex<Option<Found>>>;

#[derive(Debug)]
struct Found {
    at: Instant,
    recording: Option<Arc<Recording>>,
}

impl Rewatched {
    fn place(&self, event: &EventId) -> Place {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= REWATCH_EVENTS_MAX && !all.contains_key(event) {
            // Those that nobody asks about just now.
            all.retain(|_, place| Arc::strong_count(place) > 1);
        }
        Arc::clone(all.entry(event.clone()).or_default())
    }
}

impl RewatchView {
    pub(crate) fn new(recording: &Recording, links: &Links) -> Self {
        let length = length(recording).map_or(0, |length| length.as_millis());
        Self {
            hls_url: links.rewatch(recording.source.event(), &recording.id.to_string()),
            duration_ms: u64::try_from(length).unwrap_or(u64::MAX),
        }
    }
}

/// The recording that viewers are offered: of an event that has ended and whose policy offers it, the longest of its
/// programme.
pub(crate) async fn offered(
    shared: &Shared,
    event: &Event,
) -> Result<Option<Arc<Recording>>, Problem> {
    let ended = shared.live.program(&event.id).status == EventStatus::Ended;
    if !ended || !event.policy.viewer_recording {
        return Ok(None);
    }
    let place = shared.rewatched.place(&event.id);
    let mut known = place.lock().await;
    if let Some(found) = known.as_ref().filter(|found| found.at.elapsed() < KEPT_FOR) {
        return Ok(found.recording.clone());
    }
    let id = event.id.clone();
    let recordings = on_disk(shared, move |recorder| recorder.library().list(id.as_str())).await?;
    let of_program = recordings.into_iter().filter(|each| each.source.name() == PROGRAM);
    let longest = of_program.filter(|each| length(each).is_some()).max_by_key(length);
    let recording = longest.map(Arc::new);
    *known = Some(Found { at: Instant::now(), recording: recording.clone() });
    Ok(recording)
}

fn length(recording: &Recording) -> Option<Duration> {
    let (begin, end) = recording.timeline.span()?;
    Some(end.saturating_since(begin)).filter(|length| !length.is_zero())
}

/// A picture of a recording: from a tenth of it on, where shows have begun.
pub(crate) async fn picture(shared: &Shared, recording: Arc<Recording>) -> Result<Jpeg, Problem> {
    let begin = recording.timeline.span().map_or(0, |(begin, _)| begin.as_micros());
    let tenth = length(&recording).map_or(0, |length| length.as_micros() / 10);
    let at = begin.saturating_add(i64::try_from(tenth).unwrap_or(0));
    let sample =
        on_disk(shared, move |_| recording.sync_sample(EventTime::from_micros(at))).await?;
    Ok(shared.thumbnails.recorded(sample).await)
}

/// Watch an ended event's programme again: HLS over the recorded files
///
/// Of the recording that the status of the event names. Signed paths as for the status.
#[utoipa::path(
    get, path = "/watch/{event}/recordings/{recording}/index.m3u8", tag = "playback",
    operation_id = "rewatch_playlist",
    params(RecordingPath),
    responses((
        status = 200, description = "a media playlist", body = String,
        content_type = "application/vnd.apple.mpegurl", example = "#EXTM3U\n#EXT-X-VERSION:7"
    ))
)]
pub(crate) async fn playlist(
    State(shared): State<Arc<Shared>>,
    watched: Watched,
    RecordingPath(event, id): RecordingPath,
) -> Result<Response, Problem> {
    check_offered(&shared, &watched, &id).await?;
    media::playlist(State(shared), RecordingPath(event, id), RawQuery(None)).await
}

/// Read a media file of an ended event's programme: fragmented MP4
#[utoipa::path(
    get, path = "/watch/{event}/recordings/{recording}/{file}", tag = "playback",
    operation_id = "rewatch_file",
    params(
        RecordingPath,
        ("file" = String, Path, description = "name of the file", example = "1.mp4"),
        ("range" = Option<String>, Header, description = "one range of bytes")
    ),
    responses(
        (status = 200, description = "the file", body = PictureFile, content_type = "video/mp4"),
        (status = 206, description = "the range"),
        (status = 416, description = "the file is shorter")
    )
)]
pub(crate) async fn file(
    State(shared): State<Arc<Shared>>,
    watched: Watched,
    path: FilePath,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    check_offered(&shared, &watched, path.recording()).await?;
    media::file(State(shared), path, headers).await
}

/// Download a recording, by a path whose playback token opens recordings: for links, which carry no header.
pub(crate) async fn download(
    State(shared): State<Arc<Shared>>,
    watched: Watched,
    RecordingPath(event, id): RecordingPath,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if !watched.archive {
        return Err(Problem::recording_not_found());
    }
    media::download(State(shared), RecordingPath(event, id), RawQuery(query), headers).await
}

/// To viewers there is no other recording than the one that they are offered, unless their path opens them all.
async fn check_offered(
    shared: &Shared,
    watched: &Watched,
    id: &RecordingId,
) -> Result<(), Problem> {
    if watched.archive {
        return Ok(());
    }
    let offered = offered(shared, &watched.event).await?;
    match offered.is_some_and(|offered| offered.id == *id) {
        true => Ok(()),
        false => Err(Problem::recording_not_found()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(number: usize) -> EventId {
        EventId::parse(&format!("event{number}")).unwrap()
    }

    #[test]
    fn who_asks_about_one_event_waits_for_no_other() {
        let all = Rewatched::default();
        let (first, second) = (all.place(&event(1)), all.place(&event(2)));
        let _reading = first.try_lock().unwrap();
        assert!(all.place(&event(1)).try_lock().is_err());
        assert!(second.try_lock().is_ok());
    }

    #[test]
    fn what_is_kept_in_mind_has_an_end() {
        let all = Rewatched::default();
        let asked = all.place(&event(0));
        for number in 1..=2 * REWATCH_EVENTS_MAX {
            all.place(&event(number));
            assert!(all.0.lock().unwrap().len() <= REWATCH_EVENTS_MAX);
        }
        assert!(Arc::ptr_eq(&asked, &all.place(&event(0))), "somebody still waits for it");
    }
}
