//! What the running system measures of itself, for `/metrics` and `/stat`.
//!
//! The binary implements [`Telemetry`]. Everything is answered from memory: a scrape waits for no disk and takes no lock
//! that samples wait for.

use std::net::IpAddr;
use std::time::Duration;

use genlock_store::{CameraId, EventId, SecretHash};

use crate::live::{CameraStatus, EventStatus};

/// Where measurements come from.
pub trait Telemetry: Send + Sync + 'static {
    /// The server as a whole.
    fn server(&self) -> ServerReading;

    /// The events that are not over, with the cameras to which anybody has published, both in the order of their ids:
    /// at most [`EVENTS_SCRAPED_MAX`](crate::limits::EVENTS_SCRAPED_MAX) and
    /// [`CAMERAS_SCRAPED_MAX`](crate::limits::CAMERAS_SCRAPED_MAX).
    fn events(&self) -> EventsReading;
}

/// Who reads measurements.
#[derive(Debug, Clone)]
pub struct Observers {
    /// Hash of a token that opens `/metrics` and `/stat`, and nothing else. The administrator's opens them too.
    pub token: Option<SecretHash>,
    /// Whether `/metrics` tells those without a token what names no event and no camera.
    pub anonymous: bool,
}

impl Default for Observers {
    fn default() -> Self {
        Self { token: None, anonymous: true }
    }
}

/// The server as a whole. Totals count since it started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ServerReading {
    /// The process.
    pub process: ProcessReading,
    /// The listener for cameras.
    pub rtmp: RtmpReading,
    /// The server of playlists, media, pages and the API.
    pub http: HttpReading,
    /// JSON hooks.
    pub hooks: HooksReading,
    /// When the certificate of HTTPS and RTMPS ends, in seconds since 1970; `None` without TLS.
    pub certificate_expires_at: Option<u64>,
}

/// The process, as the operating system sees it; `None` where it does not tell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ProcessReading {
    /// Its id.
    pub id: u32,
    /// How long it has run.
    pub uptime: Duration,
    /// When it started, in seconds since 1970.
    pub started_at: u64,
    /// Time that it has had on all cores.
    pub cpu: Option<Duration>,
    /// Resident memory.
    pub resident_bytes: Option<u64>,
    /// Threads.
    pub threads: Option<u64>,
    /// Open file descriptors: sockets and files.
    pub open_files: Option<u64>,
    /// How many it may open.
    pub open_files_max: Option<u64>,
}

/// The listener for cameras.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RtmpReading {
    /// Connections open now.
    pub open: u64,
    /// Connections accepted.
    pub accepted: u64,
    /// Connections closed at once, because there were too many in all or of one address.
    pub refused: u64,
}

/// The server of playlists, media, pages and the API.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HttpReading {
    /// Connections open now.
    pub open: u64,
    /// Connections accepted.
    pub accepted: u64,
    /// Connections closed at once, because there were too many.
    pub refused: u64,
    /// Connections closed because their viewers took too little, too slowly.
    pub slow_viewers: u64,
    /// Bytes that left for the network.
    pub bytes_sent: u64,
    /// Requests for playlists and media.
    pub requests: u64,
    /// Of these, those answered 4xx.
    pub client_errors: u64,
    /// Of these, those answered 5xx.
    pub server_errors: u64,
    /// Requests that are held now.
    pub held: u64,
    /// Requests refused because too many were held.
    pub held_refused: u64,
    /// Playlists that are kept up to date now.
    pub packaging: u64,
    /// Packaging tasks that broke down and were started again.
    pub packaging_faults: u64,
}

/// JSON hooks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HooksReading {
    /// Deliveries that wait, those under way counted.
    pub waiting: u64,
    /// Deliveries that were given up.
    pub dead: u64,
    /// Notices that no delivery was made of.
    pub lost: u64,
}

/// Events, as far as there is room for them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EventsReading {
    /// The events.
    pub events: Vec<EventReading>,
    /// Events and cameras that there was no room for.
    pub left_out: u64,
}

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub struct EventReading {
    /// Which.
    pub event: EventId,
    /// Whether it runs.
    pub status: EventStatus,
    /// The camera on air.
    pub active: Option<CameraId>,
    /// How long it has been on air.
    pub on_air: Option<Duration>,
    /// The slate is shown.
    pub slate: bool,
    /// Something keeps the programme from acting by itself.
    pub locked: bool,
    /// Cuts made since the server started.
    pub cuts: u64,
    /// Bytes of media that the programme has put out since the server started.
    pub bytes: u64,
    /// Samples, likewise.
    pub samples: u64,
    /// Bits per second of the camera on air.
    pub bitrate_bps: u64,
    /// Players that reload the programme's playlists.
    pub viewers: u64,
    /// Its playlist; `None` before there is one.
    pub playlist: Option<PlaylistReading>,
    /// Its cameras to which anybody has published.
    pub cameras: Vec<CameraReading>,
}

/// A playlist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlaylistReading {
    /// Time since it last changed.
    pub age: Duration,
    /// How far the end of its media is behind the present.
    pub behind: Duration,
}

/// One camera. What is of a session is of the newest one.
#[derive(Debug, Clone, PartialEq)]
pub struct CameraReading {
    /// Which.
    pub camera: CameraId,
    /// Whether its publisher is there.
    pub status: CameraStatus,
    /// For how long it is that.
    pub since: Option<Duration>,
    /// It is on air.
    pub on_air: bool,
    /// Address of the publisher.
    pub peer: Option<IpAddr>,
    /// What the encoder calls itself.
    pub encoder: Option<String>,
    /// Bytes of media since the server started.
    pub bytes: u64,
    /// Samples since the server started.
    pub samples: u64,
    /// Bytes of media in its ring.
    pub buffer_bytes: u64,
    /// Bits per second over the last seconds.
    pub bitrate_bps: u64,
    /// The picture.
    pub video: Option<VideoReading>,
    /// The sound.
    pub audio: Option<AudioReading>,
    /// How much newer the newest sound is than the newest picture, in milliseconds; negative if older.
    pub sound_ahead_ms: Option<i64>,
    /// Access units of the session that could not be used.
    pub dropped: u64,
    /// Timestamp jumps of the session.
    pub timestamp_jumps: u64,
    /// Publish sessions after the first.
    pub reconnects: u64,
    /// Issues that are worth knowing, that somebody may notice, and that somebody notices.
    pub issues: IssueCounts,
    /// Players that reload its playlists.
    pub viewers: u64,
}

/// The picture of a camera.
#[derive(Debug, Clone, PartialEq)]
pub struct VideoReading {
    /// RFC 6381.
    pub codec: String,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Pictures per second.
    pub fps: f64,
    /// Bits per second.
    pub bitrate_bps: u64,
    /// Length of the last whole group of pictures.
    pub gop: Option<Duration>,
}

/// The sound of a camera.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AudioReading {
    /// RFC 6381.
    pub codec: String,
    /// Samples per second.
    pub sample_rate: u32,
    /// Number of channels.
    pub channels: u8,
    /// Bits per second.
    pub bitrate_bps: u64,
}

/// Issues of a camera by how much they matter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct IssueCounts {
    /// Worth knowing.
    pub info: u64,
    /// Somebody may notice.
    pub warning: u64,
    /// Somebody notices.
    pub error: u64,
}
