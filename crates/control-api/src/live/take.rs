//! What a take would cost, becomes, and may be refused for.

use genlock_store::{CameraId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::time::rfc3339_option;

/// What a take to a camera would cost now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Forecast {
    /// How a take that names no style would be cut; never `auto`.
    pub style: CutStyle,
    /// Expected wait from the take to the cut, in milliseconds; `null` while the camera shows no cadence.
    pub wait_ms: Option<u32>,
    /// Expected wait of a `clean` cut, in milliseconds: until the camera's next sync sample. `null` while it shows
    /// no cadence.
    #[schema(example = 640)]
    pub clean_wait_ms: Option<u32>,
    /// What the cut would cost in the playlists.
    pub discontinuity: Discontinuity,
    /// What `wait_ms` rests on.
    pub reason: CutReason,
}

/// How a take becomes a cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CutStyle {
    /// The programme chooses: `lookahead` where it runs behind its cameras, else `clean` if the wait is
    /// short, else `instant`.
    Auto,
    /// At the target's next sync sample: no artefact, waits up to one GOP.
    Clean,
    /// At once: the target's GOP that is under way is played faster until it has caught up.
    Instant,
    /// At the target's sync sample nearest to the command, before or after it, in a programme that runs
    /// behind its cameras.
    Lookahead,
}

/// What a cut costs in the playlists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Discontinuity {
    /// Nothing: the cameras have equal parameters.
    None,
    /// A tag in the strict dialect: other parameters of the same video codec.
    Parameters,
    /// A tag in every dialect: another video codec or another audio configuration.
    Codec,
}

/// What the expected time of a cut rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CutReason {
    /// The target's sync sample is here already, and its time has not been published yet.
    Held,
    /// The target's newest sync sample is here and its time has been published: it is caught up with.
    Cached,
    /// The target's next sync sample, by the cadence of its last ones.
    Cadence,
    /// The target's next sync sample, whenever it comes.
    Unknown,
    /// A cut that is already under way is finished first.
    Queued,
}

/// The plan of a take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Cut {
    /// The camera that will be on air.
    #[serde(serialize_with = "camera_id")]
    #[schema(value_type = String, example = "k5x2mhd7qpa3vtye")]
    pub camera_id: CameraId,
    /// How the cut is made: never `auto`, and the style that was asked for only where it is possible.
    pub style: CutStyle,
    /// When the first picture of the new camera is expected on air, `null` where nothing can be said.
    #[serde(serialize_with = "rfc3339_option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub cut_at: Option<Timestamp>,
    /// From the take until then, in milliseconds.
    pub wait_ms: Option<u32>,
    /// What the cut costs in the playlists.
    pub discontinuity: Discontinuity,
    /// What `cut_at` rests on.
    pub reason: CutReason,
}

fn camera_id<S: serde::Serializer>(id: &CameraId, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(id.as_str())
}

/// Why a take was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TakeError {
    /// The programme does not know the camera.
    UnknownCamera,
    /// Nobody publishes to the camera.
    NotLive,
    /// The camera publishes, but no picture has come yet.
    NoVideo,
    /// The server is stopping, or the programme did not answer in time.
    Stopped,
}

/// A take that was withdrawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undone {
    /// The camera that will not go on air.
    pub camera_id: CameraId,
    /// The one that stays on air, or goes on air by an older take.
    pub stays: Option<CameraId>,
}

/// Why no take was withdrawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UndoError {
    /// No take waits.
    NothingToUndo,
    /// The server is stopping, or the programme did not answer in time.
    Stopped,
}
