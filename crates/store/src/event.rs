//! Events: what a creator makes, cameras belong to and viewers watch.

use serde::{Deserialize, Serialize};

use crate::id::EventId;
use crate::name::DisplayName;
use crate::time::Timestamp;

/// An event as kept. Whether it is live is not: that is a fact of the running system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Identity, fixed.
    pub id: EventId,
    /// Name for people.
    pub name: DisplayName,
    /// When it was made.
    pub created_at: Timestamp,
    /// What the programme may do by itself.
    #[serde(default)]
    pub policy: EventPolicy,
}

/// What the programme of an event may do by itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EventPolicy {
    /// What happens when the camera on air is lost.
    pub failover: Failover,
}

/// What happens when the camera on air is lost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Failover {
    /// The next live camera by priority takes over at its sync sample.
    #[default]
    Priority,
    /// The programme holds until the camera is back or a human takes another.
    Hold,
}

/// A change of an event: `None` leaves a field as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventPatch {
    /// New name.
    pub name: Option<DisplayName>,
    /// New failover policy.
    pub failover: Option<Failover>,
}

impl EventPatch {
    /// Applies the change.
    pub fn apply(self, event: &mut Event) {
        if let Some(name) = self.name {
            event.name = name;
        }
        if let Some(failover) = self.failover {
            event.policy.failover = failover;
        }
    }
}
