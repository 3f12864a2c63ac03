//! What is known about a camera's input: the snapshot that the control plane reads.
//!
//! The codes of warnings follow the vocabulary of YouTube's `healthStatus.configurationIssues` where
//! it has a word, because the operators of live events know it.

use std::net::IpAddr;
use std::time::Duration;

use genlock_media::{AudioCodec, EventTime, VideoCodec};

/// A camera's input at one moment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CameraHealth {
    /// Whether media comes in.
    pub state: CameraState,
    /// Since when; `None` before anything happened.
    pub since: Option<EventTime>,
    /// Address of the publisher, of the last one if none is there.
    pub peer: Option<IpAddr>,
    /// What the encoder calls itself, if it does.
    pub encoder: Option<String>,
    /// The picture; `None` until a sample came in this session.
    pub video: Option<VideoHealth>,
    /// The sound; `None` until a sample came in this session.
    pub audio: Option<AudioHealth>,
    /// Payload bits per second over both tracks, averaged over five seconds.
    pub bits_per_second: u64,
    /// Samples that reached the Feed in this session.
    pub samples: u64,
    /// Access units of this session that did not reach it.
    pub dropped: u64,
    /// Timestamp jumps in this session.
    pub timestamp_jumps: u64,
    /// Publish sessions after the first.
    pub reconnects: u64,
    /// What should be looked at, oldest first. Kept until the next session starts, or until the
    /// condition is gone where it can go.
    pub warnings: Vec<Warning>,
    /// Why the last publish was refused or ended in error, in a sentence for people.
    pub last_error: Option<String>,
}

/// Whether media comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CameraState {
    /// Nothing has come in yet.
    #[default]
    Waiting,
    /// A publisher sends samples.
    Live,
    /// There was one before.
    Offline,
}

/// The picture.
#[derive(Debug, Clone, PartialEq)]
pub struct VideoHealth {
    /// The codec.
    pub codec: VideoCodec,
    /// RFC 6381.
    pub codec_string: String,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Pictures per second by their timestamps, averaged over five seconds.
    pub frames_per_second: f64,
    /// Payload bits per second, averaged over five seconds.
    pub bits_per_second: u64,
    /// Length of the last whole group of pictures.
    pub gop: Option<Duration>,
    /// Length of the longest in this session.
    pub gop_max: Option<Duration>,
}

/// The sound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AudioHealth {
    /// The codec.
    pub codec: AudioCodec,
    /// RFC 6381.
    pub codec_string: String,
    /// Samples per second.
    pub sample_rate: u32,
    /// Number of channels.
    pub channels: u8,
    /// Payload bits per second, averaged over five seconds.
    pub bits_per_second: u64,
}

/// Something about a camera that should be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// What it is.
    pub code: WarningCode,
    /// The particulars, in a sentence for people.
    pub detail: String,
    /// When it was noticed first in this session.
    pub since: EventTime,
}

/// Kinds of warnings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WarningCode {
    /// Sync samples are further apart than a segment may be long.
    GopSizeLong,
    /// The audio codec is not carried: the camera has no sound.
    AudioCodec,
    /// The video codec is not carried: the publish was refused.
    VideoCodec,
    /// Audio comes without the header that tells how to decode it.
    NoAudioHeader,
    /// Video comes without the header that tells how to decode it.
    NoVideoHeader,
    /// Several video tracks; the first is used.
    MultipleVideoStreams,
    /// Several audio tracks; the first is used.
    MultipleAudioStreams,
    /// Timestamps jumped.
    TimestampJump,
    /// Timestamps repeated or went back a little.
    TimestampNotMonotonic,
    /// The delay of the connection changed for good by over a second.
    DelayShift,
    /// The configuration changed while publishing.
    ConfigurationChanged,
    /// Tags could not be read.
    MalformedData,
}

impl WarningCode {
    /// The stable name for interfaces.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GopSizeLong => "gopSizeLong",
            Self::AudioCodec => "audioCodec",
            Self::VideoCodec => "videoCodec",
            Self::NoAudioHeader => "noAudioHeader",
            Self::NoVideoHeader => "noVideoHeader",
            Self::MultipleVideoStreams => "multipleVideoStreams",
            Self::MultipleAudioStreams => "multipleAudioStreams",
            Self::TimestampJump => "timestampJump",
            Self::TimestampNotMonotonic => "timestampNotMonotonic",
            Self::DelayShift => "delayShift",
            Self::ConfigurationChanged => "configurationChanged",
            Self::MalformedData => "malformedData",
        }
    }
}
