//! What automation remembers of the past.

use std::collections::VecDeque;

use genlock_feed::{Epoch, FeedStatus};
use genlock_media::EventTime;

use super::{FailoverPolicy, FlapLimit};

/// Since when a camera has sent pictures without a pause, told from looks at its Feed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Health {
    well_since: Option<EventTime>,
    epoch: Epoch,
    newest: Option<EventTime>,
}

impl Health {
    pub(crate) const fn well_since(&self) -> Option<EventTime> {
        self.well_since
    }

    /// Notes a look. A pause above the policy's silence, or a new publish session, starts anew.
    pub(crate) fn note(&mut self, now: EventTime, policy: &FailoverPolicy, status: &FeedStatus) {
        let pause = match (self.newest, status.video_arrival) {
            (Some(before), Some(newest)) => newest.saturating_since(before) > policy.silence_max,
            _ => true,
        };
        if !policy.is_ready(now, status) {
            self.well_since = None;
        } else if pause || self.epoch != status.epoch {
            self.well_since = status.video_arrival;
        } else {
            self.well_since = self.well_since.or(status.video_arrival);
        }
        self.epoch = status.epoch;
        self.newest = status.video_arrival;
    }
}

/// The changes that the programme made by itself of late.
#[derive(Debug, Clone, Default)]
pub(crate) struct Flaps(VecDeque<EventTime>);

impl Flaps {
    /// Notes a change. Returns whether it is one too many; the count starts anew then.
    pub(crate) fn note(&mut self, now: EventTime, limit: Option<FlapLimit>) -> bool {
        let Some(limit) = limit else {
            self.0.clear();
            return false;
        };
        self.0.push_back(now);
        while self.0.front().is_some_and(|at| now.saturating_since(*at) > limit.window) {
            self.0.pop_front();
        }
        let too_many = self.0.len() >= usize::try_from(limit.changes).unwrap_or(usize::MAX);
        if too_many {
            self.0.clear();
        }
        too_many
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use genlock_feed::{Feed, FeedLimits, FeedWriter};

    use super::*;
    use crate::testing::{sample, video_config};

    const NOW: EventTime = EventTime::from_millis(100_000);

    fn ago(millis: u64) -> EventTime {
        NOW - Duration::from_millis(millis)
    }

    #[test]
    fn a_pause_or_another_session_starts_health_anew() {
        let policy = FailoverPolicy::default();
        let feed = Feed::new(FeedLimits::default());
        let mut writer = feed.open(EventTime::ZERO);
        let mut health = Health::default();
        let mut look = |writer: &mut FeedWriter, ms| {
            writer.push(ago(ms), sample(&video_config(1), 0, 9_000)).unwrap();
            health.note(ago(ms), &policy, &feed.status());
            health.well_since()
        };
        assert_eq!(look(&mut writer, 9_000), Some(ago(9_000)));
        assert_eq!(look(&mut writer, 8_100), Some(ago(9_000)));
        assert_eq!(look(&mut writer, 7_199), Some(ago(7_199)), "901 ms without a picture");
        let mut writer = feed.open(ago(7_000));
        assert_eq!(look(&mut writer, 6_900), Some(ago(6_900)), "another session");
        writer.close(ago(6_800));
        health.note(ago(6_800), &policy, &feed.status());
        assert_eq!(health.well_since(), None);
    }

    #[test]
    fn one_change_too_many_within_the_window_is_a_flap() {
        let limit = Some(FlapLimit { changes: 3, window: Duration::from_secs(10) });
        let mut flaps = Flaps::default();
        let notes = [30_000, 26_000, 19_000, 15_000, 14_000].map(|ms| flaps.note(ago(ms), limit));
        assert_eq!(notes, [false, false, false, false, true]);
        assert!(!flaps.note(ago(13_000), limit), "counted anew");
        assert!(![2, 1, 0].map(|ms| flaps.note(ago(ms), None)).contains(&true));
    }
}
