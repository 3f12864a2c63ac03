//! What the API needs from the running system.
//!
//! The binary implements [`Live`] on top of ingest, programmes and delivery; tests implement it with a
//! few maps. The API writes to the store first and then tells [`Live`], one change at a time and in the
//! order of the writes, so that the runtime never has to read the store to know what is true.

use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use genlock_store::{
    Camera, CameraId, Event, EventId, Life, PlaybackKeys, ScheduledTake, ScheduledTakeId, Timestamp,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use crate::compatibility::{Compatibility, Difference, Pairing, Track, Verdict};
use crate::time::{rfc3339, rfc3339_option};
pub use crate::updates::{Cause, CutStage};

/// The running system, as the API sees it.
///
/// The synchronous calls are answered from memory and never wait.
#[async_trait]
pub trait Live: Send + Sync + 'static {
    /// The camera's publisher. A camera that is not known yet is waiting.
    fn camera(&self, event: &EventId, camera: &CameraId) -> CameraState;

    /// The event that a camera belongs to, `None` if there is no such camera.
    fn event_of(&self, camera: &CameraId) -> Option<EventId>;

    /// The event's programme. One that is not known yet is waiting.
    fn program(&self, event: &EventId) -> ProgramState;

    /// How well each live camera of the event fits after each other one.
    fn pairings(&self, event: &EventId) -> Vec<Pairing>;

    /// Asks the programme for a cut to `camera` and returns its plan, without waiting for the cut; `None`
    /// if the camera is on air already, so that nothing has to be done. Without a style it has the event's.
    async fn take(
        &self,
        event: &EventId,
        camera: &CameraId,
        style: Option<CutStyle>,
    ) -> Result<Option<Cut>, TakeError>;

    /// Withdraws the newest take of which no viewer can have seen anything.
    async fn undo(&self, event: &EventId) -> Result<Undone, UndoError>;

    /// Takes a scheduled take back that has not begun, and returns it; `None` if there is no such.
    fn cancel_take(&self, event: &EventId, id: &ScheduledTakeId) -> Option<ScheduledTake>;

    /// What happens in the event's programme from now on; `None` if it does not run. Ends with the programme.
    fn happenings(&self, event: &EventId) -> Option<Happenings>;

    /// Follows a change of what is kept. Ends in bounded time: the next change waits for it.
    async fn apply(&self, change: Change);

    /// Disconnects the camera's publisher, and refuses its key for `ban`. Returns whether there was one.
    fn kick(&self, event: &EventId, camera: &CameraId, ban: Duration) -> bool;

    /// A playback token for `grant`; `None` while there are no keys.
    fn sign_playback(&self, grant: &PlaybackGrant) -> Option<String>;

    /// What a playback token of `event` opens now to a viewer at `peer`; `None` for nothing.
    fn opened_by(&self, event: &EventId, token: &str, peer: IpAddr) -> Option<Opened>;

    /// The parts that must work before the server takes traffic, with what is wrong with each.
    fn checks(&self) -> Vec<Check>;

    /// Numbers for `/metrics`.
    fn totals(&self) -> Totals;
}

/// A playback token that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaybackGrant {
    /// The event.
    pub event: EventId,
    /// What of it.
    pub opens: Opened,
    /// Until when.
    pub expires_at: Timestamp,
    /// To whom; `None` for anybody.
    pub address: Option<IpAddr>,
}

/// What a playback token opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opened {
    /// The programme.
    Program,
    /// The programme and every camera.
    Event,
    /// The same, and what was recorded of them.
    Archive,
}

/// A change of what is kept.
#[derive(Debug, Clone)]
pub enum Change {
    /// An event was made.
    EventCreated(Event),
    /// An event's name, policy, life or playback changed.
    EventUpdated(Event),
    /// An event was locked or released.
    LockChanged(Event),
    /// An event is gone, with its cameras: their publishers are to be disconnected.
    EventDeleted(EventId),
    /// A camera was made.
    CameraCreated(Camera),
    /// A camera's name, priority or sync offset changed.
    CameraUpdated(Camera),
    /// A camera has a new key. A publisher that came with the old one may stay; the old key admits nobody.
    KeyRotated(Camera),
    /// A camera is gone: its publisher is to be disconnected.
    CameraDeleted(Camera),
    /// Playback tokens are signed with other keys from now on.
    PlaybackKeys(PlaybackKeys),
    /// A take is to be made at a later time.
    TakeScheduled(ScheduledTake),
}

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
    /// The slate is shown.
    pub slate: bool,
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

/// A part that must work before the server takes traffic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Which.
    pub name: &'static str,
    /// What is wrong with it, `None` if nothing is.
    pub problem: Option<String>,
}

/// Numbers over the whole server. No identity appears in them: `/metrics` is public.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Events whose programme runs.
    pub events_live: u64,
    /// Cameras to which nobody has published yet.
    pub cameras_waiting: u64,
    /// Cameras whose samples are arriving.
    pub cameras_live: u64,
    /// Cameras whose publisher is gone.
    pub cameras_offline: u64,
    /// Bytes received from publishers since the server started.
    pub ingest_bytes: u64,
    /// Cuts made since the server started, whoever asked.
    pub cuts: u64,
    /// Players that reload playlists now, if that is known.
    pub viewers: Option<u64>,
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
