//! How far the programme runs behind the cameras, and how it gets there when that is changed.
//!
//! Only the release of samples is delayed; their times stay what they are, so no timeline breaks. A
//! shorter delay lets everything go at once that is due by then. A longer one is grown into: samples leave
//! at half their rate until it is reached, so that they never pause for so long that a gap would be
//! published in their place.

use std::time::Duration;

use genlock_media::EventTime;

use crate::limits::{COMPOSITION_SHIFT, PACING_SLACK};

/// See the module documentation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Delay {
    from: Duration,
    to: Duration,
    since: EventTime,
}

impl Delay {
    pub(crate) const fn new(to: Duration) -> Self {
        Self { from: to, to, since: EventTime::ZERO }
    }

    /// Moves towards `to` from `now` on.
    pub(crate) fn change(&mut self, now: EventTime, to: Duration) {
        *self = Self { from: self.at(now), to, since: now };
    }

    /// The delay at `now`.
    pub(crate) fn at(&self, now: EventTime) -> Duration {
        let grown = self.from.saturating_add(now.saturating_since(self.since) / 2);
        grown.min(self.to)
    }

    /// By how much the release lags behind one without a delay. That lets samples go when they come,
    /// up to two tenths of a second ahead of their presentation, so a delayed one waits that much more.
    pub(crate) fn pacing(&self, now: EventTime) -> Duration {
        let delay = self.at(now);
        delay + (delay / 5).min(COMPOSITION_SHIFT + PACING_SLACK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn grows_at_half_speed_and_shrinks_at_once() {
        let start = EventTime::from_millis(50_000);
        let mut delay = Delay::new(ms(1_000));
        assert_eq!(delay.at(start), ms(1_000));
        delay.change(start, ms(3_000));
        let after = |millis| delay.at(start + ms(millis));
        assert_eq!([0, 1_000, 4_000, 9_000].map(after), [1_000, 1_500, 3_000, 3_000].map(ms));
        delay.change(start + ms(2_000), ms(500));
        assert_eq!(delay.at(start + ms(2_000)), ms(500));
        delay.change(start + ms(2_000), ms(2_500));
        assert_eq!(delay.at(start + ms(3_000)), ms(1_000), "from where it stood");
    }

    #[test]
    fn what_leaves_never_goes_back_while_it_grows() {
        let start = EventTime::from_millis(50_000);
        let mut delay = Delay::new(Duration::ZERO);
        delay.change(start, ms(10_000));
        let line = |millis| (start + ms(millis)) - delay.pacing(start + ms(millis));
        assert!((0..30_000).step_by(7).all(|at| line(at) < line(at + 7)));
    }
}
