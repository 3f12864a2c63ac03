//! Creators: whom events belong to.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::limits::CREATOR_ID_CHARS_MAX;

/// Identity of a creator, as whoever signs the creators' tokens names them (the claim `sub`, RFC 7519 §4.1.2).
///
/// Compared as it is, case and all. A name, not a secret.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CreatorId(String);

/// A creator's id is empty, too long, or has control characters in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a creator's id has 1 to {CREATOR_ID_CHARS_MAX} characters, none of them a control character"
)]
pub struct InvalidCreatorId;

impl CreatorId {
    /// Reads an id.
    pub fn parse(text: &str) -> Result<Self, InvalidCreatorId> {
        let fits = (1..=CREATOR_ID_CHARS_MAX).contains(&text.chars().count());
        if fits && !text.chars().any(char::is_control) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidCreatorId)
        }
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for CreatorId {
    type Error = InvalidCreatorId;

    fn try_from(text: String) -> Result<Self, InvalidCreatorId> {
        Self::parse(&text)
    }
}

impl From<CreatorId> for String {
    fn from(id: CreatorId) -> Self {
        id.0
    }
}

impl fmt::Display for CreatorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_of_the_usual_issuers_are_creators() {
        for text in ["auth0|5f7c8ec7c33c6c004bbafe82", "ann@example.org", "42", "Ünal"] {
            assert_eq!(CreatorId::parse(text).map(String::from).as_deref(), Ok(text));
        }
    }

    #[test]
    fn what_would_break_a_log_line_is_no_creator() {
        for text in ["", "a\nb", "\u{0}", &"x".repeat(CREATOR_ID_CHARS_MAX + 1)] {
            assert_eq!(CreatorId::parse(text), Err(InvalidCreatorId), "{text:?}");
        }
    }
}
