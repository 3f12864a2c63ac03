//! One timed access unit of one track: the currency of every Feed.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use crate::config::{TrackConfig, TrackKind};
use crate::time::{EventTime, MediaTime, Timescale};

/// How other samples depend on this one (ISO/IEC 14496-12 §8.8.3.1, sample flags).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dependency {
    /// Decoding can start here: an IDR picture, an AV1 key frame, every audio access unit.
    Sync,
    /// Others may refer to it.
    Reference,
    /// Nothing refers to it (`nal_ref_idc` 0, or an FLV disposable inter frame): may be dropped.
    Disposable,
}

/// A sample on the event clock.
///
/// Times are ticks of `config.timescale()` counted from the event clock's zero. The payload is one
/// access unit: AVC and HEVC as NAL units with 4-byte lengths, without parameter sets and without
/// access unit delimiters (the packager writes both where the container wants them); AV1 as the
/// low-overhead OBUs of a temporal unit without temporal delimiter and sequence header; AAC raw,
/// without ADTS; Opus as one packet.
#[derive(Clone, PartialEq, Eq)]
pub struct Sample {
    /// What decodes this sample. Shared by all samples between two changes of configuration, so that
    /// `Arc::ptr_eq` answers quickly; equal bytes mean equal configuration all the same.
    pub config: Arc<TrackConfig>,
    /// Decoding time in ticks.
    pub dts: i64,
    /// Presentation time minus decoding time in ticks. Positive for all sane input: a camera's
    /// samples are shifted so that every sync sample has the same offset (100 ms).
    pub composition_offset: i32,
    /// Duration in ticks where the producer knows it; otherwise it is the distance to the next
    /// sample of the track.
    pub duration: Option<u32>,
    /// Place in the group of pictures.
    pub dependency: Dependency,
    /// The access unit.
    pub payload: Bytes,
}

impl Sample {
    /// Which track the sample belongs to.
    #[must_use]
    pub fn kind(&self) -> TrackKind {
        self.config.kind()
    }

    /// Unit of `dts`, `composition_offset` and `duration`.
    #[must_use]
    pub fn timescale(&self) -> Timescale {
        self.config.timescale()
    }

    /// Presentation time in ticks.
    #[must_use]
    pub fn pts(&self) -> i64 {
        self.dts.saturating_add(i64::from(self.composition_offset))
    }

    /// Presentation time.
    #[must_use]
    pub fn pts_time(&self) -> MediaTime {
        MediaTime::new(self.pts(), self.timescale())
    }

    /// Decoding time.
    #[must_use]
    pub fn dts_time(&self) -> MediaTime {
        MediaTime::new(self.dts, self.timescale())
    }

    /// Presentation time on the event clock.
    #[must_use]
    pub fn pts_event(&self) -> EventTime {
        self.pts_time().to_event()
    }

    /// Decoding can start at this sample of a video track.
    #[must_use]
    pub fn is_video_sync(&self) -> bool {
        self.kind() == TrackKind::Video && self.dependency == Dependency::Sync
    }
}

impl fmt::Debug for Sample {
    /// The payload is shown by its length: logs are read by people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sample")
            .field("kind", &self.kind())
            .field("dts", &self.dts)
            .field("composition_offset", &self.composition_offset)
            .field("duration", &self.duration)
            .field("dependency", &self.dependency)
            .field("payload_bytes", &self.payload.len())
            .finish_non_exhaustive()
    }
}
