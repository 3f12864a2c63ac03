//! Access tokens: what a creator hands to others, for one event or one camera, for a while.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::{CameraId, EventId, TokenId};
use crate::limits::ACCESS_TOKEN_CHARS;
use crate::name::DisplayName;
use crate::secret::{NoEntropy, SecretHash, random_base32};
use crate::time::Timestamp;

/// What every access token begins with, so that one that leaked can be recognised.
const PREFIX: &str = "glk_";

/// The text of an access token. Shown once, when it is made.
#[derive(Clone)]
pub struct AccessSecret(String);

impl AccessSecret {
    /// A new random token: `glk_` and 40 url-safe characters, 200 bits.
    pub fn random() -> Result<Self, NoEntropy> {
        Ok(Self(format!("{PREFIX}{}", random_base32(ACCESS_TOKEN_CHARS)?)))
    }

    /// Whether what a peer presented may be an access token.
    #[must_use]
    pub fn resembles(presented: &str) -> bool {
        presented.strip_prefix(PREFIX).is_some_and(|rest| rest.len() == ACCESS_TOKEN_CHARS)
    }

    /// The token's text, for the one answer that shows it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is kept of it.
    #[must_use]
    pub fn hash(&self) -> SecretHash {
        SecretHash::of(&self.0)
    }
}

impl fmt::Debug for AccessSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessSecret(***)")
    }
}

/// An access token as kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessToken {
    /// Identity, fixed. A name, not a secret.
    pub id: TokenId,
    /// The event it is for, fixed.
    pub event: EventId,
    /// The one camera it is for; `None` for the whole event.
    #[serde(default)]
    pub camera: Option<CameraId>,
    /// What its holder may do.
    pub role: AccessRole,
    /// Name for people.
    #[serde(default)]
    pub name: Option<DisplayName>,
    /// Hash of the token.
    pub hash: SecretHash,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// What the holder of an access token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccessRole {
    /// Look.
    Viewer,
    /// Look and switch.
    Operator,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_differ_are_recognised_and_never_print() {
        let (first, second) = (AccessSecret::random().unwrap(), AccessSecret::random().unwrap());
        assert_ne!(first.reveal(), second.reveal());
        assert!(AccessSecret::resembles(first.reveal()));
        assert!(!AccessSecret::resembles("glk_short"));
        assert!(!AccessSecret::resembles(&first.reveal()[1..]));
        assert!(!format!("{first:?}").contains(first.reveal()));
    }
}
