//! `/api/events/{event}/compatibility`: what a cut between any two cameras would be, and why.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use genlock_store::CameraId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::events;
use crate::live::{Discontinuity, Severity};
use crate::paths::EventPath;
use crate::problem::Problem;
use crate::state::Shared;

/// What a cut would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// No player notices: no dialect has a tag.
    Seamless,
    /// The pictures' parameters or codec change: players that are told may blink.
    Discontinuity,
    /// The sound's configuration changes, whatever the pictures do: all players start their decoders anew.
    AudioChange,
    /// A take is refused.
    NotPossible,
}

/// A track of a camera.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Track {
    /// The pictures.
    Video,
    /// The sound.
    Audio,
}

/// How well a camera fits the programme, or another camera.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Compatibility {
    /// What a cut would be.
    pub verdict: Verdict,
    /// Why it is not possible, for people; `null` if it is.
    pub obstacle: Option<&'static str>,
    /// What it costs in the playlists, as a forecast says it.
    pub discontinuity: Discontinuity,
    /// What differs, field by field.
    pub differences: Vec<Difference>,
    /// Tracks that the MPEG-TS flavour does not carry: it is H.264 with AAC.
    pub lost_in_ts: Vec<Track>,
}

/// A field in which a camera differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Difference {
    /// Which.
    #[schema(value_type = String, example = "sample_rate")]
    pub field: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// What this alone makes a cut cost.
    pub cost: Discontinuity,
    /// What the camera would have to send.
    #[schema(example = "48 kHz")]
    pub expected: String,
    /// What it sends.
    #[schema(example = "44.1 kHz")]
    pub got: String,
    /// What it means for viewers, in a sentence.
    pub meaning: &'static str,
    /// The setting of its encoder to change, in OBS's words.
    #[schema(example = "Settings > Audio > Sample Rate: 48 kHz")]
    pub setting: String,
}

/// A cut from one camera to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pairing {
    /// The camera on air.
    pub from: CameraId,
    /// The camera that is taken.
    pub to: CameraId,
    /// How well it fits.
    pub compatibility: Compatibility,
}

/// What cuts between the cameras of an event would be.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CompatibilityMatrix {
    /// Each camera against the programme as it is now, in failover order.
    program: Vec<CameraFit>,
    /// Each ordered pair of live cameras, in failover order of the first, then of the second.
    pairs: Vec<PairFit>,
}

/// A camera against the programme.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CameraFit {
    /// The camera.
    #[schema(example = "k5x2mhd7qpa3vtye")]
    camera_id: String,
    /// Its name.
    #[schema(example = "Altar")]
    name: String,
    /// How well it fits, `null` if the running system does not know the camera.
    compatibility: Option<Compatibility>,
}

/// A cut from one camera to another.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PairFit {
    /// The camera on air.
    #[schema(example = "mhd7qpa3vtyek5x2")]
    from_camera_id: String,
    /// The camera that is taken.
    #[schema(example = "k5x2mhd7qpa3vtye")]
    to_camera_id: String,
    /// How well it fits.
    compatibility: Compatibility,
}

/// Read what cuts between the cameras would be
#[utoipa::path(
    get, path = "/api/events/{event}/compatibility", tag = "cameras",
    operation_id = "compatibility",
    params(EventPath),
    responses((
        status = 200, description = "every camera against the programme and every other camera",
        body = CompatibilityMatrix
    ))
)]
pub(crate) async fn matrix(
    State(shared): State<Arc<Shared>>,
    EventPath(event): EventPath,
) -> Result<Json<CompatibilityMatrix>, Problem> {
    events::find(&shared, &event).await?;
    let cameras = shared.store.cameras(&event).await?;
    let place = |id: &CameraId| cameras.iter().position(|camera| camera.id == *id);
    let mut pairings = shared.live.pairings(&event);
    pairings.sort_by_key(|pair| (place(&pair.from), place(&pair.to)));
    let pairs = pairings.into_iter().map(PairFit::from).collect();
    let fit = |camera: &genlock_store::Camera| CameraFit {
        camera_id: camera.id.to_string(),
        name: camera.name.to_string(),
        compatibility: shared.live.camera(&event, &camera.id).compatibility,
    };
    Ok(Json(CompatibilityMatrix { program: cameras.iter().map(fit).collect(), pairs }))
}

impl From<Pairing> for PairFit {
    fn from(pair: Pairing) -> Self {
        Self {
            from_camera_id: pair.from.into(),
            to_camera_id: pair.to.into(),
            compatibility: pair.compatibility,
        }
    }
}
