//! Events: what a creator makes, cameras belong to and viewers watch.

use serde::{Deserialize, Serialize};

use crate::creator::CreatorId;
use crate::id::EventId;
use crate::life::Life;
use crate::name::DisplayName;
use crate::playback::Playback;
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
    /// Whom it belongs to; `None` for the administrator's own.
    #[serde(default)]
    pub creator_id: Option<CreatorId>,
    /// What its creator has decided about it.
    #[serde(default)]
    pub life: Life,
    /// Who may watch it.
    #[serde(default)]
    pub playback: Playback,
    /// What the programme may do by itself.
    #[serde(default)]
    pub policy: EventPolicy,
}

/// What the programme of an event may do by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EventPolicy {
    /// Longest time without a picture from the camera on air, in milliseconds; then the next live camera by
    /// priority takes over. Between [`FAILOVER_AFTER_MS_MIN`](crate::limits::FAILOVER_AFTER_MS_MIN) and
    /// [`FAILOVER_AFTER_MS_MAX`](crate::limits::FAILOVER_AFTER_MS_MAX).
    pub failover_after_ms: u32,
}

impl Default for EventPolicy {
    /// 900 ms: what a player that holds back three parts of 500 ms does not notice, with room for the takeover.
    fn default() -> Self {
        Self { failover_after_ms: 900 }
    }
}

/// A change of an event: `None` leaves a field as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventPatch {
    /// New name.
    pub name: Option<DisplayName>,
    /// New decision about its life.
    pub life: Option<Life>,
    /// New choice of who may watch.
    pub playback: Option<Playback>,
    /// New limit of silence before the failover.
    pub failover_after_ms: Option<u32>,
}

impl EventPatch {
    /// Applies the change.
    pub fn apply(self, event: &mut Event) {
        if let Some(name) = self.name {
            event.name = name;
        }
        if let Some(life) = self.life {
            event.life = life;
        }
        if let Some(playback) = self.playback {
            event.playback = playback;
        }
        if let Some(millis) = self.failover_after_ms {
            event.policy.failover_after_ms = millis;
        }
    }
}
