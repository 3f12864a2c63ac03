//! Ids of recordings and hook deliveries: the same alphabet and length as those of events.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::{InvalidId, NEW_ID_CHARS, check};
use crate::secret::{NoEntropy, random_base32};

/// An id that is text of one path segment. They differ only in what they name.
macro_rules! record_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Reads an id, refusing what could not stand in a URL path.
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                check(text)?;
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

record_id! {
    /// Identity of a recording. Unique in the whole store.
    RecordingId
}

record_id! {
    /// Identity of a hook delivery. Unique in the whole store.
    HookDeliveryId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn record_ids_keep_to_one_url_safe_segment() {
        assert_eq!(HookDeliveryId::parse("a/b"), Err(InvalidId::Character));
        assert_eq!(RecordingId::parse(""), Err(InvalidId::Length));
        let id = HookDeliveryId::random().unwrap();
        assert_eq!(HookDeliveryId::parse(id.as_str()), Ok(id));
    }
}
