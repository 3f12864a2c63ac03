//! Errors as clients see them: problem details (RFC 9457) with a stable `code` and, where one field is to
//! blame, its name.
//!
//! `type` is `about:blank`, so `title` is the status phrase (RFC 9457 §4.2.1); a program looks at `code`, a
//! person reads `detail`. No detail holds anything the client did not send or may not know.
//!
//! A handler's problem does not know which request it answers: [`complete`] writes the body, outside of all
//! handlers, where the request's id is known.

mod code;

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use genlock_store::StoreError;
use serde::Serialize;
use utoipa::ToSchema;

pub use self::code::ProblemCode;
use crate::live::{TakeError, UndoError};

/// Media type of problem details, RFC 9457 §3.
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";

/// An error on its way to the client.
#[derive(Debug, Clone)]
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

    /// What went wrong, for programs.
    pub(crate) const fn code(&self) -> ProblemCode {
        self.code
    }

    /// Whether the same call may succeed another time.
    pub(crate) fn blames_the_server(&self) -> bool {
        self.status.is_server_error()
    }

    pub(crate) fn event_not_found() -> Self {
        Self::new(ProblemCode::EventNotFound, "there is no such event")
    }

    pub(crate) fn recording_not_found() -> Self {
        Self::new(ProblemCode::RecordingNotFound, "the event has no such recording")
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
#[derive(Debug, Clone, Serialize, ToSchema)]
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
    #[schema(nullable = false, example = "name")]
    field: Option<String>,
    /// The request's id, by which the log knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "mzxw6ytboi4dqnrr")]
    request_id: Option<String>,
}

impl ProblemDetails {
    /// A problem with `code`, for the description of the API.
    pub(crate) fn example(code: ProblemCode, status: StatusCode) -> Self {
        Self::new(status, code, code.meaning().to_owned(), None)
    }

    fn new(status: StatusCode, code: ProblemCode, detail: String, field: Option<String>) -> Self {
        Self {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            code,
            detail,
            field,
            request_id: None,
        }
    }
}

/// The response with its body, if it is a problem: until then that is among its extensions.
pub(crate) fn complete(mut response: Response, request_id: &str) -> Response {
    if let Some(details) = response.extensions_mut().remove::<ProblemDetails>() {
        let details = ProblemDetails { request_id: Some(request_id.to_owned()), ..details };
        let text = serde_json::to_vec(&details).expect("problem details are plain data");
        *response.body_mut() = Body::from(text);
    }
    response
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let details = ProblemDetails::new(self.status, self.code, self.detail, self.field);
        let mut response = self.status.into_response();
        response.extensions_mut().insert(details);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        if let Some(wait) = self.retry_after {
            // Whole seconds, rounded up (RFC 9110 §10.2.3).
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if self.status == StatusCode::UPGRADE_REQUIRED {
            // RFC 9110 §15.5.22: a 426 names the protocol that would help.
            headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
            headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            // RFC 9110 §11.6.1: a 401 names the scheme that would help.
            let challenge = HeaderValue::from_static("Bearer realm=\"genlock\"");
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}
