//! What the demuxer hands to the timeline: an access unit that still carries the publisher's time.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use genlock_media::{Dependency, TrackConfig, TrackKind};

/// An access unit with the publisher's timestamp, ready to be landed on the event clock.
///
/// The payload has the form that [`genlock_media::Sample`] asks for.
#[derive(Clone, PartialEq, Eq)]
pub struct Unit {
    /// What decodes this access unit.
    pub config: Arc<TrackConfig>,
    /// Timestamp of the RTMP message in milliseconds, wrapping at 2^32. For video it is the decoding
    /// time.
    pub timestamp: u32,
    /// Presentation time minus decoding time in microseconds; signed, 0 for audio. Whole
    /// milliseconds unless the publisher sends E-RTMP's nanosecond offsets.
    pub composition_micros: i64,
    /// Place in the group of pictures.
    pub dependency: Dependency,
    /// The access unit.
    pub payload: Bytes,
}

impl Unit {
    /// Which track the access unit belongs to.
    #[must_use]
    pub fn kind(&self) -> TrackKind {
        self.config.kind()
    }

    /// Decoding can start at this access unit of a video track.
    #[must_use]
    pub fn is_video_sync(&self) -> bool {
        self.kind() == TrackKind::Video && self.dependency == Dependency::Sync
    }
}

impl fmt::Debug for Unit {
    /// The payload is shown by its length.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unit")
            .field("kind", &self.kind())
            .field("timestamp", &self.timestamp)
            .field("composition_micros", &self.composition_micros)
            .field("dependency", &self.dependency)
            .field("payload_bytes", &self.payload.len())
            .finish_non_exhaustive()
    }
}
