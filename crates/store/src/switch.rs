//! The switch log: what went on air, when, why, and what it cost; and what was asked for in vain.

use serde::{Deserialize, Serialize};

use crate::id::{CameraId, EventId, ScheduledTakeId};
use crate::time::Timestamp;
use crate::unknown::UnknownFields;

/// One cut of a programme, or one that came to nothing; written when it is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwitchRecord {
    /// The event whose programme was cut.
    pub event: EventId,
    /// The camera that was on air, `None` if there was none.
    pub from: Option<CameraId>,
    /// The camera that is on air since, or should have been; `None` for the slate. May have been deleted later.
    pub to: Option<CameraId>,
    /// When the take was asked for, or decided by the programme itself.
    pub requested_at: Timestamp,
    /// When the first picture of the new camera was due; `None` unless the cut was made.
    pub switched_at: Option<Timestamp>,
    /// How it was cut, or was to be cut.
    pub style: SwitchStyle,
    /// From the request to the cut, or to its end without one, in milliseconds.
    pub wait_ms: u32,
    /// What the cut cost in the playlists.
    pub discontinuity: Discontinuity,
    /// Who asked for it.
    pub reason: SwitchReason,
    /// The scheduled take that it was.
    #[serde(default)]
    pub scheduled: Option<ScheduledTakeId>,
    /// What became of it. Entries of builds that wrote only cuts have none, and are cuts.
    #[serde(default)]
    pub outcome: SwitchOutcome,
    /// What the cut did to the programme's timeline, as far as it is known.
    #[serde(default)]
    pub ledger: Ledger,
    /// What else the document has.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

/// How a programme is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SwitchStyle {
    /// `clean` where the wait is short, else `instant`. A wish, never how a cut was made.
    Auto,
    /// At the target's next sync sample.
    Clean,
    /// At once, from the target's newest sync sample, whose GOP is played faster until it has caught up.
    Instant,
    /// At the target's sync sample nearest to the command, in a programme that runs behind its cameras.
    Lookahead,
}

/// What a cut cost in the playlists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Discontinuity {
    /// Nothing: the cameras have equal parameters.
    None,
    /// A tag in the strict dialect: other parameters of the same video codec.
    Parameters,
    /// A tag in every dialect: another video codec or another audio configuration.
    Codec,
}

/// Who asked for a cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SwitchReason {
    /// A human or a program, by a take.
    Take,
    /// The same, by a take that was scheduled.
    Scheduled,
    /// The programme, because nothing was on air and a camera came.
    FirstLive,
    /// The programme, because the camera on air was lost.
    Failover,
    /// The programme, because the camera that was chosen had been well again for long enough.
    Revert,
    /// The programme, because no camera was left: it shows the slate.
    NobodyLeft,
}

/// What became of a take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SwitchOutcome {
    /// The camera went on air.
    #[default]
    Cut,
    /// Withdrawn before viewers saw anything of it.
    Withdrawn,
    /// A newer take came before it.
    Superseded,
    /// The camera sent no usable sync sample in time.
    NoSyncSample,
    /// The camera stopped publishing before the cut.
    CameraGone,
    /// The camera was removed before the cut.
    CameraRemoved,
    /// The programme was stopped before the cut.
    Stopped,
    /// Not needed: the camera was on air already.
    AlreadyOnAir,
    /// Missed: the camera was not live at that time.
    CameraNotLive,
    /// Missed: the event did not have the camera any more.
    CameraUnknown,
    /// Missed: the programme was locked at that time.
    Locked,
    /// Missed: its time had passed, because the server was down or the clock was set forward.
    Late,
    /// Missed: the programme did not answer.
    NoAnswer,
}

/// What a cut did to the programme's timeline. What is not known, or not known yet, is `None`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ledger {
    /// When the first picture of the new camera was to be due, by the plan.
    pub planned_at: Option<Timestamp>,
    /// When the first sample of the new camera left.
    pub committed_at: Option<Timestamp>,
    /// When the playlist listed the first part with a picture of the new camera.
    pub published_at: Option<Timestamp>,
    /// Microseconds from the end of the old camera's last picture to the new one's first: a gap above zero,
    /// an overlap below.
    pub video_gap_us: Option<i64>,
    /// How far the new camera's sound was moved to stay on the running grid, in microseconds.
    pub audio_error_us: Option<i64>,
    /// How long the new camera was played faster, in milliseconds.
    pub catch_up_ms: Option<u32>,
}

/// Place of an entry in the log. Grows over all events of a store and is never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SwitchSeq(pub u64);

/// An entry of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedSwitch {
    /// Its place.
    pub seq: SwitchSeq,
    /// What happened.
    pub record: SwitchRecord,
}

/// Which entries of the log are wanted, newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SwitchPage {
    /// Only entries older than this one.
    pub before: Option<SwitchSeq>,
    /// How many at most; cut to [`SWITCH_PAGE_MAX`](crate::limits::SWITCH_PAGE_MAX).
    pub limit: u16,
}
