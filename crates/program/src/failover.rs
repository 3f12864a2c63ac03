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

#[cfg(test)]
mod tests {
    use genlock_feed::{Feed, FeedLimits, FeedWriter};

    use super::*;
    use crate::camera::Priority;
    use crate::testing::{sample, video_config};

    const NOW: EventTime = EventTime::from_millis(10_000);

    /// A camera whose newest picture came `age_ms` ago.
    fn camera(name: &str, age_ms: u64) -> (Camera, FeedWriter) {
        let feed = Feed::new(FeedLimits::default());
        let mut writer = feed.open(EventTime::ZERO);
        let picture = sample(&video_config(1), 0, 9_000);
        writer.push(NOW - Duration::from_millis(age_ms), picture).unwrap();
        (Camera { id: name.into(), feed, priority: Priority(0) }, writer)
    }

    fn chosen(cameras: &[&Camera], leaving: Option<&str>, failed: Option<&str>) -> Option<String> {
        let (leaving, failed) = (leaving.map(CameraId::from), failed.map(CameraId::from));
        let policy = FailoverPolicy::default();
        let cameras = cameras.iter().copied();
        choose(NOW, &policy, cameras, leaving.as_ref(), failed.as_ref())
            .map(|camera| camera.id.as_str().to_owned())
    }

    #[test]
    fn first_ready_camera_takes_over() {
        let (a, _a) = camera("a", 0);
        let (stale, _stale) = camera("stale", 1_000);
        let (gone, writer) = camera("gone", 0);
        writer.close(NOW);
        let (b, _b) = camera("b", 500);
        let all = [&a, &stale, &gone, &b];
        assert_eq!(chosen(&all, None, None).as_deref(), Some("a"));
        assert_eq!(chosen(&all, Some("a"), None).as_deref(), Some("b"));
        assert_eq!(chosen(&all, None, Some("a")).as_deref(), Some("b"), "a failed just now");
        assert_eq!(chosen(&[&a, &gone], None, Some("a")).as_deref(), Some("a"), "no other is left");
        assert_eq!(chosen(&[&a], Some("a"), None), None);
    }

    #[test]
    fn a_camera_without_pictures_is_never_chosen() {
        let feed = Feed::new(FeedLimits::default());
        let _writer = feed.open(NOW);
        let silent = Camera { id: "silent".into(), feed, priority: Priority(0) };
        assert_eq!(chosen(&[&silent], None, None), None);
    }

    #[test]
    fn patience_is_the_silence_or_a_few_frames_of_a_slow_camera() {
        let policy = FailoverPolicy::default();
        let loss = |age_ms, gap_ms| {
            let last = NOW - Duration::from_millis(age_ms);
            policy.loss(NOW, true, last, Duration::from_millis(gap_ms))
        };
        assert_eq!(loss(900, 33), None);
        assert_eq!(loss(901, 33), Some(Loss::Silent));
        assert_eq!(loss(2_999, 1_000), None);
        assert_eq!(loss(3_001, 1_000), Some(Loss::Silent));
        assert_eq!(policy.loss(NOW, false, NOW, Duration::ZERO), Some(Loss::Closed));
    }
}
