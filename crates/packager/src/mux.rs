//! What both muxers take and how both fail.

use genlock_media::{MediaError, Sample, TrackKind};

/// A sample whose duration is known: what the segmenter hands to a muxer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimedSample {
    /// The access unit.
    pub sample: Sample,
    /// Distance to the next sample of the track, in ticks of the track's timescale. Never 0 for a
    /// sample that is to be shown: the end of one fragment is the `tfdt` of the next.
    pub duration: u32,
}

/// Why samples could not be put into a container.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MuxError {
    /// The container cannot carry this.
    #[error("unsupported {what}: {value}")]
    Unsupported {
        /// The property, for example `video codec in MPEG-TS`.
        what: &'static str,
        /// Its value.
        value: String,
    },
    /// A size does not fit its field.
    #[error("{what} is too large: {got} exceeds {limit}")]
    TooLarge {
        /// The field, for example `mdat`.
        what: &'static str,
        /// The largest value that fits.
        limit: u64,
        /// The value that was to be written.
        got: u64,
    },
    /// A decoding time before the event clock's zero, which no container can write.
    #[error("{track:?} sample at tick {dts} lies before zero")]
    BeforeZero {
        /// The track.
        track: TrackKind,
        /// The decoding time in ticks of the track.
        dts: i64,
    },
    /// An audio sample was given as video, or the other way round.
    #[error("{expected:?} sample expected")]
    WrongTrack {
        /// What the argument is for.
        expected: TrackKind,
    },
    /// Neither track was given.
    #[error("nothing to write: no track")]
    NoTrack,
    /// The payload or the configuration of a sample breaks its codec's syntax.
    #[error(transparent)]
    Bitstream(#[from] MediaError),
    /// A box could not be written.
    #[error("box: {0}")]
    Boxes(String),
}

impl MuxError {
    pub(crate) fn too_large(what: &'static str, limit: u64, got: usize) -> Self {
        Self::TooLarge { what, limit, got: u64::try_from(got).unwrap_or(u64::MAX) }
    }
}
