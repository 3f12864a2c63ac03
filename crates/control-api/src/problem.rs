//! Errors as clients see them: problem details (RFC 9457) with a stable `code` and, where one field is to
//! blame, its name.
//!
//! `type` is `about:blank`, so `title` is the status phrase (RFC 9457 §4.2.1); a program looks at `code`, a
//! person reads `detail`. No detail holds anything the client did not send or may not know.

use std::time::Duration;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use genlock_store::StoreError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::live::{TakeError, UndoError};

/// Media type of problem details, RFC 9457 §3.
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";

/// What went wrong, for programs. Names stay; new ones may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ProblemCode {
    /// The body is not JSON.
    BadJson,
    /// A field is not known.
    UnknownField,
    /// A field is missing.
    MissingField,
    /// A field is there twice.
    DuplicateField,
    /// A field has another JSON type than it should.
    WrongType,
    /// A field has the right type but an illegal value.
    InvalidValue,
    /// An id in the path is not an id.
    InvalidId,
    /// No token, or one that is not valid.
    Unauthorized,
    /// A page of another origin asks.
    ForeignOrigin,
    /// The token is valid but does not allow this.
    Forbidden,
    /// The token lacks a claim that this needs.
    ClaimRequired,
    /// Too many wrong tokens came from this address; `retry-after` says how long to wait.
    TooManyAttempts,
    /// There is nothing at this path.
    UnknownPath,
    /// There is no such event.
    EventNotFound,
    /// The event has no such camera.
    CameraNotFound,
    /// The event has no such take that waits for its time.
    ScheduledTakeNotFound,
    /// No delivery with this id was given up.
    DeliveryNotFound,
    /// There is no hook target of this name that could be removed here.
    HookTargetNotFound,
    /// The event has no such access token.
    TokenNotFound,
    /// The path does not know this method.
    MethodNotAllowed,
    /// The body did not arrive in time.
    RequestTimeout,
    /// Nobody publishes to the camera, or no picture has come from it.
    CameraNotLive,
    /// No take waits that could be withdrawn.
    NothingToUndo,
    /// The event has ended, for ever.
    EventEnded,
    /// The event is paused.
    EventPaused,
    /// The event waits to be started.
    EventNotStarted,
    /// The event runs.
    EventRunning,
    /// There are as many as there may be.
    LimitReached,
    /// It exists already.
    AlreadyExists,
    /// The body is too large.
    BodyTooLarge,
    /// The body is not declared as what it must be.
    UnsupportedMediaType,
    /// The uploaded picture cannot be read, or has too many or too few pixels.
    UnusablePicture,
    /// The server has a fault.
    Internal,
    /// The store does not answer.
    StoreUnavailable,
    /// The server is stopping or did not get done in time.
    Unavailable,
}

impl ProblemCode {
    const fn status(self) -> StatusCode {
        match self {
            Self::BadJson
            | Self::UnknownField
            | Self::MissingField
            | Self::DuplicateField
            | Self::WrongType
            | Self::InvalidValue
            | Self::InvalidId => StatusCode::BAD_REQUEST,
            Self::ForeignOrigin => StatusCode::FORBIDDEN,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Forbidden | Self::ClaimRequired => StatusCode::FORBIDDEN,
            Self::TooManyAttempts => StatusCode::TOO_MANY_REQUESTS,
            Self::UnknownPath
            | Self::EventNotFound
            | Self::CameraNotFound
            | Self::ScheduledTakeNotFound
            | Self::DeliveryNotFound
            | Self::HookTargetNotFound
            | Self::TokenNotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::EventEnded
            | Self::EventPaused
            | Self::EventNotStarted
            | Self::EventRunning
            | Self::CameraNotLive
            | Self::NothingToUndo
            | Self::LimitReached
            | Self::AlreadyExists => StatusCode::CONFLICT,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::UnusablePicture => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::StoreUnavailable | Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// An error on its way to the client.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    code: ProblemCode,
    detail: String,
    field: Option<String>,
    retry_after: Option<Duration>,
}

impl Problem {
    pub(crate) fn new(code: ProblemCode, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self { status: code.status(), code, detail, field: None, retry_after: None }
    }

    /// A problem of one field, by its name or JSON path.
    pub(crate) fn of_field(
        code: ProblemCode,
        field: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        Self { field: Some(field.into()), ..Self::new(code, detail) }
    }

    /// A field with the right type and an illegal value.
    pub(crate) fn invalid(field: &str, why: impl ToString) -> Self {
        Self::of_field(ProblemCode::InvalidValue, field, why.to_string())
    }

    /// The address has presented too many wrong tokens.
    pub(crate) fn too_many_attempts(wait: Duration) -> Self {
        let detail = "too many wrong tokens came from this address; wait and try again";
        Self { retry_after: Some(wait), ..Self::new(ProblemCode::TooManyAttempts, detail) }
    }

    pub(crate) fn event_not_found() -> Self {
        Self::new(ProblemCode::EventNotFound, "there is no such event")
    }

    pub(crate) fn camera_not_found() -> Self {
        Self::new(ProblemCode::CameraNotFound, "the event has no such camera")
    }

    fn program_stopped() -> Self {
        Self::new(ProblemCode::Unavailable, "the programme does not take commands now")
    }

    /// The same problem with the status that clients of the older plan expect: a camera that is not live
    /// is a bad request there.
    pub(crate) fn with_compatible_status(self) -> Self {
        match self.code {
            ProblemCode::CameraNotLive => Self { status: StatusCode::BAD_REQUEST, ..self },
            _ => self,
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::AlreadyExists { .. } => {
                Self::new(ProblemCode::AlreadyExists, error.to_string())
            }
            StoreError::LimitExceeded { .. } => {
                Self::new(ProblemCode::LimitReached, error.to_string())
            }
            StoreError::NotFound { .. } => Self::event_not_found(),
            StoreError::TimedOut | StoreError::Closed | StoreError::Unavailable(_) => {
                tracing::warn!(%error, "the store does not answer");
                Self::new(ProblemCode::StoreUnavailable, "the store does not answer")
            }
            // The details of the rest are for the log, not for clients.
            error => {
                tracing::error!(%error, "the store failed");
                Self::new(ProblemCode::Internal, "the store failed")
            }
        }
    }
}

impl From<TakeError> for Problem {
    fn from(error: TakeError) -> Self {
        match error {
            TakeError::UnknownCamera => Self::camera_not_found(),
            TakeError::NotLive => {
                Self::new(ProblemCode::CameraNotLive, "nobody publishes to the camera")
            }
            TakeError::NoVideo => {
                Self::new(ProblemCode::CameraNotLive, "no picture has come from the camera yet")
            }
            TakeError::Stopped => Self::program_stopped(),
        }
    }
}

impl From<UndoError> for Problem {
    fn from(error: UndoError) -> Self {
        match error {
            UndoError::NothingToUndo => Self::new(
                ProblemCode::NothingToUndo,
                "no take waits: the newest has been published already, or there was none",
            ),
            UndoError::Stopped => Self::program_stopped(),
        }
    }
}

/// Problem details, RFC 9457.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemDetails {
    /// Always `about:blank`.
    #[serde(rename = "type")]
    #[schema(example = "about:blank")]
    kind: &'static str,
    /// The status phrase.
    #[schema(example = "Bad Request")]
    title: &'static str,
    /// The status.
    #[schema(example = 400)]
    status: u16,
    /// What went wrong, for programs.
    code: ProblemCode,
    /// What went wrong, for people.
    #[schema(example = "a name is not empty")]
    detail: String,
    /// The field that is to blame, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "name")]
    field: Option<String>,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let details = ProblemDetails {
            kind: "about:blank",
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            code: self.code,
            detail: self.detail,
            field: self.field,
        };
        let mut response = (self.status, Json(details)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        if let Some(wait) = self.retry_after {
            // Whole seconds, rounded up (RFC 9110 §10.2.3).
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if self.status == StatusCode::UNAUTHORIZED {
            // RFC 9110 §11.6.1: a 401 names the scheme that would help.
            let challenge = HeaderValue::from_static("Bearer realm=\"genlock\"");
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}
