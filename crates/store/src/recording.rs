//! Recordings: what is known of the files that a recorder wrote. The files themselves are not kept here.

use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::id::{CameraId, EventId, RecordingId};
use crate::limits::RECORDING_FILES_MAX;
use crate::time::Timestamp;
use crate::unknown::UnknownFields;

/// A recording of a camera or of the programme.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recording {
    /// Identity, fixed.
    pub id: RecordingId,
    /// The event it belongs to, fixed.
    pub event: EventId,
    /// The camera that was recorded, `None` for the programme.
    #[serde(default)]
    pub camera: Option<CameraId>,
    /// When its first sample was due.
    pub started_at: Timestamp,
    /// When it ended, `None` while it runs.
    #[serde(default)]
    pub ended_at: Option<Timestamp>,
    /// Whether it runs, and how it ended.
    pub state: RecordingState,
    /// Bytes in its files.
    pub bytes: u64,
    /// Length of what can be played, in milliseconds.
    pub duration_ms: u64,
    /// Its files, relative to the folder of recordings, in the order of their times; at most
    /// [`RECORDING_FILES_MAX`].
    #[serde(default)]
    pub files: Vec<String>,
    /// What else the document has.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

impl Recording {
    /// Refuses more files than a document is to hold.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        if self.files.len() <= RECORDING_FILES_MAX as usize {
            return Ok(());
        }
        let what = "files in the recording";
        Err(StoreError::LimitExceeded { what, limit: RECORDING_FILES_MAX })
    }
}

/// Whether a recording runs, and how it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordingState {
    /// It runs, or the server that made it was killed and has not looked at it yet.
    Recording,
    /// It was ended in order.
    Finished,
    /// The server was killed; what was written before can be played.
    Interrupted,
    /// It could not be written.
    Failed,
}
