//! What is known about a camera's input: the snapshot that the control plane reads.
//!
//! What can be wrong with it is in [`crate::issue`].

use std::net::IpAddr;
use std::time::Duration;

use genlock_media::{AudioCodec, EventTime, VideoCodec};

use crate::issue::Issue;

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
    /// What should be looked at, oldest first. What the camera had when it went stays until it is old or
    /// the next session starts.
    pub issues: Vec<Issue>,
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
    /// Length of the longest of the last four.
    pub gop_recent_max: Option<Duration>,
    /// The rate at which the encoder makes pictures, whether they all arrive or not. It does not follow
    /// a moment's disturbance; `None` during the first second.
    pub frame_rate: Option<f64>,
    /// How many pictures come before one that is shown earlier than they are; `None` before the first
    /// whole group of pictures.
    pub reorder_frames: Option<u8>,
    /// Since when configuration and frame rate are what they are.
    pub since: EventTime,
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
    /// Since when the configuration is what it is.
    pub since: EventTime,
}
