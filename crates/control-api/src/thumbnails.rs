//! Thumbnails: small JPEGs of what a camera sends and of what the programme shows.

use std::sync::Arc;

use async_trait::async_trait;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use genlock_store::{CameraId, EventId};

use crate::extract::{CameraPath, EventPath, LoneCameraPath};
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
}

/// A picture and what tells it from others of the same place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jpeg {
    /// The file.
    pub bytes: Bytes,
    /// For the `etag`: printable, without quotes.
    pub tag: String,
}

/// Read a camera's thumbnail: its newest sync sample as a JPEG of about 640 pixels' width
#[utoipa::path(
    get, path = "/api/events/{event}/cameras/{camera}/thumbnail.jpg", tag = "cameras",
    operation_id = "camera_thumbnail",
    params(
        ("event" = String, Path, description = "id of the event"),
        ("camera" = String, Path, description = "id of the camera"),
        ("if-none-match" = Option<String>, Header, description = "the `etag` that the client has")
    ),
    responses(
        (
            status = 200, description = "the picture, or a neutral card",
            body = PictureFile, content_type = "image/jpeg",
            headers(("etag" = String, description = "changes with the picture"))
        ),
        (status = 304, description = "it is the one that the client has")
    )
)]
pub(crate) async fn camera(
    State(shared): State<Arc<Shared>>,
    CameraPath(event, camera): CameraPath,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    cameras::find(&shared, &event, &camera).await?;
    let jpeg = shared.thumbnails.camera(&camera).await.ok_or_else(Problem::camera_not_found)?;
    Ok(answer(&headers, jpeg))
}

/// Read the programme's thumbnail: its newest sync sample as a JPEG of about 640 pixels' width
#[utoipa::path(
    get, path = "/api/events/{event}/program/thumbnail.jpg", tag = "events",
    operation_id = "program_thumbnail",
    params(
        ("event" = String, Path, description = "id of the event"),
        ("if-none-match" = Option<String>, Header, description = "the `etag` that the client has")
    ),
    responses(
        (
            status = 200, description = "the picture, or a neutral card",
            body = PictureFile, content_type = "image/jpeg",
            headers(("etag" = String, description = "changes with the picture"))
        ),
        (status = 304, description = "it is the one that the client has")
    )
)]
pub(crate) async fn program(
    State(shared): State<Arc<Shared>>,
    EventPath(event): EventPath,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    events::find(&shared, &event).await?;
    let jpeg = shared.thumbnails.program(&event).await.ok_or_else(Problem::event_not_found)?;
    Ok(answer(&headers, jpeg))
}

/// Read a camera's thumbnail, under the compatible path
#[utoipa::path(
    get, path = "/api/camera-thumbnail/{camera_id}", tag = "compatible",
    operation_id = "compatible_thumbnail",
    params(
        ("camera_id" = String, Path, description = "id of the camera"),
        ("if-none-match" = Option<String>, Header, description = "the `etag` that the client has")
    ),
    responses(
        (
            status = 200, description = "the picture, or a neutral card",
            body = PictureFile, content_type = "image/jpeg",
            headers(("etag" = String, description = "changes with the picture"))
        ),
        (status = 304, description = "it is the one that the client has")
    )
)]
pub(crate) async fn compatible(
    State(shared): State<Arc<Shared>>,
    LoneCameraPath(camera): LoneCameraPath,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let jpeg = shared.thumbnails.camera(&camera).await.ok_or_else(Problem::camera_not_found)?;
    Ok(answer(&headers, jpeg))
}

/// The picture, unless the client has it. Clients ask again each time: a picture lasts one GOP.
fn answer(headers: &HeaderMap, jpeg: Jpeg) -> Response {
    let etag = format!("\"{}\"", jpeg.tag);
    let known = has(headers, &etag);
    let about = [(header::ETAG, etag), (header::CACHE_CONTROL, "private, no-cache".to_owned())];
    if known {
        return (StatusCode::NOT_MODIFIED, about).into_response();
    }
    (about, [(header::CONTENT_TYPE, "image/jpeg")], jpeg.bytes).into_response()
}

/// RFC 9110 §13.1.2, by weak comparison.
fn has(headers: &HeaderMap, etag: &str) -> bool {
    let given =
        headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    given
        .flat_map(|list| list.split(','))
        .map(str::trim)
        .any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == etag)
}
