//! Names of sources and recordings, which are parts of paths and URLs.

use std::fmt;

/// Longest id, as everywhere.
const ID_CHARS_MAX: usize = 64;

/// Name of an event's programme beside its cameras.
pub const PROGRAM: &str = "program";

/// Name of what is made of recordings.
pub const RECUT: &str = "recut";

/// What is recorded: a camera or the programme of an event, by ids. Ids keep to `[A-Za-z0-9_-]`, so none
/// can leave its folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Source {
    event: String,
    name: String,
}

impl Source {
    /// The source `name` (a camera's id, or [`PROGRAM`]) of `event`; `None` if one is no id.
    #[must_use]
    pub fn new(event: &str, name: &str) -> Option<Self> {
        (is_id(event) && is_id(name))
            .then(|| Self { event: event.to_owned(), name: name.to_owned() })
    }

    /// The event's id.
    #[must_use]
    pub fn event(&self) -> &str {
        &self.event
    }

    /// The camera's id, [`PROGRAM`], or [`RECUT`].
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is the programme.
    #[must_use]
    pub fn is_program(&self) -> bool {
        self.name == PROGRAM
    }
}

/// A recording within its event: when it began, and of what it is. As text `{unix seconds}-{source}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordingId {
    began: u64,
    name: String,
}

impl RecordingId {
    /// The recording of `name` that began at `began`, in seconds since 1970; `None` if `name` is no id.
    #[must_use]
    pub fn new(began: u64, name: &str) -> Option<Self> {
        is_id(name).then(|| Self { began, name: name.to_owned() })
    }

    /// Reads its text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (began, name) = text.split_once('-')?;
        let id = Self::new(began.parse().ok()?, name)?;
        // One text for one recording: no plus sign, no leading zeros.
        (id.to_string() == text).then_some(id)
    }

    /// Seconds since 1970 at which it began; larger by some where two began in one second.
    #[must_use]
    pub const fn began(&self) -> u64 {
        self.began
    }

    /// The camera's id, [`PROGRAM`], or [`RECUT`].
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for RecordingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.began, self.name)
    }
}

pub(crate) fn is_id(text: &str) -> bool {
    (1..=ID_CHARS_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leaves_its_folder() {
        for bad in ["", ".", "..", "a/b", "a\\b", "a.b", "ä", "a\0"] {
            assert_eq!(Source::new(bad, "x"), None, "{bad:?}");
            assert_eq!(Source::new("x", bad), None, "{bad:?}");
            assert_eq!(RecordingId::parse(&format!("1-{bad}")), None, "{bad:?}");
        }
    }

    #[test]
    fn a_recording_has_one_name() {
        let id = RecordingId::new(1_764_000_000, "cam-1").unwrap();
        assert_eq!(RecordingId::parse("1764000000-cam-1"), Some(id));
        for other in ["+1-a", "01-a", "1", "-a", "x-a"] {
            assert_eq!(RecordingId::parse(other), None, "{other:?}");
        }
    }
}
