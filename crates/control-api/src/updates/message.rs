//! What clients are told, as JSON.

use genlock_store::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::journal::Sequence;
use crate::cameras::CameraView;
use crate::events::EventView;
use crate::live::{CameraStatus, Cut, CutStyle, Discontinuity, EventStatus, Forecast, Health};
use crate::recordings::SourceView;
use crate::socket::TextFrame;
use crate::time::{now, rfc3339, rfc3339_option};

/// A message: what happened, numbered.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Message {
    /// Place in the row of updates. A snapshot has the number of the newest update that it contains, what
    /// follows has the next. Numbers start anew with another `stream`.
    #[schema(example = 42)]
    pub(super) seq: Sequence,
    /// When it was told.
    #[serde(serialize_with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub(super) at: Timestamp,
    #[serde(flatten)]
    pub(super) update: Update,
}

/// What happened.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Update {
    /// Everything as it is: the first message, and again after a client was too slow (`resync`).
    Snapshot(Box<Snapshot>),
    /// A take went one stage further.
    Cut(CutUpdate),
    /// Another camera is on air.
    CameraSwitched(CameraSwitched),
    /// Nothing is on air, or the slate is.
    OffAir(OffAir),
    /// The event was renamed, locked or released, or its policy changed.
    Event {
        /// The event as it is now.
        event: Box<EventView>,
    },
    /// The programme started or stopped.
    EventStatus {
        /// Whether it runs.
        status: EventStatus,
    },
    /// Another camera's sound is heard.
    Heard {
        /// Whose, `null` for silence.
        camera_id: Option<String>,
    },
    /// A camera was made.
    CameraAdded {
        /// The camera.
        camera: Box<CameraView>,
    },
    /// A camera's name, place in the failover order or sync offset changed.
    CameraChanged {
        /// The camera as it is now.
        camera: Box<CameraView>,
    },
    /// A camera was deleted.
    CameraRemoved {
        /// Which.
        camera_id: String,
    },
    /// A camera's publisher came or went.
    CameraStatus {
        /// Which.
        camera_id: String,
        /// Whether it is there.
        status: CameraStatus,
        /// Since when.
        #[serde(serialize_with = "rfc3339_option")]
        #[schema(value_type = Option<String>, format = DateTime)]
        since: Option<Timestamp>,
    },
    /// What a camera sends has changed; at most once a second for each.
    Health {
        /// Which.
        camera_id: String,
        /// What it sends.
        health: Option<Box<Health>>,
    },
    /// How many players follow has changed; at most once a second.
    Viewers(Viewers),
    /// Another camera is in preview, as whoever switches says: what tally pages show in green.
    Preview {
        /// Which, `null` for none.
        camera_id: Option<String>,
    },
    /// What becomes of the recording of a camera or of the programme has changed.
    Recording(SourceView),
    /// What a take of each live camera would cost now; twice a second while that changes.
    Forecast {
        /// The live cameras.
        cameras: Vec<CameraForecast>,
    },
}

/// An event with its cameras.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Snapshot {
    /// Names the row of updates. To go on after a break, come back with this and the last `seq`.
    #[schema(example = "k5x2mhd7qpa3vtye")]
    pub(super) stream: String,
    /// The client was too slow, or came back too late: updates are missing before this.
    pub(super) resync: bool,
    /// The event.
    pub(super) event: EventView,
    /// Its cameras in failover order.
    pub(super) cameras: Vec<CameraView>,
    /// The cut that is waited for.
    pub(super) pending: Option<Cut>,
    /// What becomes of the recordings of its cameras and its programme, as far as they are to be recorded.
    pub(super) recordings: Vec<SourceView>,
}

/// How many players follow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Viewers {
    /// The programme.
    #[schema(example = 120)]
    pub(super) program: u64,
    /// Each camera alone.
    pub(super) cameras: Vec<CameraViewers>,
}

/// How many players follow a camera alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct CameraViewers {
    /// Which.
    #[schema(example = "k5x2mhd7qpa3vtye")]
    pub(super) camera_id: String,
    /// How many.
    #[schema(example = 3)]
    pub(super) viewers: u64,
}

/// A stage of a take.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CutUpdate {
    /// Names the take within the event until the server restarts.
    pub(super) cut_id: u64,
    /// How far it is.
    pub(super) stage: CutStage,
    /// The camera that was taken.
    pub(super) camera_id: Option<String>,
    /// The plan; with `accepted` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) plan: Option<Cut>,
    /// Why not; with `failed` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
}

/// How far a take is. Each accepted take ends as `committed`, then perhaps `published`, or as one of the last three.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CutStage {
    /// It waits for its moment.
    Accepted,
    /// The first picture of the new camera has left for the packager.
    Committed,
    /// The playlist lists it. Not told where nobody watches.
    Published,
    /// A newer take has replaced it.
    Superseded,
    /// It was withdrawn.
    Undone,
    /// It could not be made.
    Failed,
}

/// Another camera is on air.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CameraSwitched {
    /// The camera on air.
    pub(super) camera_id: String,
    /// Its name.
    pub(super) camera_name: String,
    /// Its own multivariant playlist.
    pub(super) hls_url: String,
    /// The camera that was on air.
    pub(super) from_camera_id: Option<String>,
    /// When its first picture is due.
    #[serde(serialize_with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub(super) switched_at: Timestamp,
    /// Who decided.
    pub(super) cause: Cause,
    /// How it was cut; `null` where nothing was on air.
    pub(super) style: Option<CutStyle>,
    /// What it cost in the playlists.
    pub(super) discontinuity: Discontinuity,
}

/// Why another camera is on air.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A take.
    Take,
    /// Nothing was on air and a camera came.
    FirstLive,
    /// The camera before was lost.
    Failover,
    /// The chosen camera is well again.
    Revert,
}

/// Nothing is on air, or the slate is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OffAir {
    /// The camera that was.
    pub(super) from_camera_id: Option<String>,
    /// The slate is shown. Without it the programme has a gap.
    pub(super) slate: bool,
}

/// What a take would cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct CameraForecast {
    /// Of which camera.
    pub(super) camera_id: String,
    /// What it would cost.
    #[serde(flatten)]
    pub(super) forecast: Forecast,
}

/// `camera_switched` as the NGINX-RTMP plan has it.
#[derive(Debug, Serialize)]
struct CompatibleSwitch<'a> {
    event: &'static str,
    camera_id: &'a str,
    camera_name: &'a str,
    hls_url: &'a str,
}

impl Update {
    /// The message as it is sent.
    pub(super) fn render(self, seq: Sequence) -> TextFrame {
        json(&Message { seq, at: now(), update: self })
    }

    /// Whether viewers' playlists have a cut now.
    pub(super) const fn tells_published(&self) -> bool {
        matches!(self, Self::Cut(CutUpdate { stage: CutStage::Published, .. }))
    }

    /// What clients of the NGINX-RTMP plan are told of it.
    pub(super) fn render_compatible(&self) -> Option<TextFrame> {
        let Self::CameraSwitched(switched) = self else { return None };
        Some(json(&CompatibleSwitch {
            event: "camera_switched",
            camera_id: &switched.camera_id,
            camera_name: &switched.camera_name,
            hls_url: &switched.hls_url,
        }))
    }
}

fn json(message: &impl Serialize) -> TextFrame {
    let text = serde_json::to_string(message);
    // Strings, numbers and maps with string keys: nothing that JSON cannot hold.
    TextFrame::of(&text.expect("messages are made of JSON's own types"))
}
