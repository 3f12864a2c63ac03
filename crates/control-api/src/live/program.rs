//! A programme as it runs, and what happens in it.

use futures_util::stream::BoxStream;
use genlock_store::{CameraId, Life, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::take::{Cut, CutStyle, Discontinuity};
use crate::updates::{Cause, CutStage};

/// Whether the programme runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventStatus {
    /// Nothing is on air.
    #[default]
    Waiting,
    /// A camera is on air.
    Live,
    /// Cameras are kept off air for a while.
    Paused,
    /// Over, for ever.
    Ended,
}

/// An event's programme.
#[derive(Debug, Clone, Default)]
pub struct ProgramState {
    /// Whether it runs.
    pub status: EventStatus,
    /// What the creator has decided.
    pub life: Life,
    /// Players that reload its playlists.
    pub viewers: u64,
    /// The camera on air.
    pub active: Option<CameraId>,
    /// When its first picture was due.
    pub on_air_since: Option<Timestamp>,
    /// The cut that is waited for.
    pub pending: Option<Cut>,
    /// The camera that was chosen: by the last take that became a cut, or before any by itself.
    pub intent: Option<CameraId>,
    /// Whose sound is heard: the camera on air, the fixed source or its stand-in. `None` for silence.
    pub heard: Option<CameraId>,
    /// The slate is shown.
    pub slate: bool,
}

/// What happens in a programme, one after the other.
pub type Happenings = BoxStream<'static, Happening>;

/// Something that happened in a programme.
#[derive(Debug, Clone, PartialEq)]
pub enum Happening {
    /// A take went one stage further.
    Cut {
        /// Names the take within the event until the server restarts.
        cut_id: u64,
        /// How far it is.
        stage: CutStage,
        /// The camera that was taken, where that is told.
        camera: Option<CameraId>,
        /// The plan, of a take that was accepted.
        plan: Option<Cut>,
        /// Why not, of a take that could not be made; for people.
        reason: Option<String>,
    },
    /// Another camera is on air.
    Switched {
        /// Who was.
        from: Option<CameraId>,
        /// Who is.
        to: CameraId,
        /// When its first picture is due.
        at: Timestamp,
        /// Who decided.
        cause: Cause,
        /// How it was cut, if something was on air.
        style: Option<CutStyle>,
        /// What it cost in the playlists.
        discontinuity: Discontinuity,
    },
    /// No camera is on air any more.
    OffAir {
        /// Who was.
        from: Option<CameraId>,
        /// The slate is shown.
        slate: bool,
    },
    /// More happened than could be told.
    Missed,
}
