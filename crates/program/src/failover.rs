//! Failover: what the programme does by itself, and when. Pure decisions; the core carries them out
//! through the same planner as a take.
//!
//! A camera that is late by less than [`FailoverPolicy::silence_max`] needs nothing: its samples keep
//! their times and viewers ride on their buffer. Beyond it, or when its publisher disconnects:
//!
//! ```text
//!            lost          a camera is ready
//!   camera ───────▶ lost ────────────────────▶ next camera by priority
//!     ▲              │ nobody left: the picture stands, the playlist shows a gap
//!     │              ▼ slate_after
//!     └─────────── slate          any camera's next sync sample ends it
//! ```
//!
//! Three things keep this from running wild: a camera that has just come on air stays
//! [`on_air_min`](FailoverPolicy::on_air_min); too many changes in a short time
//! [lock](crate::Lock::Flapping) the programme; a camera that comes back is taken back only by
//! [`Revert::After`], after it has been well for a while. A lock stops everything here, the slate too,
//! until it is released; takes by hand go on.

mod memory;

use std::time::Duration;

use genlock_feed::FeedStatus;
use genlock_media::EventTime;

use crate::camera::{Camera, CameraId};
use crate::event::Loss;

pub(crate) use memory::{Flaps, Health};

/// What the programme may do by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailoverPolicy {
    /// Longest time without a picture. Default 0.9 s: 0.6 of a hold-back of 1.5 s, which leaves the rest
    /// of it for the takeover.
    pub silence_max: Duration,
    /// A camera that is slower than that by nature is given this many of its own frame intervals.
    /// Default 3.
    pub frame_intervals: u32,
    /// How long a lost camera may still come back before another takes over. Default 0: viewers have
    /// no time to spare. A removed camera has none.
    pub grace: Duration,
    /// How long a camera stays on air at least before the programme leaves it by itself. Default 1 s:
    /// within the hold-back of 1.5 s, so that waiting for it costs viewers nothing. A removed camera is
    /// left at once.
    pub on_air_min: Duration,
    /// How many changes the programme may make by itself. `None` for no limit. Default 10 in 60 s.
    pub flaps: Option<FlapLimit>,
    /// Whether the camera that was chosen is taken back once it is well again. Default not.
    pub revert: Revert,
    /// How long the picture stands without a camera before the slate is shown. Default 3 s.
    pub slate_after: Duration,
}

/// How many changes the programme may make by itself before it is locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlapLimit {
    /// The change with this number, within the window, locks. At least 1.
    pub changes: u32,
    /// How long a change counts.
    pub window: Duration,
}

/// What happens when the camera that was chosen comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Revert {
    /// Nothing: the camera that took over stays on air.
    #[default]
    Stay,
    /// It goes on air again once it has sent pictures without a pause for this long.
    After(Duration),
}

impl Default for FailoverPolicy {
    fn default() -> Self {
        Self {
            silence_max: Duration::from_millis(900),
            frame_intervals: 3,
            grace: Duration::ZERO,
            on_air_min: Duration::from_secs(1),
            flaps: Some(FlapLimit { changes: 10, window: Duration::from_secs(60) }),
            revert: Revert::Stay,
            slate_after: Duration::from_secs(3),
        }
    }
}

impl FailoverPolicy {
    /// Longest time without a picture for a camera with pictures `frame_gap` apart.
    #[must_use]
    pub fn patience(&self, frame_gap: Duration) -> Duration {
        self.silence_max.max(frame_gap.saturating_mul(self.frame_intervals))
    }

    /// Whether a camera could take over at `now`: its publisher is connected and sends pictures.
    #[must_use]
    pub fn is_ready(&self, now: EventTime, status: &FeedStatus) -> bool {
        let fresh =
            status.video_arrival.is_some_and(|last| now.saturating_since(last) <= self.silence_max);
        status.live && fresh
    }
}

/// A camera that is on air and lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lost {
    pub(crate) why: Loss,
    /// When it came to count as lost.
    pub(crate) since: EventTime,
}

/// Why the programme acts by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// No camera was on air.
    NothingOnAir,
    /// The camera on air was lost.
    Lost(Loss),
    /// The camera that was chosen is well again.
    Reverted,
    /// No camera is left.
    NobodyLeft,
}

/// What is on air.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Actual<'a> {
    /// Nothing; since when, if anything ever was.
    Nothing { since: Option<EventTime> },
    /// The slate. It is outdated once another one was set.
    Slate { outdated: bool },
    /// A camera.
    Camera { id: &'a CameraId, since: EventTime, lost: Option<Lost> },
}

/// What a decision rests on, besides the policy and the cameras.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Situation<'a> {
    pub(crate) now: EventTime,
    pub(crate) actual: Actual<'a>,
    pub(crate) locked: bool,
    /// The camera that was chosen.
    pub(crate) intent: Option<&'a CameraId>,
    /// It was chosen before a restart, and has not been on air since.
    pub(crate) intent_owed: bool,
    /// Since when it has sent pictures without a pause.
    pub(crate) intent_well_since: Option<EventTime>,
    /// The camera that failed to deliver at the last automatic attempt.
    pub(crate) failed: Option<&'a CameraId>,
    /// A cut that the programme makes by itself waits for a camera.
    pub(crate) waiting: bool,
    /// The slate is to be shown, and its first picture is waited for.
    pub(crate) slate_coming: bool,
    /// There is a slate to show.
    pub(crate) slate: bool,
}

/// What to do now.
#[derive(Debug, Clone)]
pub(crate) enum Decision {
    /// Nothing; what the programme began by itself is taken back.
    Stay,
    /// Go on air with this camera, or go on waiting for one.
    Take(Camera, Cause),
    /// Show the slate.
    ShowSlate,
    /// Nobody can take over: nothing is on air any more.
    GoDark(Loss),
    /// Nothing, and what was begun goes on.
    Wait,
}

/// What the programme should do by itself in `situation`.
pub(crate) fn decide<'a>(
    policy: &FailoverPolicy,
    situation: &Situation<'_>,
    cameras: impl Iterator<Item = &'a Camera>,
) -> Decision {
    match situation.actual {
        Actual::Camera { lost: Some(Lost { why: Loss::Removed, .. }), .. } if situation.locked => {
            Decision::GoDark(Loss::Removed)
        }
        _ if situation.locked => Decision::Stay,
        Actual::Camera { id, since, lost: None } => revert(policy, situation, id, since, cameras),
        Actual::Camera { since, lost: Some(lost), .. } => {
            if situation.now < leaves_at(policy, since, lost) {
                return Decision::Stay;
            }
            recover(policy, situation, Cause::Lost(lost.why), Some(lost.since), cameras)
        }
        Actual::Slate { outdated: true } if situation.slate => Decision::ShowSlate,
        Actual::Slate { .. } => recover(policy, situation, Cause::NothingOnAir, None, cameras),
        Actual::Nothing { since } => {
            recover(policy, situation, Cause::NothingOnAir, since, cameras)
        }
    }
}

/// When the next decision may differ although nothing arrives.
pub(crate) fn next_look(policy: &FailoverPolicy, situation: &Situation<'_>) -> Option<EventTime> {
    let slate_at = |since: EventTime| situation.slate.then(|| since + policy.slate_after);
    let looks = match situation.actual {
        _ if situation.locked => [None, None],
        Actual::Camera { since, lost: Some(lost), .. } => {
            [Some(leaves_at(policy, since, lost)), slate_at(lost.since)]
        }
        Actual::Camera { since, lost: None, .. } => [reverts_at(policy, situation, since), None],
        Actual::Nothing { since } => [since.and_then(slate_at), None],
        Actual::Slate { .. } => [None, None],
    };
    looks.into_iter().flatten().filter(|at| *at > situation.now).min()
}

/// When a lost camera may be left.
fn leaves_at(policy: &FailoverPolicy, since: EventTime, lost: Lost) -> EventTime {
    match lost.why {
        Loss::Removed => lost.since,
        Loss::Closed | Loss::Silent => (lost.since + policy.grace).max(since + policy.on_air_min),
    }
}

/// When the camera on air `since` may be left for the one that was chosen. One that is owed has not been
/// left for the camera on air, which merely came first, so a policy to stay does not speak of it.
fn reverts_at(
    policy: &FailoverPolicy,
    situation: &Situation<'_>,
    since: EventTime,
) -> Option<EventTime> {
    let well = match policy.revert {
        Revert::After(well) => well,
        Revert::Stay if situation.intent_owed => Duration::ZERO,
        Revert::Stay => return None,
    };
    let well_since = situation.intent_well_since?;
    Some((well_since + well).max(since + policy.on_air_min))
}

fn revert<'a>(
    policy: &FailoverPolicy,
    situation: &Situation<'_>,
    on_air: &CameraId,
    since: EventTime,
    mut cameras: impl Iterator<Item = &'a Camera>,
) -> Decision {
    let Some(intent) = situation.intent.filter(|intent| *intent != on_air) else {
        return Decision::Stay;
    };
    let Some(at) = reverts_at(policy, situation, since) else { return Decision::Stay };
    if situation.now < at {
        return Decision::Wait;
    }
    let camera = cameras.find(|camera| camera.id == *intent);
    camera.map_or(Decision::Stay, |camera| Decision::Take(camera.clone(), Cause::Reverted))
}

/// The next camera, or the slate when there is none, or when the wait for one has become long.
fn recover<'a>(
    policy: &FailoverPolicy,
    situation: &Situation<'_>,
    cause: Cause,
    dark_since: Option<EventTime>,
    cameras: impl Iterator<Item = &'a Camera>,
) -> Decision {
    let now = situation.now;
    let slate_due =
        situation.slate && dark_since.is_some_and(|since| now >= since + policy.slate_after);
    let (leaving, why) = match (situation.actual, cause) {
        (Actual::Camera { id, .. }, Cause::Lost(why)) => (Some(id), Some(why)),
        _ => (None, None),
    };
    let owed = situation.intent.filter(|_| situation.intent_owed);
    let next = choose(now, policy, cameras, Exceptions { leaving, failed: situation.failed, owed });
    // A camera that gave way to the slate must not take its place before it is shown: each would give way to the other.
    let not_yet = situation.waiting || situation.slate_coming;
    let doubtful = |camera: &Camera| not_yet || Some(&camera.id) == situation.failed;
    match (next, why) {
        (Some(camera), _) if !(slate_due && doubtful(camera)) => {
            Decision::Take(camera.clone(), cause)
        }
        _ if slate_due => Decision::ShowSlate,
        (_, Some(why @ (Loss::Closed | Loss::Removed))) if !situation.waiting => {
            Decision::GoDark(why)
        }
        _ => Decision::Wait,
    }
}

/// Cameras to which the failover order does not apply.
#[derive(Debug, Clone, Copy, Default)]
struct Exceptions<'a> {
    /// Never asked.
    leaving: Option<&'a CameraId>,
    /// It has just failed to deliver, and is asked last.
    failed: Option<&'a CameraId>,
    /// It is asked first.
    owed: Option<&'a CameraId>,
}

/// The camera that should take over: the first ready one in failover order.
fn choose<'a>(
    now: EventTime,
    policy: &FailoverPolicy,
    cameras: impl Iterator<Item = &'a Camera>,
    but: Exceptions<'_>,
) -> Option<&'a Camera> {
    let ready = cameras.filter(|camera| {
        Some(&camera.id) != but.leaving && policy.is_ready(now, &camera.feed.status())
    });
    ready.min_by_key(|camera| {
        let id = Some(&camera.id);
        // Of equals the first is the least.
        if id == but.failed { 2 } else { u8::from(id != but.owed) }
    })
}

#[cfg(test)]
mod tests;
