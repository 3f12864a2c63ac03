//! Names that people give to events and cameras.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::limits::NAME_CHARS_MAX;

/// Why a text is not a display name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidName {
    /// Nothing, or only white space.
    #[error("a name is not empty")]
    Empty,
    /// More than [`NAME_CHARS_MAX`] characters.
    #[error("a name has at most {NAME_CHARS_MAX} characters")]
    TooLong,
    /// A control character, which would forge log lines and break terminals.
    #[error("a name has no control characters")]
    ControlCharacter,
}

/// A name for people: 1 to [`NAME_CHARS_MAX`] characters, none of them a control character. Kept as given,
/// except that white space at both ends is cut off. Not unique.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DisplayName(String);

impl DisplayName {
    /// Reads a name.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        if text.chars().any(char::is_control) {
            return Err(InvalidName::ControlCharacter);
        }
        let text = text.trim();
        if text.is_empty() {
            return Err(InvalidName::Empty);
        }
        if text.chars().count() > NAME_CHARS_MAX {
            return Err(InvalidName::TooLong);
        }
        Ok(Self(text.to_owned()))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for DisplayName {
    type Error = InvalidName;

    fn try_from(text: String) -> Result<Self, InvalidName> {
        Self::parse(&text)
    }
}

impl From<DisplayName> for String {
    fn from(name: DisplayName) -> Self {
        name.0
    }
}

impl fmt::Display for DisplayName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_counts_characters_not_bytes() {
        assert!(DisplayName::parse(&"ü".repeat(200)).is_ok());
        assert_eq!(DisplayName::parse(&"ü".repeat(201)), Err(InvalidName::TooLong));
    }

    #[test]
    fn blank_and_control_characters_are_refused() {
        assert_eq!(DisplayName::parse(""), Err(InvalidName::Empty));
        assert_eq!(DisplayName::parse("  \u{a0} "), Err(InvalidName::Empty));
        assert_eq!(DisplayName::parse("a\nb"), Err(InvalidName::ControlCharacter));
        assert_eq!(DisplayName::parse("tail\u{1b}"), Err(InvalidName::ControlCharacter));
    }

    #[test]
    fn white_space_at_the_ends_is_cut_off() {
        assert_eq!(DisplayName::parse(" Kai & Lee ").unwrap().as_str(), "Kai & Lee");
    }
}
