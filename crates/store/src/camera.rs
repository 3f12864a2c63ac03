//! Cameras: the publishers of an event.

use serde::{Deserialize, Serialize};

use crate::id::{CameraId, EventId};
use crate::name::DisplayName;
use crate::secret::SecretHash;
use crate::time::Timestamp;
use crate::unknown::UnknownFields;

/// A camera as kept. Whether it is live is not: that is a fact of the running system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Camera {
    /// Identity, fixed, unique in the store.
    pub id: CameraId,
    /// The event it belongs to, fixed.
    pub event: EventId,
    /// Name for people.
    pub name: DisplayName,
    /// Place in the failover order: lower goes first, the older camera among equals.
    /// 0 to [`PRIORITY_MAX`](crate::limits::PRIORITY_MAX).
    pub priority: u16,
    /// Added to the camera's times on the event clock, in milliseconds: positive shows it later.
    /// At most [`SYNC_OFFSET_MS_MAX`](crate::limits::SYNC_OFFSET_MS_MAX) either way.
    pub sync_offset_ms: i32,
    /// Hash of the stream key that its publisher presents.
    pub key_hash: SecretHash,
    /// When it was made.
    pub created_at: Timestamp,
    /// What else the document has.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

impl Camera {
    /// Priority of a camera whose maker named none: room on both sides.
    pub const PRIORITY_DEFAULT: u16 = 100;
}

/// A change of a camera: `None` leaves a field as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CameraPatch {
    /// New name.
    pub name: Option<DisplayName>,
    /// New place in the failover order.
    pub priority: Option<u16>,
    /// New sync offset, in milliseconds.
    pub sync_offset_ms: Option<i32>,
    /// Hash of a new stream key; the old key is refused from then on.
    pub key_hash: Option<SecretHash>,
}

impl CameraPatch {
    /// Applies the change.
    pub fn apply(self, camera: &mut Camera) {
        if let Some(name) = self.name {
            camera.name = name;
        }
        if let Some(priority) = self.priority {
            camera.priority = priority;
        }
        if let Some(sync_offset_ms) = self.sync_offset_ms {
            camera.sync_offset_ms = sync_offset_ms;
        }
        if let Some(key_hash) = self.key_hash {
            camera.key_hash = key_hash;
        }
    }
}
