//! Thumbnails: small JPEGs of what a camera sends and of what the programme shows.

use std::sync::Arc;

use async_trait::async_trait;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use genlock_media::VideoConfig;
use genlock_store::{CameraId, EventId};
use utoipa::IntoResponses;

use crate::etag::{Etag, IfNoneMatch};
use crate::paths::{CameraPath, EventPath, LoneCameraPath};
use crate::problem::Problem;
use crate::slates::PictureFile;
use crate::state::Shared;
use crate::{cameras, events};

/// Where thumbnails come from.
///
/// Where nothing can be shown (nothing has come yet, or a codec that is not decoded) the picture is a
/// neutral card, not an error.
#[async_trait]
pub trait Thumbnails: Send + Sync + 'static {
    /// The newest picture of a camera, `None` if it is not known.
    async fn camera(&self, camera: &CameraId) -> Option<Jpeg>;

    /// The newest picture of an event's programme, `None` if it is not known.
    async fn program(&self, event: &EventId) -> Option<Jpeg>;

    /// A picture that was recorded: what decodes it and its access unit, `None` where there is none.
    async fn recorded(&self, picture: Option<(VideoConfig, Bytes)>) -> Jpeg;
}

/// A picture and what tells it from others of the same place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jpeg {
    /// The file.
    pub bytes: Bytes,
    /// For the `etag`: printable, without quotes.
    pub tag: String,
}

/// A thumbnail, or that the client has it.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "stands for answers in the description only")]
enum Thumbnail {
    /// the picture, or a neutral card
    #[response(
        status = 200, content_type = "image/jpeg",
        headers(("etag" = String, description = "changes with the picture"))
    )]
    Picture(#[to_schema] PictureFile),
    /// it is the one that the client has
    #[response(status = 304, headers(("etag" = String, description = "changes with the picture")))]
    Known,
}

/// Read a camera's thumbnail: its newest sync sample as a JPEG of about 640 pixels' width
#[utoipa::path(
    get,
    path = "/api/events/{event}/cameras/{camera}/thumbnail.jpg",
    tag = "cameras",
    operation_id = "camera_thumbnail",
    params(CameraPath, IfNoneMatch),
    responses(Thumbnail)
)]
pub(crate) async fn camera(
    State(shared): State<Arc<Shared>>,
    CameraPath(event, camera): CameraPath,
    known: IfNoneMatch,
) -> Result<Response, Problem> {
    cameras::find(&shared, &event, &camera).await?;
    let jpeg = shared.thumbnails.camera(&camera).await.ok_or_else(Problem::camera_not_found)?;
    Ok(answer(&known, jpeg))
}

/// Read the programme's thumbnail: its newest sync sample as a JPEG of about 640 pixels' width
#[utoipa::path(
    get,
    path = "/api/events/{event}/program/thumbnail.jpg",
    tag = "events",
    operation_id = "program_thumbnail",
    params(EventPath, IfNoneMatch),
    responses(Thumbnail)
)]
pub(crate) async fn program(
    State(shared): State<Arc<Shared>>,
    EventPath(event): EventPath,
    known: IfNoneMatch,
) -> Result<Response, Problem> {
    events::find(&shared, &event).await?;
    let jpeg = shared.thumbnails.program(&event).await.ok_or_else(Problem::event_not_found)?;
    Ok(answer(&known, jpeg))
}

/// Read a camera's thumbnail, under the compatible path
#[utoipa::path(
    get,
    path = "/api/camera-thumbnail/{camera_id}",
    tag = "compatible",
    operation_id = "compatible_thumbnail",
    params(LoneCameraPath, IfNoneMatch),
    responses(Thumbnail)
)]
pub(crate) async fn compatible(
    State(shared): State<Arc<Shared>>,
    LoneCameraPath(camera): LoneCameraPath,
    known: IfNoneMatch,
) -> Result<Response, Problem> {
    let jpeg = shared.thumbnails.camera(&camera).await.ok_or_else(Problem::camera_not_found)?;
    Ok(answer(&known, jpeg))
}

/// The picture, unless the client has it. Clients ask again each time: a picture lasts one GOP.
pub(crate) fn answer(known: &IfNoneMatch, jpeg: Jpeg) -> Response {
    let etag = Etag::new(&jpeg.tag);
    let is_known = known.knows(&etag);
    let about = (etag, [(header::CACHE_CONTROL, "private, no-cache")]);
    if is_known {
        return (StatusCode::NOT_MODIFIED, about).into_response();
    }
    (about, [(header::CONTENT_TYPE, "image/jpeg")], jpeg.bytes).into_response()
}
