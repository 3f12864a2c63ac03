//! What the target's sync samples tell of the next one, and what must be held back for it.

use std::time::Duration;

use genlock_media::EventTime;

use super::SyncTime;
use crate::limits::{
    COMPOSITION_SHIFT, HOLD_MARGIN, HOLD_WINDOW, HOLD_WINDOW_MAX, PREDICTION_GOPS, PREDICTION_GUARD,
};

/// What the old camera must be held back for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hold {
    /// No sync sample is expected before this presentation time.
    pub clear_until: Option<EventTime>,
    /// How late the sync sample may be.
    pub window: Duration,
}

impl Hold {
    /// Presentation time up to which the old camera's samples may leave at `now`.
    #[must_use]
    pub fn limit(&self, now: EventTime) -> EventTime {
        let by_age = now + COMPOSITION_SHIFT - self.window;
        self.clear_until.map_or(by_age, |clear| clear.max(by_age))
    }
}

/// What must be held back for the next sync sample after those in `syncs`.
#[must_use]
pub fn hold(syncs: &[SyncTime]) -> Hold {
    let lateness = recent(syncs)
        .iter()
        .map(|sync| (sync.arrived + COMPOSITION_SHIFT).saturating_since(sync.pts))
        .max()
        .unwrap_or_default();
    let clear_until = syncs
        .last()
        .zip(regular_gop(syncs))
        .map(|(newest, gop)| newest.pts + gop - PREDICTION_GUARD);
    Hold { clear_until, window: (lateness + HOLD_MARGIN).clamp(HOLD_WINDOW, HOLD_WINDOW_MAX) }
}

/// The newest sync samples that a prediction looks at.
fn recent(syncs: &[SyncTime]) -> &[SyncTime] {
    let skip = syncs.len().saturating_sub(PREDICTION_GOPS + 1);
    syncs.get(skip..).unwrap_or_default()
}

/// GOP lengths, oldest first.
fn gops(syncs: &[SyncTime]) -> Vec<Duration> {
    recent(syncs)
        .windows(2)
        .filter_map(|pair| match pair {
            [first, second] => Some(second.pts.saturating_since(first.pts)),
            _ => None,
        })
        .filter(|gop| !gop.is_zero())
        .collect()
}

/// Presentation time of the next sync sample after `earliest`: the newest one plus as many GOPs, of
/// their median length, as it takes.
pub(super) fn next_sync(earliest: EventTime, syncs: &[SyncTime]) -> Option<EventTime> {
    let newest = syncs.last()?;
    let mut lengths = gops(syncs);
    lengths.sort_unstable();
    let gop = lengths.get(lengths.len() / 2)?.as_micros();
    let passed = earliest.saturating_since(newest.pts).as_micros() / gop.max(1);
    let ahead = gop.saturating_mul(passed.saturating_add(1));
    Some(newest.pts + Duration::from_micros(u64::try_from(ahead).unwrap_or(u64::MAX)))
}

/// The shortest of the last GOPs, if there are at least two and they are alike.
fn regular_gop(syncs: &[SyncTime]) -> Option<Duration> {
    let lengths = gops(syncs);
    let shortest = *lengths.iter().min()?;
    let longest = *lengths.iter().max()?;
    let regular = lengths.len() >= 2 && longest <= shortest + PREDICTION_GUARD;
    regular.then_some(shortest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planner::testing::{ms, syncs};

    #[test]
    fn holds_from_the_predicted_sync_sample_on() {
        let hold = hold(&syncs(&[5_000, 7_000, 9_000]));
        assert_eq!(hold.clear_until, Some(ms(10_950)));
        assert_eq!(hold.window, HOLD_WINDOW);
        assert_eq!(hold.limit(ms(9_500)), ms(10_950), "before it, all may leave");
        assert_eq!(hold.limit(ms(12_000)), ms(11_800), "after it, what is a window old");
    }

    #[test]
    fn holds_all_along_without_a_cadence() {
        assert_eq!(hold(&syncs(&[5_000, 7_000])).clear_until, None, "one GOP is no cadence");
        assert_eq!(hold(&syncs(&[1_000, 3_000, 3_500])).clear_until, None);
    }

    #[test]
    fn window_grows_with_the_targets_usual_lateness() {
        let mut late = syncs(&[5_000, 7_000, 9_000]);
        late[1].arrived = late[1].pts + Duration::from_millis(400);
        assert_eq!(hold(&late).window, Duration::from_millis(700));
        late[1].arrived = late[1].pts + Duration::from_secs(9);
        assert_eq!(hold(&late).window, HOLD_WINDOW_MAX);
    }
}
