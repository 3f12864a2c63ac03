//! Hook deliveries: the durable queue of what has to be told to other systems.

use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::id::{EventId, HookDeliveryId};
use crate::limits::HOOK_BODY_BYTES_MAX;
use crate::time::Timestamp;

/// Something that has to be told. It is removed when the target has taken it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookDelivery {
    /// Identity, fixed. The target sees it, to recognise what it was told before.
    pub id: HookDeliveryId,
    /// The event that it is about, `None` if it is about the server. The event may be gone.
    #[serde(default)]
    pub event: Option<EventId>,
    /// Place among what is told of the event: above that of everything before it, not without gaps.
    pub sequence: u64,
    /// Where to: the name of a target of the configuration. Its URL may carry a secret and is not kept here.
    pub target: String,
    /// What is told; at most [`HOOK_BODY_BYTES_MAX`].
    pub body: String,
    /// How often it was tried.
    #[serde(default)]
    pub attempts: u32,
    /// Why the last try failed, for people.
    #[serde(default)]
    pub last_error: Option<String>,
    /// When it is tried next.
    pub next_attempt_at: Timestamp,
    /// Given up: kept for a human to look at and to send again.
    #[serde(default)]
    pub dead: bool,
    /// When it was put into the queue.
    pub created_at: Timestamp,
}

impl HookDelivery {
    /// Refuses a body that is too long.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        if self.body.len() <= HOOK_BODY_BYTES_MAX as usize {
            return Ok(());
        }
        let what = "bytes in the body";
        Err(StoreError::LimitExceeded { what, limit: HOOK_BODY_BYTES_MAX })
    }
}

/// Which part of the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookQueue {
    /// What is still tried.
    Waiting,
    /// What was given up.
    Dead,
}
