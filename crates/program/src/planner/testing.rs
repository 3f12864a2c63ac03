//! Sync samples for the planner's tests.

use genlock_feed::Position;
use genlock_media::EventTime;

use super::SyncTime;

pub(super) fn ms(millis: i64) -> EventTime {
    EventTime::from_millis(millis)
}

/// Sync samples at these presentation times, each 50 ms late.
pub(super) fn syncs(at_ms: &[i64]) -> Vec<SyncTime> {
    (0..)
        .zip(at_ms)
        .map(|(number, at)| SyncTime {
            position: Position(number),
            pts: ms(*at),
            arrived: ms(*at - 100 + 50),
        })
        .collect()
}
