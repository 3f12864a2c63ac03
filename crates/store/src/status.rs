//! How a store is, for people and monitoring; and what it tells those who share it.

use serde::{Deserialize, Serialize};

use crate::id::EventId;

/// How a store is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoreStatus {
    /// Whether everything is where it belongs.
    pub state: StoreState,
    /// Writes that are kept here and not yet in the shared database.
    pub pending: u64,
    /// Writes that the shared database refused for what they are. Kept here for a human to look at.
    pub rejected: u64,
    /// Why the last attempt to write failed, `None` if it did not.
    pub last_error: Option<String>,
}

/// A write that the shared database refused for what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedWrite {
    /// Its place among all writes.
    pub place: u64,
    /// What it was to do: `create_event`, `update_camera`, and the like.
    pub kind: String,
    /// The event that it is about.
    pub event: Option<EventId>,
    /// What the database said.
    pub why: String,
}

/// Whether everything is where it belongs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum StoreState {
    /// Everything is.
    #[default]
    Ok,
    /// The shared database does not take writes now. They are kept here and will follow.
    Behind,
    /// The last write failed here: the disk is full, too slow or gone. What needs no write goes on.
    Failing,
    /// The shared database is another one than the one that was copied here: nothing is written to it.
    Foreign,
}

/// Whether a camera's publisher is there, for other programs that share the store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CameraPresence {
    /// Nobody has published yet.
    #[default]
    Waiting,
    /// Samples are arriving.
    Live,
    /// The publisher is gone.
    Offline,
}

impl CameraPresence {
    /// The word for it in documents.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Live => "live",
            Self::Offline => "offline",
        }
    }
}
