//! `/watch/{event}/…`: what viewers' pages ask, for whoever may watch the event.
//!
//! ```text
//!  /watch/{event}/status                        what there is to watch
//!  /watch/{event}/poster.jpg                    a picture of it
//!  /watch/{event}/recordings/{recording}/…      an ended event's programme once more: see `recordings::rewatch`
//! ```
//!
//! Events that are watched by signed paths only have the same below `/p/{token}`, as they have their playlists. The
//! page itself is not here.

use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequestParts, RawPathParams, State};
use axum::http::header;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use genlock_store::{Camera, Event, Playback};
use serde::Serialize;
use utoipa::ToSchema;

use crate::addresses::Links;
use crate::auth::Peer;
use crate::etag::IfNoneMatch;
use crate::events;
use crate::live::{CameraStatus, EventStatus, Opened};
use crate::paths::{EventPath, path_params};
use crate::problem::{Problem, ProblemCode};
use crate::recordings::rewatch::{self, RewatchView};
use crate::slates::PictureFile;
use crate::state::Shared;
use crate::thumbnails;

/// An event, as whoever watches it sees it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Watch)]
pub(crate) struct WatchView {
    /// Name for people.
    #[schema(example = "Ann & Bob")]
    name: String,
    /// Whether something is on air.
    status: EventStatus,
    /// The viewer's page.
    #[schema(example = "http://live.example:8080/watch/q3vx5k2mhd7qpa4t")]
    watch_url: String,
    /// Multivariant playlist of the programme, LL-HLS.
    #[schema(example = "http://live.example:8080/hls/q3vx5k2mhd7qpa4t/program/index.m3u8")]
    hls_url: String,
    /// A picture of it: of what is on air; else the slate, or a picture of the recording.
    #[schema(example = "http://live.example:8080/watch/q3vx5k2mhd7qpa4t/poster.jpg")]
    poster_url: String,
    /// Cameras that may be watched instead of the programme, in failover order. Empty unless the event's policy
    /// has `viewer_angles`, or the path's playback token opens the cameras.
    angles: Vec<AngleView>,
    /// Of an event that has ended: its programme, to be watched again. `null` where nothing was recorded, or the
    /// event's policy has no `viewer_recording`.
    recording: Option<RewatchView>,
}

/// A camera that may be watched instead of the programme.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Angle)]
pub(crate) struct AngleView {
    /// Identity of the camera.
    #[schema(example = "k5x2mhd7qpa3vtye")]
    camera_id: String,
    /// Name for people.
    #[schema(example = "Altar")]
    name: String,
    /// Whether pictures are coming.
    live: bool,
    /// Its multivariant playlist.
    #[schema(
        example = "http://live.example:8080/hls/q3vx5k2mhd7qpa4t/k5x2mhd7qpa3vtye/index.m3u8"
    )]
    hls_url: String,
}

/// An event that the caller may watch, by the path of the request.
pub(crate) struct Watched {
    pub(crate) event: Event,
    /// The addresses by which it is watched: with the playback token, where the path has one.
    pub(crate) links: Links,
    /// Whether its cameras may be watched too.
    angles: bool,
    /// Whether everything that was recorded may be.
    pub(crate) archive: bool,
}

impl FromRequestParts<Arc<Shared>> for Watched {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Problem> {
        let Ok(links) = Links::from_request_parts(parts, shared).await;
        let Ok(Peer(peer)) = Peer::from_request_parts(parts, shared).await;
        let EventPath(id) = EventPath::from_request_parts(parts, shared).await?;
        let params = path_params(parts, shared).await?;
        let event = events::find(shared, &id).await?;
        let Some(token) = playback_token(&params) else {
            if event.playback == Playback::Signed {
                let why = "the event is watched by signed paths only";
                return Err(Problem::new(ProblemCode::PlaybackRefused, why));
            }
            let angles = event.policy.viewer_angles;
            return Ok(Self { event, links, angles, archive: false });
        };
        let opened = shared.live.opened_by(&id, token, peer).ok_or_else(|| {
            let why = "the path's playback token is over, or not for this";
            Problem::new(ProblemCode::PlaybackRefused, why)
        })?;
        let links = links.below(&format!("/p/{token}"));
        let (angles, archive) = (opened != Opened::Program, opened == Opened::Archive);
        Ok(Self { event, links, angles, archive })
    }
}

fn playback_token(params: &RawPathParams) -> Option<&str> {
    params.iter().find(|(name, _)| *name == "playback_token").map(|(_, token)| token)
}

/// Tell what there is to watch of an event
///
/// For whoever may watch: of an event that is watched by signed paths only, ask at
/// `/p/{token}/watch/{event}/status`.
#[utoipa::path(
    get, path = "/watch/{event}/status", tag = "playback", operation_id = "watch_status",
    params(EventPath),
    responses((status = 200, description = "what there is", body = WatchView))
)]
pub(crate) async fn status(
    State(shared): State<Arc<Shared>>,
    watched: Watched,
) -> Result<Json<WatchView>, Problem> {
    let Watched { event, links, angles, archive: _ } = watched;
    let cameras = if angles { shared.store.cameras(&event.id).await? } else { Vec::new() };
    let angles = cameras.iter().map(|camera| angle(&shared, &links, camera)).collect();
    let recording = rewatch::offered(&shared, &event).await?;
    Ok(Json(WatchView {
        name: event.name.to_string(),
        status: shared.live.program(&event.id).status,
        watch_url: links.watch(&event.id),
        hls_url: links.program_hls(&event.id),
        poster_url: links.poster(&event.id),
        angles,
        recording: recording.map(|recording| RewatchView::new(&recording, &links)),
    }))
}

fn angle(shared: &Shared, links: &Links, camera: &Camera) -> AngleView {
    let state = shared.live.camera(&camera.event, &camera.id);
    AngleView {
        camera_id: camera.id.to_string(),
        name: camera.name.to_string(),
        live: state.status == CameraStatus::Live,
        hls_url: links.camera_hls(&camera.event, &camera.id),
    }
}

/// Read a picture of what there is to watch
///
/// Of what is on air, as a JPEG; before and between, the slate; of an event that has ended, a picture of its
/// recording. Signed paths as for the status.
#[utoipa::path(
    get, path = "/watch/{event}/poster.jpg", tag = "playback", operation_id = "watch_poster",
    params(EventPath, IfNoneMatch),
    responses(
        (
            status = 200, description = "the picture",
            content((PictureFile = "image/jpeg"), (PictureFile = "image/png"))
        ),
        (status = 304, description = "it is the one that the client has")
    )
)]
pub(crate) async fn poster(
    State(shared): State<Arc<Shared>>,
    watched: Watched,
    known: IfNoneMatch,
) -> Result<Response, Problem> {
    let event = watched.event;
    match shared.live.program(&event.id).status {
        EventStatus::Live => {
            let jpeg = shared.thumbnails.program(&event.id).await;
            Ok(thumbnails::answer(&known, jpeg.ok_or_else(Problem::event_not_found)?))
        }
        EventStatus::Ended => match rewatch::offered(&shared, &event).await? {
            Some(recording) => {
                Ok(thumbnails::answer(&known, rewatch::picture(&shared, recording).await?))
            }
            None => slate(&shared, &event).await,
        },
        EventStatus::Waiting | EventStatus::Paused => slate(&shared, &event).await,
    }
}

async fn slate(shared: &Shared, event: &Event) -> Result<Response, Problem> {
    let kept = shared.slates.picture(&event.id).await?;
    let about = [(header::CONTENT_TYPE, kept.media_type), (header::CACHE_CONTROL, "no-cache")];
    Ok((about, kept.picture).into_response())
}
