//! Takes that are to be made at an instant of the wall clock.

use serde::{Deserialize, Serialize};

use crate::id::{CameraId, EventId, ScheduledTakeId};
use crate::switch::SwitchStyle;
use crate::time::Timestamp;

/// A take that waits for its time. It is removed when it has been carried out, reported as missed, or
/// cancelled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduledTake {
    /// Identity, fixed.
    pub id: ScheduledTakeId,
    /// The event whose programme is to be cut.
    pub event: EventId,
    /// The camera to take.
    pub camera: CameraId,
    /// How to cut; `None` for the event's own style at that time.
    #[serde(default)]
    pub style: Option<SwitchStyle>,
    /// When.
    pub at: Timestamp,
    /// When it was scheduled.
    pub created_at: Timestamp,
}
