//! `/api/events/{event}/slate`: the picture that the programme shows when no camera is left.

use std::io;
use std::sync::Arc;

use async_trait::async_trait;
use axum::Json;
use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use genlock_store::EventId;
use genlock_store::limits::SLATE_BYTES_MAX;
use serde::Serialize;
use utoipa::ToSchema;

use crate::events;
use crate::limits::UPLOAD_TIME_MAX;
use crate::paths::EventPath;
use crate::problem::{Problem, ProblemCode};
use crate::state::Shared;

/// Where slates are kept and checked.
#[async_trait]
pub trait Slates: Send + Sync + 'static {
    /// Reads a picture to its end and tells what it is.
    async fn check(&self, picture: Bytes) -> Result<Uploaded, SlatesError>;

    /// Keeps a picture that was checked; a slate that is on air goes over to it.
    async fn keep(&self, event: &EventId, picture: Bytes) -> Result<(), SlatesError>;

    /// The picture of an event, the built-in card if none was uploaded.
    async fn picture(&self, event: &EventId) -> Result<Kept, SlatesError>;

    /// Goes back to the built-in card. That nothing was uploaded is no error.
    async fn remove(&self, event: &EventId) -> Result<(), SlatesError>;
}

/// Why there is no slate.
#[derive(Debug)]
pub enum SlatesError {
    /// The picture is no good; what is wrong with it, for people.
    Unusable(String),
    /// The disk refuses.
    Disk(io::Error),
}

impl From<io::Error> for SlatesError {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

/// A picture as it is kept.
#[derive(Debug, Clone)]
pub struct Kept {
    /// `image/png` or `image/jpeg`.
    pub media_type: &'static str,
    /// The file.
    pub picture: Bytes,
}

/// An uploaded picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Slate)]
pub struct Uploaded {
    /// By its first bytes, whatever was declared.
    #[schema(value_type = String, example = "image/png")]
    pub media_type: &'static str,
    /// Pixels, upright.
    #[schema(example = 1920)]
    pub width: u32,
    /// Pixels, upright.
    #[schema(example = 1080)]
    pub height: u32,
    /// Size of the file.
    #[schema(example = 81_234)]
    pub bytes: usize,
}

impl From<SlatesError> for Problem {
    fn from(error: SlatesError) -> Self {
        match error {
            SlatesError::Unusable(why) => Self::new(ProblemCode::UnusablePicture, why),
            SlatesError::Disk(error) => {
                tracing::error!(%error, "the slates' folder fails");
                Self::new(ProblemCode::Internal, "the picture could not be kept or read")
            }
        }
    }
}

/// The body of a picture file.
pub(crate) struct Picture(Bytes);

impl FromRequest<Arc<Shared>> for Picture {
    type Rejection = Problem;

    async fn from_request(request: Request, shared: &Arc<Shared>) -> Result<Self, Problem> {
        if !is_picture(request.headers()) {
            let detail = "the body must be a PNG or JPEG, declared by `content-type: image/png` or \
                `image/jpeg`";
            return Err(Problem::new(ProblemCode::UnsupportedMediaType, detail));
        }
        let body = Bytes::from_request(request, shared);
        match tokio::time::timeout(UPLOAD_TIME_MAX, body).await {
            Ok(Ok(bytes)) => Ok(Self(bytes)),
            Ok(Err(rejection)) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                let detail = format!("a slate has at most {SLATE_BYTES_MAX} bytes");
                Err(Problem::new(ProblemCode::BodyTooLarge, detail))
            }
            Ok(Err(_)) => {
                let detail = "the body could not be read to its end";
                Err(Problem::new(ProblemCode::UnusablePicture, detail))
            }
            Err(_) => {
                let detail = "the body did not arrive in time";
                Err(Problem::new(ProblemCode::RequestTimeout, detail))
            }
        }
    }
}

fn is_picture(headers: &HeaderMap) -> bool {
    let declared = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = declared.unwrap_or("").split(';').next().unwrap_or("").trim();
    ["image/png", "image/jpeg"].iter().any(|known| essence.eq_ignore_ascii_case(known))
}

/// A file, in the description of the API.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "stands for a body in the description only")]
pub(crate) struct PictureFile(String);

/// Upload the slate: what the programme shows when no camera is left
///
/// The picture is fitted into the programme's size, in front of a dark surround. At most 8 MiB and 32
/// million pixels; no side below 16 pixels.
#[utoipa::path(
    put, path = "/api/events/{event}/slate", tag = "events", operation_id = "put_slate",
    params(EventPath),
    request_body(
        content((PictureFile = "image/png"), (PictureFile = "image/jpeg")),
        description = "the file"
    ),
    responses(
        (status = 200, description = "it is kept", body = Uploaded),
        (status = 413, description = "the file is too large"),
        (status = 415, description = "the body is not declared as PNG or JPEG"),
        (status = 422, description = "the picture cannot be read, or has too many or too few pixels")
    )
)]
pub(crate) async fn put(
    State(shared): State<Arc<Shared>>,
    EventPath(event): EventPath,
    Picture(picture): Picture,
) -> Result<Json<Uploaded>, Problem> {
    events::find(&shared, &event).await?;
    let uploaded = shared.slates.check(picture.clone()).await?;
    let (store, slates) = (Arc::clone(&shared.store), Arc::clone(&shared.slates));
    shared
        .change(async move {
            // Asked again in turn with other changes: a removed event must leave no picture behind.
            store.event(&event).await?.ok_or_else(Problem::event_not_found)?;
            slates.keep(&event, picture).await?;
            Ok(())
        })
        .await?;
    Ok(Json(uploaded))
}

/// Read the slate: the uploaded picture, or the built-in card
#[utoipa::path(
    get, path = "/api/events/{event}/slate", tag = "events", operation_id = "get_slate",
    params(EventPath),
    responses((
        status = 200, description = "the picture",
        content((PictureFile = "image/png"), (PictureFile = "image/jpeg"))
    ))
)]
pub(crate) async fn get(
    State(shared): State<Arc<Shared>>,
    EventPath(event): EventPath,
) -> Result<Response, Problem> {
    events::find(&shared, &event).await?;
    let kept = shared.slates.picture(&event).await?;
    Ok(([(header::CONTENT_TYPE, kept.media_type)], kept.picture).into_response())
}

/// Go back to the built-in card
#[utoipa::path(
    delete, path = "/api/events/{event}/slate", tag = "events", operation_id = "delete_slate",
    params(EventPath),
    responses((status = 204, description = "the slate is the built-in card"))
)]
pub(crate) async fn delete(
    State(shared): State<Arc<Shared>>,
    EventPath(event): EventPath,
) -> Result<StatusCode, Problem> {
    events::find(&shared, &event).await?;
    let slates = Arc::clone(&shared.slates);
    shared.change(async move { Ok(slates.remove(&event).await?) }).await?;
    Ok(StatusCode::NO_CONTENT)
}
