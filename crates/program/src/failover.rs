//! Failover: when the camera on air counts as lost, and who takes over. Pure decisions; the core carries
//! them out through the same planner as a take.
//!
//! A camera that is late by less than [`FailoverPolicy::silence_max`] needs nothing: its samples keep
//! their times and viewers ride on their buffer. Beyond it, or at once when its publisher disconnects,
//! the next live camera by priority takes over. A camera that comes back is not taken back, unless
//! nothing is on air.

use std::time::Duration;

use genlock_feed::FeedStatus;
use genlock_media::EventTime;

use crate::camera::{Camera, CameraId};
use crate::event::Loss;

/// When a camera counts as lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailoverPolicy {
    /// Longest time without a picture. Default 0.9 s: 0.6 of a hold-back of 1.5 s, which leaves the rest
    /// of it for the takeover.
    pub silence_max: Duration,
    /// A camera that is slower than that by nature is given this many of its own frame intervals.
    /// Default 3.
    pub frame_intervals: u32,
}

impl Default for FailoverPolicy {
    fn default() -> Self {
        Self { silence_max: Duration::from_millis(900), frame_intervals: 3 }
    }
}

impl FailoverPolicy {
    /// Longest time without a picture for a camera with pictures `frame_gap` apart.
    #[must_use]
    pub fn patience(&self, frame_gap: Duration) -> Duration {
        self.silence_max.max(frame_gap.saturating_mul(self.frame_intervals))
    }

    /// Whether a camera whose last picture came at `last_video` is lost at `now`.
    #[must_use]
    pub fn loss(
        &self,
        now: EventTime,
        live: bool,
        last_video: EventTime,
        frame_gap: Duration,
    ) -> Option<Loss> {
        if !live {
            Some(Loss::Closed)
        } else if now.saturating_since(last_video) > self.patience(frame_gap) {
            Some(Loss::Silent)
        } else {
            None
        }
    }

    /// Whether a camera could take over at `now`: its publisher is connected and sends pictures.
    #[must_use]
    pub fn is_ready(&self, now: EventTime, status: &FeedStatus) -> bool {
        let fresh =
            status.last_arrival.is_some_and(|last| now.saturating_since(last) <= self.silence_max);
        status.live && status.video.is_some() && fresh
    }
}

/// The camera that should take over: the first ready one in failover order that is not `leaving`. One
/// that has just failed to deliver (`failed`) is asked last.
pub(crate) fn choose<'a>(
    now: EventTime,
    policy: &FailoverPolicy,
    cameras: impl Iterator<Item = &'a Camera>,
    leaving: Option<&CameraId>,
    failed: Option<&CameraId>,
) -> Option<&'a Camera> {
    let mut last_resort = None;
    for camera in cameras {
        if Some(&camera.id) == leaving || !policy.is_ready(now, &camera.feed.status()) {
            continue;
        }
        if Some(&camera.id) == failed {
            last_resort = Some(camera);
            continue;
        }
        return Some(camera);
    }
    last_resort
}
