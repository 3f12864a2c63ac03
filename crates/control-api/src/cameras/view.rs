//! Cameras as answers show them.

use genlock_store::{Camera, StreamKey, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use crate::addresses::Links;
use crate::etag::{Version, Versioned};
use crate::live::{CameraState, CameraStatus, Compatibility, Forecast, Health};
use crate::state::Shared;
use crate::time::{rfc3339, rfc3339_option};

/// A camera.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Camera)]
pub(crate) struct CameraView {
    /// Identity, fixed.
    #[schema(example = "k5x2mhd7qpa3vtye")]
    camera_id: String,
    /// What tells this name, priority, sync offset and key from others: the text of the `etag`, for `if-match`.
    #[schema(value_type = String, example = "9b0d2f4a6c8e1f3a5c7e")]
    version: Version,
    /// Name for people.
    #[schema(example = "Altar")]
    name: String,
    /// Place in the failover order.
    #[schema(example = 100)]
    priority: u16,
    /// Added to the camera's times, in milliseconds.
    #[schema(example = 0)]
    sync_offset_ms: i32,
    /// When it was made.
    #[serde(serialize_with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Whether its publisher is there.
    status: CameraStatus,
    /// Since when, `null` while it is waiting.
    #[serde(serialize_with = "rfc3339_option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// Whether it is on air: what its tally light shows.
    on_air: bool,
    /// Players that reload the camera's own playlists.
    #[schema(example = 3)]
    viewers: u64,
    /// Multivariant playlist of the camera alone.
    #[schema(
        example = "http://live.example:8080/hls/q3vx5k2mhd7qpa4t/k5x2mhd7qpa3vtye/index.m3u8"
    )]
    hls_url: String,
    /// The server to publish to, without the key; `null` where the server's address is not known.
    #[schema(example = "rtmp://live.example:1935/live")]
    ingest_url: Option<String>,
    /// What the publisher sends, `null` if there never was one.
    health: Option<Health>,
    /// What a take would cost now, `null` unless the camera is live.
    forecast: Option<Forecast>,
    /// How well it fits the programme as it is now.
    compatibility: Option<Compatibility>,
}

/// A camera with its new stream key, which is shown this once.
#[derive(Serialize, ToSchema)]
pub(crate) struct CameraWithKey {
    #[serde(flatten)]
    camera: CameraView,
    /// What the publisher presents: the stream key of OBS, the last segment of ffmpeg's URL.
    #[schema(example = "mzxw6ytboi4dqnrrgm2tknrrgi3dqnzr")]
    stream_key: String,
}

/// Cameras.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CameraList {
    /// In failover order.
    pub(super) items: Vec<CameraView>,
}

impl Versioned for CameraView {
    fn version(&self) -> &Version {
        &self.version
    }
}

impl Versioned for CameraWithKey {
    fn version(&self) -> &Version {
        self.camera.version()
    }
}

impl CameraWithKey {
    pub(super) fn new(camera: CameraView, key: &StreamKey) -> Self {
        Self { camera, stream_key: key.reveal().to_owned() }
    }
}

impl CameraView {
    pub(crate) fn new(shared: &Shared, links: &Links, camera: &Camera) -> Self {
        Self::of(links, camera, shared.live.camera(&camera.event, &camera.id))
    }

    /// A camera of which `state` is known.
    pub(crate) fn of(links: &Links, camera: &Camera, state: CameraState) -> Self {
        Self {
            camera_id: camera.id.to_string(),
            version: Version::of_camera(camera),
            name: camera.name.to_string(),
            priority: camera.priority,
            sync_offset_ms: camera.sync_offset_ms,
            created_at: camera.created_at,
            status: state.status,
            since: state.since,
            viewers: state.viewers,
            on_air: state.on_air,
            hls_url: links.camera_hls(&camera.event, &camera.id),
            ingest_url: links.ingest(),
            health: state.health,
            forecast: state.forecast,
            compatibility: state.compatibility,
        }
    }
}
