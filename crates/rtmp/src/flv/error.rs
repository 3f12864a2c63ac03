//! What can be wrong with a tag header.

use thiserror::Error;

/// Why an audio or video message is not a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FlvError {
    /// The message ends inside the header.
    #[error("tag ends before its {0}")]
    Truncated(&'static str),
    /// A track of a multitrack message claims more bytes than the message has.
    #[error("multitrack track of {claimed} bytes with only {left} left")]
    TrackTooLong {
        /// Size that the track header claims.
        claimed: u32,
        /// Bytes that are left in the message.
        left: usize,
    },
    /// The multitrack type is none of the three defined ones.
    #[error("multitrack type {0}, expected 0 to 2")]
    MultitrackType(u8),
    /// A multitrack packet announces another multitrack packet inside.
    #[error("multitrack inside multitrack")]
    NestedMultitrack,
    /// More tracks than any encoder sends.
    #[error("more than {0} tracks in one message")]
    TooManyTracks(usize),
    /// More ModEx prefixes than any encoder sends.
    #[error("more than {0} ModEx prefixes in one message")]
    TooManyModEx(usize),
}
