//! A camera as it runs.

use genlock_store::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::take::Forecast;
use crate::compatibility::Compatibility;
use crate::time::rfc3339;

/// Whether a camera's publisher is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CameraStatus {
    /// Nobody has published yet.
    #[default]
    Waiting,
    /// Samples are arriving.
    Live,
    /// The publisher is gone.
    Offline,
}

/// A camera's publisher.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CameraState {
    /// Whether it is there.
    pub status: CameraStatus,
    /// Since when, `None` while it is waiting.
    pub since: Option<Timestamp>,
    /// Whether it is on air.
    pub on_air: bool,
    /// Players that reload its playlists.
    pub viewers: u64,
    /// What it sends, or sent last; `None` if it never did.
    pub health: Option<Health>,
    /// What a take would cost now; `None` unless it is live.
    pub forecast: Option<Forecast>,
    /// How well it fits the programme; `None` if the camera is not known.
    pub compatibility: Option<Compatibility>,
}

/// What a publisher sends, or sent last.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct Health {
    /// Bits per second of media, over the last seconds.
    pub bitrate_bps: u64,
    /// Address of the publisher.
    #[schema(example = "192.0.2.7")]
    pub peer: Option<String>,
    /// The picture, `null` before the first.
    pub video: Option<VideoHealth>,
    /// The sound, `null` before the first.
    pub audio: Option<AudioHealth>,
    /// Access units of this session that could not be used.
    pub dropped: u64,
    /// Timestamp jumps of this session.
    pub timestamp_jumps: u64,
    /// Publish sessions after the first.
    pub reconnects: u64,
    /// What should be looked at: the input's own issues, oldest first, then what differs from the
    /// programme.
    pub issues: Vec<Issue>,
    /// Why the last publisher was refused or disconnected, for people.
    pub last_error: Option<String>,
}

/// The picture of a camera.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct VideoHealth {
    /// RFC 6381.
    #[schema(example = "avc1.64001f")]
    pub codec: String,
    /// Pixels.
    #[schema(example = 1920)]
    pub width: u32,
    /// Pixels.
    #[schema(example = 1080)]
    pub height: u32,
    /// Pictures per second by their timestamps, over the last seconds.
    #[schema(example = 30.0)]
    pub fps: f64,
    /// Bits per second, over the last seconds.
    pub bitrate_bps: u64,
    /// Length of the last whole group of pictures, in milliseconds: what a clean cut may wait.
    #[schema(example = 2000)]
    pub gop_ms: Option<u32>,
}

/// The sound of a camera.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AudioHealth {
    /// RFC 6381.
    #[schema(example = "mp4a.40.2")]
    pub codec: String,
    /// Samples per second.
    #[schema(example = 48000)]
    pub sample_rate: u32,
    /// Number of channels.
    #[schema(example = 2)]
    pub channels: u8,
    /// Bits per second, over the last seconds.
    pub bitrate_bps: u64,
}

/// Something about a camera that should be looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = HealthIssue)]
pub struct Issue {
    /// What it is, for programs: the name of YouTube's `configurationIssues` where that has one.
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "gopSizeLong")]
    pub kind: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// The particulars and what they mean, for people.
    #[schema(
        example = "Key frames are 8.3 s apart. Clean cuts wait up to that long; instant cuts show a fast-forward."
    )]
    pub sentence: String,
    /// The setting of the encoder to change, in OBS's words.
    #[schema(example = "Settings > Output > Streaming > Keyframe Interval: 2 s")]
    pub setting: String,
    /// When it began.
    #[serde(serialize_with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
}

/// How much an issue or a difference matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Viewers or whoever switches may notice.
    Warning,
    /// Something is missing or unusable, or viewers notice.
    Error,
}
