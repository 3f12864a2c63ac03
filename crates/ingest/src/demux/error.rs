//! Why a publish session cannot go on.

use genlock_media::TrackKind;

/// The publisher's media cannot be used. The text is also what the publisher is told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DemuxError {
    /// A codec that Genlock does not carry.
    #[error("{} codec {codec} is not supported, use {}", name(.track), supported(.track))]
    Unsupported {
        /// The track.
        track: TrackKind,
        /// Name of the codec.
        codec: String,
    },
    /// The video sequence header cannot be used.
    #[error("video sequence header cannot be used: {0}")]
    VideoHeader(String),
    /// Tag after tag could not be read.
    #[error("{tags} tags in a row could not be read, the last one because {last}")]
    Malformed {
        /// How many.
        tags: u32,
        /// What was wrong with the last one.
        last: String,
    },
    /// The publisher asks for more of something than is given.
    #[error("too many {what}: {got}, at most {limit}")]
    LimitExceeded {
        /// Of what.
        what: &'static str,
        /// How many are allowed.
        limit: u64,
        /// How many there were.
        got: u64,
    },
}

const fn name(track: &TrackKind) -> &'static str {
    match track {
        TrackKind::Video => "video",
        TrackKind::Audio => "audio",
    }
}

const fn supported(track: &TrackKind) -> &'static str {
    match track {
        TrackKind::Video => "H.264, HEVC or AV1",
        TrackKind::Audio => "AAC or Opus",
    }
}
