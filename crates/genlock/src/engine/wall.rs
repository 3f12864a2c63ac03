//! Event-clock times as wall times, for people and records.

use std::time::SystemTime;

use genlock_media::EventTime;
use genlock_store::Timestamp;

/// The wall time at the event clock's zero. Fixed when a data folder is first used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WallClock {
    zero_unix_micros: i64,
}

impl WallClock {
    /// A mapping with the event clock's zero `zero_unix_micros` microseconds after 1970.
    pub(crate) const fn new(zero_unix_micros: i64) -> Self {
        Self { zero_unix_micros }
    }

    /// Microseconds from 1970 to the event clock's zero.
    pub(crate) const fn zero_unix_micros(self) -> i64 {
        self.zero_unix_micros
    }

    /// What the event clock shows at `wall`; zero if the wall clock was set to before its zero.
    pub(crate) fn event_time(self, wall: SystemTime) -> EventTime {
        let since = unix_micros(wall).saturating_sub(self.zero_unix_micros);
        EventTime::from_micros(since.max(0))
    }

    /// When the event clock shows `time`.
    pub(crate) fn timestamp(self, time: EventTime) -> Timestamp {
        let micros = self.zero_unix_micros.saturating_add(time.as_micros());
        Timestamp::from_millis(micros.div_euclid(1000))
    }
}

/// Microseconds since 1970; zero before.
pub(crate) fn unix_micros(wall: SystemTime) -> i64 {
    let since = wall.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn event_times_and_wall_times_map_both_ways() {
        let clock = WallClock::new(1_700_000_000_000_000);
        let wall = SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_001_500);
        assert_eq!(clock.event_time(wall), EventTime::from_millis(1500));
        assert_eq!(clock.timestamp(EventTime::from_millis(1500)).as_millis(), 1_700_000_001_500);
    }

    #[test]
    fn a_wall_clock_set_back_does_not_make_the_event_clock_negative() {
        let clock = WallClock::new(1_700_000_000_000_000);
        assert_eq!(clock.event_time(SystemTime::UNIX_EPOCH), EventTime::ZERO);
    }
}
