//! The switch log: what went on air, when and why.

use serde::{Deserialize, Serialize};

use crate::id::{CameraId, EventId};
use crate::time::Timestamp;

/// One cut of a programme, written when it has happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwitchRecord {
    /// The event whose programme was cut.
    pub event: EventId,
    /// The camera that was on air, `None` if there was none.
    pub from: Option<CameraId>,
    /// The camera that is on air since. May have been deleted later.
    pub to: CameraId,
    /// When the take was asked for, or decided by the programme itself.
    pub requested_at: Timestamp,
    /// When the first picture of the new camera was due.
    pub switched_at: Timestamp,
    /// How it was cut.
    pub style: SwitchStyle,
    /// From the request to the cut, in milliseconds.
    pub wait_ms: u32,
    /// What the cut cost in the playlists.
    pub discontinuity: Discontinuity,
    /// Who asked for it.
    pub reason: SwitchReason,
}

/// How a programme was cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SwitchStyle {
    /// At the target's next sync sample.
    Clean,
}

/// What a cut cost in the playlists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Discontinuity {
    /// Nothing: the cameras have equal parameters.
    None,
    /// A tag in the strict dialect: other parameters of the same video codec.
    Parameters,
    /// A tag in every dialect: another video codec or another audio configuration.
    Codec,
}

/// Who asked for a cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SwitchReason {
    /// A human or a program, by a take.
    Take,
    /// The programme, because nothing was on air and a camera came.
    FirstLive,
    /// The programme, because the camera on air was lost.
    Failover,
}

/// Place of an entry in the log. Grows over all events of a store and is never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SwitchSeq(pub u64);

/// An entry of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedSwitch {
    /// Its place.
    pub seq: SwitchSeq,
    /// What happened.
    pub record: SwitchRecord,
}

/// Which entries of the log are wanted, newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SwitchPage {
    /// Only entries older than this one.
    pub before: Option<SwitchSeq>,
    /// How many at most; cut to [`SWITCH_PAGE_MAX`](crate::limits::SWITCH_PAGE_MAX).
    pub limit: u16,
}
