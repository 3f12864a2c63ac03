//! Ids: short, safe in a URL path, unguessable enough not to collide.
//!
//! New ids are 16 characters of lower-case base32 (RFC 4648 §6), 80 random bits: they survive a
//! file system that folds case and can be selected with a double click. Ids that come from outside may
//! be any `[A-Za-z0-9_-]{1,64}`, so that a back end with ids of its own can be joined later.
//! Ids are names, not secrets.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::limits::ID_CHARS_MAX;
use crate::secret::{NoEntropy, random_base32};

/// Characters of an id made here.
const NEW_ID_CHARS: usize = 16;

/// The path segment of the programme: `/hls/{event}/program/…`. No camera may be called so.
const PROGRAM_SEGMENT: &str = "program";

/// What stands for "the camera on air" where a source of sound is named. No camera may be called so.
pub(crate) const AUDIO_FOLLOWS: &str = "follow";

/// Why a text is not an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidId {
    /// No character, or more than [`ID_CHARS_MAX`].
    #[error("an id has 1 to {ID_CHARS_MAX} characters")]
    Length,
    /// A character outside the alphabet.
    #[error("an id has only letters A-Z a-z, digits, '_' and '-'")]
    Character,
    /// A camera id that would hide the programme's own path, or mean another thing as a source of sound.
    #[error("the ids '{PROGRAM_SEGMENT}' and '{AUDIO_FOLLOWS}' are reserved")]
    Reserved,
}

/// An id: text of one path segment. They differ in what they name, and cameras in what they may not be called.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $check:path) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Reads an id, refusing what could not stand in its place in a URL path.
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                $check(text)?;
                Ok(Self(text.to_owned()))
            }

            /// A new random id.
            pub fn random() -> Result<Self, NoEntropy> {
                random_base32(NEW_ID_CHARS).map(Self)
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id! {
    /// Identity of an event (a wedding, a match).
    EventId, check
}

id! {
    /// Identity of a camera. Unique in the whole store, not only in its event. It stands beside `program` in paths
    /// and beside `follow` as a source of sound, so it is neither.
    CameraId, check_camera
}

id! {
    /// Identity of an access token. Not the token.
    TokenId, check
}

id! {
    /// Identity of a scheduled take. Unique in the whole store.
    ScheduledTakeId, check
}

id! {
    /// Name of a hook target that an administrator added.
    HookTargetName, check
}

id! {
    /// Identity of a hook delivery. Unique in the whole store.
    HookDeliveryId, check
}

fn check(text: &str) -> Result<(), InvalidId> {
    if text.is_empty() || text.chars().count() > ID_CHARS_MAX {
        return Err(InvalidId::Length);
    }
    if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')) {
        Ok(())
    } else {
        Err(InvalidId::Character)
    }
}

fn check_camera(text: &str) -> Result<(), InvalidId> {
    check(text)?;
    match text {
        PROGRAM_SEGMENT | AUDIO_FOLLOWS => Err(InvalidId::Reserved),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_from_outside_keep_to_one_url_safe_segment() {
        assert!(EventId::parse("Wedding_2026-06").is_ok());
        assert_eq!(EventId::parse(&"a".repeat(64)).map(|_| ()), Ok(()));
        assert_eq!(EventId::parse(""), Err(InvalidId::Length));
        assert_eq!(EventId::parse(&"a".repeat(65)), Err(InvalidId::Length));
        for text in ["a/b", "..", "a b", "ä", "a%2f", "a\0", "a.m3u8"] {
            assert_eq!(EventId::parse(text), Err(InvalidId::Character), "{text:?}");
        }
    }

    #[test]
    fn no_camera_hides_the_programme_or_means_whichever_is_on_air() {
        assert_eq!(CameraId::parse("program"), Err(InvalidId::Reserved));
        assert_eq!(CameraId::parse("follow"), Err(InvalidId::Reserved));
        assert!(EventId::parse("program").is_ok());
    }

    #[test]
    fn random_ids_are_valid_and_differ() {
        let (first, second) = (CameraId::random().unwrap(), CameraId::random().unwrap());
        assert_ne!(first, second);
        assert_eq!(CameraId::parse(first.as_str()), Ok(first));
        let delivery = HookDeliveryId::random().unwrap();
        assert_eq!(HookDeliveryId::parse(delivery.as_str()), Ok(delivery));
    }

    #[test]
    fn a_stored_id_is_checked_when_read_back() {
        assert!(serde_json::from_str::<EventId>("\"a/b\"").is_err());
        assert!(serde_json::from_str::<ScheduledTakeId>("\"\"").is_err());
        assert_eq!(serde_json::to_string(&EventId::parse("a").unwrap()).unwrap(), "\"a\"");
    }
}
