//! What the API needs from the running system.
//!
//! The binary implements [`Live`] on top of ingest, programmes and delivery; tests implement it with a
//! few maps. The API writes to the store first and then tells [`Live`], one change at a time and in the
//! order of the writes, so that the runtime never has to read the store to know what is true.

mod camera;
mod program;
mod take;

use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use genlock_store::{
    Camera, CameraId, Event, EventId, PlaybackKeys, ScheduledTake, ScheduledTakeId, Timestamp,
};

pub use self::camera::{
    AudioHealth, CameraState, CameraStatus, Health, Issue, Severity, VideoHealth,
};
pub use self::program::{EventStatus, Happening, Happenings, ProgramState};
pub use self::take::{
    Cut, CutReason, CutStyle, Discontinuity, Forecast, TakeError, UndoError, Undone,
};
pub use crate::compatibility::{Compatibility, Difference, Pairing, Track, Verdict};
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
