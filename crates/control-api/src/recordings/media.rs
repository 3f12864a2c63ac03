//! Recordings as media: playlists, files, progressive MP4, pictures.

use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequestParts, RawQuery, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use genlock_recorder::movie::Extent;
use genlock_recorder::{Clip, Recording, RecordingId, playlist};
use genlock_store::{EventId, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::body::{Piece, Pieces};
use super::query::{PlaceQuery, StretchQuery, place, stretch};
use super::{RecordingPath, find, on_disk};
use crate::addresses::Links;
use crate::etag::IfNoneMatch;
use crate::paths::path_params;
use crate::problem::{Problem, ProblemCode};
use crate::slates::PictureFile;
use crate::state::Shared;
use crate::thumbnails;
use crate::time::rfc3339;

/// Where a clip really begins and ends, in milliseconds from the begin of the recording.
const CLIP_FROM: HeaderName = HeaderName::from_static("x-genlock-clip-from-ms");
const CLIP_TO: HeaderName = HeaderName::from_static("x-genlock-clip-to-ms");

/// What a stretch of a recording was snapped to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RecordingClip)]
pub(crate) struct ClipView {
    /// When its first picture is shown: a sync sample.
    #[serde(serialize_with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    /// When its last picture ends.
    #[serde(serialize_with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    to: Timestamp,
    /// `from` in milliseconds from the begin of the recording.
    #[schema(example = 12_000)]
    from_ms: i64,
    /// `to` in milliseconds from the begin of the recording.
    #[schema(example = 22_000)]
    to_ms: i64,
    /// It as a playlist.
    playlist_url: String,
    /// It as a progressive MP4.
    download_url: String,
}

/// Play a recording: HLS over the recorded files, of all of it or a stretch
///
/// `EVENT` while something may be added (what is listed never changes), `VOD` after, and for a stretch with an
/// end.
#[utoipa::path(
    get, path = "/api/events/{event}/recordings/{recording}/index.m3u8", tag = "recordings",
    operation_id = "recording_playlist",
    params(RecordingPath, StretchQuery),
    responses((
        status = 200, description = "a media playlist", body = String,
        content_type = "application/vnd.apple.mpegurl", example = "#EXTM3U\n#EXT-X-VERSION:7"
    ))
)]
pub(crate) async fn playlist(
    State(shared): State<Arc<Shared>>,
    RecordingPath(event, id): RecordingPath,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let found = find(&shared, &event, id).await?;
    let clip = stretch(query.as_deref(), &found.timeline)?;
    let has_end = query.is_some_and(|query| query.contains("to="));
    let is_over = has_end || found.is_over(shared.recorder.now());
    let text = playlist::render(&found.timeline, clip.as_ref(), is_over);
    let about = [
        (header::CONTENT_TYPE, "application/vnd.apple.mpegurl"),
        (header::CACHE_CONTROL, "private, no-cache"),
    ];
    Ok((about, text).into_response())
}

/// Tell what a stretch of a recording is snapped to
#[utoipa::path(
    get, path = "/api/events/{event}/recordings/{recording}/clip", tag = "recordings",
    operation_id = "recording_clip",
    params(RecordingPath, StretchQuery),
    responses(
        (status = 200, description = "the stretch", body = ClipView),
        (status = 409, description = "nothing was recorded there")
    )
)]
pub(crate) async fn clip(
    State(shared): State<Arc<Shared>>,
    RecordingPath(event, id): RecordingPath,
    RawQuery(query): RawQuery,
    links: Links,
) -> Result<Json<ClipView>, Problem> {
    let found = find(&shared, &event, id).await?;
    let clip = recorded(stretch(query.as_deref(), &found.timeline)?)?;
    let (from_ms, to_ms) = offsets(&found, &clip);
    let query = format!("?from={}&to={}", seconds(from_ms), seconds(to_ms));
    let id = found.id.to_string();
    let url = |file: &str| links.recording(event.as_str(), &id, file) + &query;
    let zero = found.timeline.zero_unix_micros();
    let wall = |micros: i64| Timestamp::from_millis(zero.saturating_add(micros).div_euclid(1000));
    Ok(Json(ClipView {
        from: wall(clip.begin.as_micros()),
        to: wall(clip.end.as_micros()),
        from_ms,
        to_ms,
        playlist_url: url("index.m3u8"),
        download_url: url("download.mp4"),
    }))
}

/// Download a recording, or a stretch of it, as progressive MP4
///
/// The index comes first; nothing is copied, so it starts at once and any range of it can be asked for. Of a
/// recording that is going on it is what there is now; a download that is taken up again needs `if-range`.
#[utoipa::path(
    get, path = "/api/events/{event}/recordings/{recording}/download.mp4", tag = "recordings",
    operation_id = "download_recording",
    params(
        RecordingPath,
        StretchQuery,
        ("range" = Option<String>, Header, description = "one range of bytes")
    ),
    responses(
        (
            status = 200, description = "the file", body = PictureFile, content_type = "video/mp4",
            headers(
                ("x-genlock-clip-from-ms" = i64, description = "where it begins, from the begin of the recording"),
                ("x-genlock-clip-to-ms" = i64, description = "where it ends")
            )
        ),
        (status = 206, description = "the range"),
        (status = 409, description = "nothing was recorded there"),
        (status = 416, description = "the file is shorter")
    )
)]
pub(crate) async fn download(
    State(shared): State<Arc<Shared>>,
    RecordingPath(event, id): RecordingPath,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let found = find(&shared, &event, id).await?;
    let clip = recorded(stretch(query.as_deref(), &found.timeline)?)?;
    let _one_of_few = shared.movies.acquire().await;
    let (recording, wanted) = (found.clone(), clip.clone());
    let movie = on_disk(&shared, move |_| recording.movie(&wanted)).await?;
    let tag = format!("{}-{}", clip.begin.as_micros(), movie.bytes());
    let files = movie.extents.iter().flat_map(|extent| on_files(&found, extent));
    let pieces = Pieces(std::iter::once(Piece::Memory(movie.head.clone())).chain(files).collect());
    let mut response = pieces.answer(&headers, "video/mp4", &tag);
    let (from_ms, to_ms) = offsets(&found, &clip);
    let name = format!("attachment; filename=\"{event}-{}.mp4\"", found.id);
    let more = response.headers_mut();
    more.insert(CLIP_FROM, HeaderValue::from(from_ms));
    more.insert(CLIP_TO, HeaderValue::from(to_ms));
    if let Ok(name) = HeaderValue::from_str(&name) {
        more.insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

/// The event, the recording and the media file that a path names.
#[derive(Debug)]
pub(crate) struct FilePath(EventId, RecordingId, u32);

impl FilePath {
    pub(super) const fn recording(&self) -> &RecordingId {
        &self.1
    }
}

impl FromRequestParts<Arc<Shared>> for FilePath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Problem> {
        let RecordingPath(event, id) = RecordingPath::from_request_parts(parts, shared).await?;
        let params = path_params(parts, shared).await?;
        let name = params.iter().find(|(name, _)| *name == "file").map_or("", |(_, text)| text);
        let number = name.strip_suffix(".mp4").and_then(|number| number.parse().ok());
        Ok(Self(event, id, number.ok_or_else(Problem::recording_not_found)?))
    }
}

/// Read a media file of a recording as it is on the disk: fragmented MP4
#[utoipa::path(
    get, path = "/api/events/{event}/recordings/{recording}/{file}", tag = "recordings",
    operation_id = "recording_file",
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
    FilePath(event, id, number): FilePath,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let found = find(&shared, &event, id).await?;
    let files = found.timeline.files();
    let file = files.iter().find(|file| file.number == number);
    let bytes = file.ok_or_else(Problem::recording_not_found)?.bytes;
    let pieces = Pieces(on_files(&found, &Extent { file: number, offset: 0, bytes }).collect());
    // What was written never changes: a longer file is the same one to whoever has its begin.
    Ok(pieces.answer(&headers, "video/mp4", &format!("{}-{number}", found.id)))
}

/// Read a picture of a recording: the sync sample at or before a place as a JPEG
#[utoipa::path(
    get, path = "/api/events/{event}/recordings/{recording}/thumbnail.jpg", tag = "recordings",
    operation_id = "recording_thumbnail",
    params(RecordingPath, PlaceQuery),
    responses((
        status = 200, description = "the picture, or a neutral card", body = PictureFile,
        content_type = "image/jpeg"
    ))
)]
pub(crate) async fn thumbnail(
    State(shared): State<Arc<Shared>>,
    RecordingPath(event, id): RecordingPath,
    RawQuery(query): RawQuery,
    known: IfNoneMatch,
) -> Result<Response, Problem> {
    let found = find(&shared, &event, id).await?;
    let at = place(query.as_deref(), &found.timeline)?;
    let sample = on_disk(&shared, move |_| found.sync_sample(at)).await?;
    let jpeg = shared.thumbnails.recorded(sample).await;
    Ok(thumbnails::answer(&known, jpeg))
}

/// Where a stretch of a media file really is: of a re-cut, in several files.
fn on_files(recording: &Recording, extent: &Extent) -> impl Iterator<Item = Piece> {
    let stretches = recording.timeline.stretches(extent.file, extent.offset, extent.bytes);
    stretches.into_iter().map(|Extent { file, offset, bytes }| Piece::File {
        media: recording.media(file),
        offset,
        bytes,
    })
}

fn recorded(clip: Option<Clip>) -> Result<Clip, Problem> {
    clip.ok_or_else(|| Problem::new(ProblemCode::NothingRecorded, "nothing was recorded there"))
}

/// Begin and end of a clip in milliseconds from the begin of its recording.
fn offsets(recording: &Recording, clip: &Clip) -> (i64, i64) {
    let begin = recording.timeline.span().map_or(0, |(begin, _)| begin.as_micros());
    let millis = |micros: i64| micros.saturating_sub(begin).div_euclid(1000);
    (millis(clip.begin.as_micros()), millis(clip.end.as_micros()))
}

fn seconds(millis: i64) -> String {
    format!("{}.{:03}", millis.div_euclid(1000), millis.rem_euclid(1000))
}
