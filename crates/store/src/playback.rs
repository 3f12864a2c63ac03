//! Playback: whether viewers need a signed path, and the keys that such paths are signed with.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::limits::{PLAYBACK_KEYS_MAX, PLAYBACK_SECRET_BYTES};
use crate::secret::{NoEntropy, random_base32};
use crate::time::Timestamp;

/// Characters of a key's id: 30 bits, enough to tell a handful apart.
const KEY_ID_CHARS: usize = 6;

/// Who may watch an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Playback {
    /// Whoever has the address.
    #[default]
    Public,
    /// Whoever has a path token.
    Signed,
}

/// A key that path tokens are signed with. Unlike other secrets it is kept as it is: a hash signs nothing.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaybackKey {
    /// Names the key in tokens.
    pub id: String,
    /// The secret.
    pub secret: [u8; PLAYBACK_SECRET_BYTES],
    /// When it was made.
    pub created_at: Timestamp,
    /// When tokens that it signed end, whatever they say; `None` for the newest key.
    #[serde(default)]
    pub retires_at: Option<Timestamp>,
}

impl PlaybackKey {
    fn random(now: Timestamp) -> Result<Self, NoEntropy> {
        let mut secret = [0; PLAYBACK_SECRET_BYTES];
        crate::secret::fill(&mut secret)?;
        Ok(Self { id: random_base32(KEY_ID_CHARS)?, secret, created_at: now, retires_at: None })
    }
}

impl fmt::Debug for PlaybackKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlaybackKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The keys of a server, newest first. The first one signs, all of them are believed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PlaybackKeys(Vec<PlaybackKey>);

/// Why there is no new key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RotationError {
    /// Old keys are believed still, as many as there may be.
    #[error("{PLAYBACK_KEYS_MAX} keys are in use still")]
    TooMany,
    /// The system gave no random bytes.
    #[error(transparent)]
    NoEntropy(#[from] NoEntropy),
}

impl PlaybackKeys {
    /// One new key.
    pub fn random(now: Timestamp) -> Result<Self, NoEntropy> {
        Ok(Self(vec![PlaybackKey::random(now)?]))
    }

    /// Reads what [`to_text`](Self::to_text) wrote; `None` for anything else.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let keys: Self = serde_json::from_str(text).ok()?;
        (1..=PLAYBACK_KEYS_MAX).contains(&keys.0.len()).then_some(keys)
    }

    /// As text for the store, secrets included.
    #[must_use]
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("keys are plain data")
    }

    /// The keys, newest first.
    #[must_use]
    pub fn keys(&self) -> &[PlaybackKey] {
        &self.0
    }

    /// Puts a new key in front. Those before it are believed for `grace_ms` more, or for as long as an earlier rotation
    /// left them, whichever ends first; what has retired by `now` is gone.
    pub fn rotate(&self, now: Timestamp, grace_ms: i64) -> Result<Self, RotationError> {
        let ends = Timestamp::from_millis(now.as_millis().saturating_add(grace_ms));
        let mut kept: Vec<_> = self.0.clone();
        for key in &mut kept {
            key.retires_at = Some(key.retires_at.map_or(ends, |earlier| earlier.min(ends)));
        }
        kept.retain(|key| key.retires_at.is_some_and(|ends| ends > now));
        if kept.len() >= PLAYBACK_KEYS_MAX {
            return Err(RotationError::TooMany);
        }
        kept.insert(0, PlaybackKey::random(now)?);
        Ok(Self(kept))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn an_old_key_stays_until_its_grace_has_passed() {
        let first = PlaybackKeys::random(at(0)).unwrap();
        let second = first.rotate(at(1000), 500).unwrap();
        assert_eq!(second.keys().len(), 2);
        assert_eq!(second.keys()[0].retires_at, None);
        assert_eq!(second.keys()[1].id, first.keys()[0].id);
        assert_eq!(second.keys()[1].retires_at, Some(at(1500)));
        let third = second.rotate(at(1500), 500).unwrap();
        let ids: Vec<_> = third.keys().iter().map(|key| &key.id).collect();
        assert!(ids.contains(&&second.keys()[0].id) && !ids.contains(&&first.keys()[0].id));
    }

    #[test]
    fn without_grace_the_old_key_is_gone_at_once() {
        let keys = PlaybackKeys::random(at(0)).unwrap().rotate(at(5), 0).unwrap();
        assert_eq!(keys.keys().len(), 1);
    }

    #[test]
    fn without_grace_no_older_key_is_left_either() {
        let keys = PlaybackKeys::random(at(0)).unwrap().rotate(at(5), 1000).unwrap();
        assert_eq!(keys.rotate(at(6), 0).unwrap().keys().len(), 1);
        let shorter = keys.rotate(at(6), 10).unwrap();
        let ends: Vec<_> = shorter.keys().iter().map(|key| key.retires_at).collect();
        assert_eq!(ends, [None, Some(at(16)), Some(at(16))]);
    }

    #[test]
    fn the_number_of_keys_is_limited() {
        let mut keys = PlaybackKeys::random(at(0)).unwrap();
        for _ in 1..PLAYBACK_KEYS_MAX {
            keys = keys.rotate(at(0), 1000).unwrap();
        }
        assert!(matches!(keys.rotate(at(0), 1000), Err(RotationError::TooMany)));
    }

    #[test]
    fn keys_come_back_as_written_and_never_print() {
        let keys = PlaybackKeys::random(at(0)).unwrap();
        assert_eq!(PlaybackKeys::from_text(&keys.to_text()), Some(keys.clone()));
        assert_eq!(PlaybackKeys::from_text("[]"), None);
        assert_eq!(PlaybackKeys::from_text("{}"), None);
        let secret = format!("{:?}", keys.keys()[0].secret);
        assert!(!format!("{keys:?}").contains(&secret));
    }
}
