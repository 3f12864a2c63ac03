//! The event clock tied to the machine's monotonic clock.

use std::time::{Duration, Instant};

use genlock_media::EventTime;

/// Tells the event clock's time. Cheap to copy; all copies agree.
///
/// The zero of the event clock is chosen once for a data folder, so that timelines go on after a
/// restart; within a process it runs on the monotonic clock alone and never follows a step of the
/// wall clock.
#[derive(Debug, Clone, Copy)]
pub struct EventClock {
    anchor: Instant,
    at_anchor: EventTime,
}

impl EventClock {
    /// A clock that shows `at_anchor` now.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place where the event clock is tied")]
    pub fn starting_at(at_anchor: EventTime) -> Self {
        Self { anchor: Instant::now(), at_anchor }
    }

    /// The present.
    #[must_use]
    pub fn now(&self) -> EventTime {
        self.at_anchor + self.anchor.elapsed()
    }

    /// How long until `deadline`; zero if it has passed.
    #[must_use]
    pub fn until(&self, deadline: EventTime) -> Duration {
        deadline.saturating_since(self.now())
    }
}
