//! Events: what a creator makes, cameras belong to and viewers watch.

use serde::{Deserialize, Deserializer, Serialize};

use crate::creator::CreatorId;
use crate::id::{CameraId, EventId};
use crate::life::Life;
use crate::name::DisplayName;
use crate::playback::Playback;
use crate::policy::{EventPolicy, PolicyPatch};
use crate::time::Timestamp;
use crate::unknown::UnknownFields;

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
    /// What the programme does by itself.
    #[serde(default)]
    pub policy: EventPolicy,
    /// The lock that stops every automation, `None` while there is none.
    #[serde(default)]
    pub lock: Option<Lock>,
    /// What the human chose last, whatever became of it; `None` before the first take.
    #[serde(default)]
    pub intent: Option<Placed>,
    /// What was on air last, whoever chose it; `None` if nothing was.
    #[serde(default)]
    pub on_air: Option<Placed>,
    /// What else the document has.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

/// A lock of the programme: nothing but a take moves it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// Since when.
    pub at: Timestamp,
    /// Who locked it.
    pub by: LockedBy,
    /// Name that the human gave, for other humans.
    #[serde(default)]
    pub name: Option<DisplayName>,
}

/// Who locked a programme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LockedBy {
    /// A human, or a program on behalf of one.
    Human,
    /// The programme, because its failovers went to and fro.
    Flapping,
}

/// A camera, and since when it has its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placed {
    /// Which. May have been deleted since.
    pub camera: CameraId,
    /// Since when.
    pub at: Timestamp,
}

/// A change of an event: `None` leaves a field as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EventPatch {
    /// New name.
    pub name: Option<DisplayName>,
    /// New decision about its life.
    pub life: Option<Life>,
    /// New choice of who may watch.
    pub playback: Option<Playback>,
    /// Change of the policy.
    pub policy: PolicyPatch,
    /// New lock, `Some(None)` to release it.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub lock: Option<Option<Lock>>,
    /// New intent.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub intent: Option<Option<Placed>>,
    /// New camera on air.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub on_air: Option<Option<Placed>>,
}

impl EventPatch {
    /// Applies the change.
    pub fn apply(self, event: &mut Event) {
        let Self { name, life, playback, policy, lock, intent, on_air } = self;
        if let Some(name) = name {
            event.name = name;
        }
        if let Some(life) = life {
            event.life = life;
        }
        if let Some(playback) = playback {
            event.playback = playback;
        }
        policy.apply(&mut event.policy);
        if let Some(lock) = lock {
            event.lock = lock;
        }
        if let Some(intent) = intent {
            event.intent = intent;
        }
        if let Some(on_air) = on_air {
            event.on_air = on_air;
        }
    }
}

/// Reads a field that is there: `null` empties it, its absence leaves it as it is.
fn present<'de, T, D>(from: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::deserialize(from).map(Some)
}
