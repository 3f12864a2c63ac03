//! What a take would be told, without taking.

use genlock_feed::Feed;
use genlock_media::EventTime;

use crate::audio_source::AudioSource;
use crate::cut::sync_times;
use crate::event::{Forecast, ProgramStatus};
use crate::failover::FailoverPolicy;
use crate::planner::{self, ProgramView, TargetView, Terms};
use crate::style::CutStyle;

/// What a take of the camera that publishes into `target` would be told at `now` by the programme that
/// publishes into `output` and whose status is `status`; without a style it has the event's. From the
/// Feeds alone: the programme is not asked, and nothing is planned. `None` while nobody publishes, or no
/// picture has come.
#[must_use]
pub fn forecast(
    now: EventTime,
    output: &Feed,
    target: &Feed,
    style: Option<CutStyle>,
    status: &ProgramStatus,
) -> Option<Forecast> {
    let (program, camera) = (output.status(), target.status());
    if !camera.live || camera.video.is_none() {
        return None;
    }
    let syncs = sync_times(target);
    let program = ProgramView {
        edge: program.newest_video,
        video: program.video.as_deref(),
        audio: program.audio.as_deref(),
    };
    let target = TargetView {
        syncs: &syncs,
        video: camera.video.as_deref(),
        audio: camera.audio.as_deref().filter(|_| status.audio_source == AudioSource::Follow),
    };
    let fresh = FailoverPolicy::default().silence_max;
    let styles = status.policy;
    let terms = Terms { now, fresh, styles };
    Some(planner::plan(&program, &target, style.unwrap_or(styles.style), &terms).forecast)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use genlock_feed::FeedLimits;
    use genlock_media::{Dependency, Timescale};

    use super::*;
    use crate::event::Discontinuity;
    use crate::style::StylePolicy;
    use crate::testing::{sample, video_config};

    fn at(millis: i64) -> EventTime {
        EventTime::from_millis(millis)
    }

    /// A camera at 25 fps with a sync sample each second, up to `until`.
    fn camera(number: u8, until: i64) -> Feed {
        let feed = Feed::new(FeedLimits::default());
        let config = video_config(number);
        let mut writer = feed.open(at(0));
        for frame in (0..until).step_by(40) {
            let pts = at(frame).to_media(Timescale::VIDEO).ticks;
            let mut picture = sample(&config, pts - 9_000, pts);
            let sync = frame % 1_000 == 0;
            picture.dependency = if sync { Dependency::Sync } else { Dependency::Reference };
            writer.push(at(frame), picture).unwrap();
        }
        // The session stays open: a writer that is dropped closes it.
        std::mem::forget(writer);
        feed
    }

    #[test]
    fn the_cadence_tells_the_wait_and_the_configurations_tell_the_cost() {
        let (output, target) = (camera(1, 5_300), camera(2, 5_300));
        let forecast =
            forecast(at(5_300), &output, &target, Some(CutStyle::Clean), &ProgramStatus::default())
                .unwrap();
        assert_eq!(forecast.cut_at, Some(at(6_000)));
        assert_eq!(forecast.wait, Some(Duration::from_millis(700)));
        assert_eq!(forecast.discontinuity, Discontinuity::Parameters);
    }

    #[test]
    fn without_a_style_the_policy_says_which() {
        let (output, target) = (camera(1, 5_300), camera(2, 5_300));
        let style = |policy| {
            let status = ProgramStatus { policy, ..ProgramStatus::default() };
            forecast(at(5_300), &output, &target, None, &status).unwrap().style
        };
        let policy = StylePolicy::default();
        assert_eq!(style(policy), CutStyle::Clean);
        assert_eq!(style(StylePolicy { style: CutStyle::Instant, ..policy }), CutStyle::Instant);
        assert_eq!(
            style(StylePolicy { auto_wait: Duration::from_millis(500), ..policy }),
            CutStyle::Instant
        );
    }

    #[test]
    fn nothing_is_forecast_for_a_camera_that_is_not_live() {
        let output = camera(1, 5_300);
        let idle = Feed::new(FeedLimits::default());
        assert_eq!(forecast(at(5_300), &output, &idle, None, &ProgramStatus::default()), None);
    }
}
