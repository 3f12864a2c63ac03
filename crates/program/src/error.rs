//! Why a command was refused or a cut did not happen.

use crate::camera::CameraId;

/// A take that was refused at once.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TakeError {
    /// The event has no such camera.
    #[error("no camera {0}")]
    UnknownCamera(CameraId),
    /// Nobody publishes to the camera.
    #[error("camera {0} is not live")]
    NotLive(CameraId),
    /// The camera publishes, but no picture has come yet.
    #[error("camera {0} has no video")]
    NoVideo(CameraId),
    /// The camera is on air. A plan that was still waiting to leave it has been cancelled.
    #[error("camera {0} is already on air")]
    AlreadyOnAir(CameraId),
    /// The programme's task has ended.
    #[error("the programme has stopped")]
    Stopped,
}

/// An undo that was refused.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UndoError {
    /// No take is waiting: the last one has been aired, or there was none.
    #[error("there is no cut to undo")]
    NothingToUndo,
    /// The programme's task has ended.
    #[error("the programme has stopped")]
    Stopped,
}

/// A source of the sound that was refused.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AudioSourceError {
    /// The event has no such camera.
    #[error("no camera {0}")]
    UnknownCamera(CameraId),
    /// The programme's task has ended.
    #[error("the programme has stopped")]
    Stopped,
}

/// A cut style that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown cut style {0:?}, expected \"auto\", \"clean\", \"instant\" or \"lookahead\"")]
pub struct UnknownStyle(pub String);

/// Why a planned cut did not happen.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum CutFailure {
    /// The target sent no usable sync sample in time.
    #[error("the camera sent no usable sync sample in time")]
    NoSyncSample,
    /// The target's publisher went away.
    #[error("the camera stopped publishing")]
    CameraGone,
    /// The target was removed from the event.
    #[error("the camera was removed")]
    CameraRemoved,
    /// The programme was stopped.
    #[error("the programme has stopped")]
    Stopped,
}
