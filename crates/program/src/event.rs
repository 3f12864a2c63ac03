//! What the programme tells: plans, cuts, who is on air.

use std::time::Duration;

use genlock_media::EventTime;

use crate::audio_source::AudioSource;
use crate::camera::CameraId;
use crate::error::CutFailure;
use crate::style::{CutStyle, StylePolicy};

/// Number of a cut within the programme, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CutId(pub u64);

/// Whether a cut needs an `EXT-X-DISCONTINUITY`, told by comparing configuration bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Discontinuity {
    /// Equal bytes: nothing is tagged.
    None,
    /// Other parameters of the same video codec: tagged in the strict dialect only.
    Parameters,
    /// Another video codec or another audio configuration: tagged in every dialect.
    Codec,
}

/// What the time of a planned cut rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The target's sync sample is here already and its time has not been published yet.
    Held,
    /// The target's newest sync sample is here, and its time has been published: it is caught up with.
    Cached,
    /// The target's next sync sample, by the cadence of its last GOPs.
    Cadence,
    /// The target's next sync sample, whenever it comes: it has shown no cadence yet.
    Unknown,
    /// A cut that is already under way is finished first.
    Queued,
}

/// What a plan expects to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forecast {
    /// Presentation time of the new camera's first picture; `None` where nothing can be said.
    pub cut_at: Option<EventTime>,
    /// From the command to `cut_at`.
    pub wait: Option<Duration>,
    /// How the cut is made: never [`CutStyle::Auto`], and what was asked for only where it is possible.
    pub style: CutStyle,
    /// What the cut costs in the playlist.
    pub discontinuity: Discontinuity,
    /// What `cut_at` rests on.
    pub reason: Reason,
}

/// The immediate answer to a take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// Names the cut in later events.
    pub id: CutId,
    /// Who is on air until then.
    pub from: Option<CameraId>,
    /// Who will be.
    pub to: CameraId,
    /// When the command came.
    pub planned_at: EventTime,
    /// What is expected.
    pub forecast: Forecast,
}

/// The answer to an undo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undone {
    /// The take that was withdrawn.
    pub id: CutId,
    /// Where it would have led.
    pub to: CameraId,
    /// Who stays on air, unless an older cut is still under way.
    pub stays: Option<CameraId>,
}

/// Why a camera lost the air.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Loss {
    /// Its publisher went away.
    Closed,
    /// Its publisher is connected, but no picture comes.
    Silent,
    /// It was removed from the event.
    Removed,
}

/// What keeps the programme from acting by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lock {
    /// Somebody asked for it.
    Operator,
    /// It had changed cameras by itself too often.
    Flapping,
}

/// The ledger's entry of a cut: what was planned, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// The take; `None` where the programme acted by itself.
    pub id: Option<CutId>,
    /// Who went on air.
    pub to: CameraId,
    /// When the command came, or the programme decided.
    pub planned_at: EventTime,
    /// The first forecast of `cut_at`.
    pub planned_for: Option<EventTime>,
    /// Presentation time of the new camera's first picture.
    pub cut_at: EventTime,
    /// From `planned_at` until that left.
    pub wait: Duration,
    /// How the cut was made.
    pub style: CutStyle,
    /// What it costs in the playlist.
    pub discontinuity: Discontinuity,
    /// From the end of the old camera's last picture to the new one's first, in microseconds: a gap if
    /// positive, and negative where the last picture is cut short. `None` where nothing was on air.
    pub picture_gap_us: Option<i64>,
    /// By how much the new camera's first access unit was moved onto the audio grid, in microseconds:
    /// later if positive. `None` where silence comes first, or the cut after it came before the sound.
    pub audio_error_us: Option<i64>,
    /// How long the new camera takes until it is back on the event clock. Zero unless instant.
    pub catch_up: Duration,
}

/// Something that happened. Each change of what is on air is told exactly once: as
/// [`Self::CutCommitted`], [`Self::OnAir`], [`Self::OffAir`], [`Self::FailedOver`], [`Self::Reverted`] or
/// [`Self::SlateShown`]. Each accepted take ends exactly once:
/// as [`Self::CutCommitted`], [`Self::CutSuperseded`], [`Self::CutUndone`] or [`Self::CutFailed`].
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProgramEvent {
    /// A take was accepted.
    CutPlanned(Cut),
    /// A take became a cut.
    CutCommitted {
        /// Which.
        id: CutId,
        /// Who was on air.
        from: Option<CameraId>,
        /// Who is.
        to: CameraId,
        /// When the command came.
        planned_at: EventTime,
        /// Presentation time of the new camera's first picture.
        cut_at: EventTime,
        /// From the command until the first sample left.
        wait: Duration,
        /// How the cut was made.
        style: CutStyle,
        /// What the cut costs in the playlist.
        discontinuity: Discontinuity,
    },
    /// Picture and sound are past the seam of a cut, whoever asked for it.
    CutSettled(Settled),
    /// A newer take replaced one that had not been committed.
    CutSuperseded {
        /// Which.
        id: CutId,
    },
    /// A take was withdrawn by an undo.
    CutUndone {
        /// Which.
        id: CutId,
    },
    /// A cut could not be made.
    CutFailed {
        /// Which.
        id: CutId,
        /// Where it should have led.
        to: CameraId,
        /// Why not.
        reason: CutFailure,
    },
    /// A camera went on air by itself while nothing was.
    OnAir {
        /// Which.
        camera: CameraId,
        /// When the programme decided on it.
        decided_at: EventTime,
        /// Presentation time of its first picture.
        at: EventTime,
        /// How the cut was made.
        style: CutStyle,
        /// What the change costs in the playlist.
        discontinuity: Discontinuity,
    },
    /// Nothing is on air any more.
    OffAir {
        /// Who was.
        camera: CameraId,
        /// Why it is not.
        loss: Loss,
    },
    /// The camera on air was lost and the next one by priority took over.
    FailedOver {
        /// Who was on air.
        from: CameraId,
        /// Who is.
        to: CameraId,
        /// Why the first was left.
        loss: Loss,
        /// When the programme decided on it.
        decided_at: EventTime,
        /// Presentation time of the new camera's first picture.
        cut_at: EventTime,
        /// How the cut was made.
        style: CutStyle,
        /// What the change costs in the playlist.
        discontinuity: Discontinuity,
    },
    /// The camera that was chosen is well again and the programme went back to it by itself.
    Reverted {
        /// Who was on air.
        from: CameraId,
        /// Who is: the camera that was chosen.
        to: CameraId,
        /// When the programme decided on it.
        decided_at: EventTime,
        /// Presentation time of its first picture.
        cut_at: EventTime,
        /// How the cut was made.
        style: CutStyle,
        /// What the change costs in the playlist.
        discontinuity: Discontinuity,
    },
    /// No camera was left and the slate is shown. [`Self::OnAir`] or a take ends it.
    SlateShown {
        /// Who was on air, if that has not been told as [`Self::OffAir`].
        from: Option<CameraId>,
        /// When the programme decided on it.
        decided_at: EventTime,
        /// Presentation time of the slate's first picture.
        at: EventTime,
        /// What the change costs in the playlist.
        discontinuity: Discontinuity,
    },
    /// Another source is heard under a fixed audio source: by command, or because the fixed one was lost
    /// or is back. `None` for silence.
    Heard {
        /// Whose sound it is.
        camera: Option<CameraId>,
    },
    /// The programme does nothing by itself any more.
    Locked(Lock),
    /// It does again.
    Unlocked,
}

/// A take that waits for its in-point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingCut {
    /// `None` where the programme acts by itself.
    pub id: Option<CutId>,
    /// Who will be on air.
    pub to: CameraId,
    /// What is expected.
    pub forecast: Forecast,
}

/// The programme at a glance.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProgramStatus {
    /// The camera that was chosen: by the last take that became a cut, or before any by itself. What the
    /// programme does when that camera is lost changes `active` and leaves this. `None` before the first
    /// camera, and after the chosen one was removed.
    pub intent: Option<CameraId>,
    /// Who is on air. `None` before the first camera, and while there is none or the slate is shown.
    pub active: Option<CameraId>,
    /// The slate is shown.
    pub slate: bool,
    /// Presentation time of the first picture of what is on air.
    pub since: Option<EventTime>,
    /// What keeps the programme from acting by itself.
    pub lock: Option<Lock>,
    /// The camera on air is silent or gone and nothing could take over yet.
    pub lost: Option<Loss>,
    /// Where the sound comes from, as it was chosen.
    pub audio_source: AudioSource,
    /// Whose sound is heard: the camera on air, the fixed source or its stand-in. `None` for silence.
    pub heard: Option<CameraId>,
    /// The cut that is waited for.
    pub pending: Option<PendingCut>,
    /// Cuts made since the programme started, whoever asked.
    pub cuts: u64,
    /// The styles of its cuts.
    pub policy: StylePolicy,
}
