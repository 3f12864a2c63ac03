//! The codes of problems: what each means, and the status that it goes with.

use axum::http::StatusCode;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// Declares the codes in one place: meaning, name, status.
macro_rules! codes {
    ($($(#[doc = $meaning:literal])+ $name:ident => $status:ident,)+) => {
        /// What went wrong, for programs. Names stay; new ones may come.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum ProblemCode {
            $($(#[doc = $meaning])+ $name,)+
        }

        impl ProblemCode {
            /// All of them.
            pub(crate) const ALL: &[Self] = &[$(Self::$name,)+];

            /// The status that it goes with.
            pub(crate) const fn status(self) -> StatusCode {
                match self {
                    $(Self::$name => StatusCode::$status,)+
                }
            }

            /// As it stands in answers.
            pub(crate) fn as_text(self) -> String {
                let name = serde_json::to_value(self).ok();
                name.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned()
            }

            /// What it means, for people.
            pub(crate) const fn meaning(self) -> &'static str {
                match self {
                    $(Self::$name => concat!($($meaning),+).trim_ascii(),)+
                }
            }
        }
    };
}

codes! {
    /// The body is not JSON.
    BadJson => BAD_REQUEST,
    /// A field is not known.
    UnknownField => BAD_REQUEST,
    /// A field is missing.
    MissingField => BAD_REQUEST,
    /// A field is there twice.
    DuplicateField => BAD_REQUEST,
    /// A field has another JSON type than it should.
    WrongType => BAD_REQUEST,
    /// A field has the right type but an illegal value.
    InvalidValue => BAD_REQUEST,
    /// An id in the path is not an id.
    InvalidId => BAD_REQUEST,
    /// No token, or one that is not valid.
    Unauthorized => UNAUTHORIZED,
    /// A page of another origin asks.
    ForeignOrigin => FORBIDDEN,
    /// The token is valid but does not allow this.
    Forbidden => FORBIDDEN,
    /// The token lacks a claim that this needs.
    ClaimRequired => FORBIDDEN,
    /// The path has no playback token, or one that is over or not for this.
    PlaybackRefused => FORBIDDEN,
    /// Too many wrong tokens came from this address; `retry-after` says how long to wait.
    TooManyAttempts => TOO_MANY_REQUESTS,
    /// There is nothing at this path.
    UnknownPath => NOT_FOUND,
    /// There is no such event.
    EventNotFound => NOT_FOUND,
    /// The event has no such camera.
    CameraNotFound => NOT_FOUND,
    /// The event has no such take that waits for its time.
    ScheduledTakeNotFound => NOT_FOUND,
    /// No delivery with this id was given up.
    DeliveryNotFound => NOT_FOUND,
    /// There is no hook target of this name that could be removed here.
    HookTargetNotFound => NOT_FOUND,
    /// The event has no such recording, or the recording has no such file.
    RecordingNotFound => NOT_FOUND,
    /// The recording goes on.
    RecordingOpen => CONFLICT,
    /// The recording was removed.
    RecordingRemoved => CONFLICT,
    /// A re-cut is made of the recording.
    RecordingUsed => CONFLICT,
    /// Nothing was recorded at that time.
    NothingRecorded => CONFLICT,
    /// The event has no such access token.
    TokenNotFound => NOT_FOUND,
    /// The call is for connections that become a WebSocket.
    UpgradeRequired => UPGRADE_REQUIRED,
    /// The path does not know this method.
    MethodNotAllowed => METHOD_NOT_ALLOWED,
    /// The body did not arrive in time.
    RequestTimeout => REQUEST_TIMEOUT,
    /// Nobody publishes to the camera, or no picture has come from it.
    CameraNotLive => CONFLICT,
    /// No take waits that could be withdrawn.
    NothingToUndo => CONFLICT,
    /// The event has ended, for ever.
    EventEnded => CONFLICT,
    /// The event is paused.
    EventPaused => CONFLICT,
    /// The event waits to be started.
    EventNotStarted => CONFLICT,
    /// The event runs.
    EventRunning => CONFLICT,
    /// There are as many as there may be.
    LimitReached => CONFLICT,
    /// It exists already.
    AlreadyExists => CONFLICT,
    /// The event or the camera has changed since it had the `etag` that `if-match` names.
    PreconditionFailed => PRECONDITION_FAILED,
    /// The call with this `idempotency-key` is not done yet.
    IdempotencyKeyInUse => CONFLICT,
    /// This `idempotency-key` came with another call before.
    IdempotencyKeyReused => UNPROCESSABLE_ENTITY,
    /// The body is too large.
    BodyTooLarge => PAYLOAD_TOO_LARGE,
    /// The body is not declared as what it must be.
    UnsupportedMediaType => UNSUPPORTED_MEDIA_TYPE,
    /// The uploaded picture cannot be read, or has too many or too few pixels.
    UnusablePicture => UNPROCESSABLE_ENTITY,
    /// The configuration has a mistake; the server goes on with the one that it had.
    ConfigurationRefused => UNPROCESSABLE_ENTITY,
    /// The server has a fault.
    Internal => INTERNAL_SERVER_ERROR,
    /// The store does not answer.
    StoreUnavailable => SERVICE_UNAVAILABLE,
    /// The server is stopping or did not get done in time.
    Unavailable => SERVICE_UNAVAILABLE,
}
