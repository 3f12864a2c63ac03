//! When to send: media time onto the monotonic clock, with the network's jitter.
//!
//! Reads no clock.

use std::time::Duration;

use tokio::time::Instant;

use crate::random::Random;

/// Sending times of one connection.
#[derive(Debug)]
pub(super) struct Pace {
    start: Instant,
    jitter: Duration,
    last: Instant,
}

impl Pace {
    /// Media time zero is sent at `start`, delayed like everything else by up to `jitter`.
    pub(super) fn new(start: Instant, jitter: Duration) -> Self {
        Self { start, jitter, last: start }
    }

    /// When to send what is due at this media time. Never before what was asked for earlier: TCP keeps the order.
    pub(super) fn send_at(&mut self, due: Duration, random: &mut Random) -> Instant {
        let jitter_us = random.below(self.jitter.as_micros() as u64 + 1);
        let at = self.start + due + Duration::from_micros(jitter_us);
        self.last = self.last.max(at);
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Duration = Duration::from_micros(33_333);

    #[test]
    fn without_jitter_media_time_is_kept_for_hours() {
        let start = Instant::now();
        let mut pace = Pace::new(start, Duration::ZERO);
        let mut random = Random::new(1);
        for frame in 0..1_000_000_u32 {
            assert_eq!(pace.send_at(FRAME * frame, &mut random), start + FRAME * frame);
        }
    }

    #[test]
    fn jitter_delays_within_its_bound_and_keeps_the_order() {
        let start = Instant::now();
        let jitter = Duration::from_millis(200);
        let mut pace = Pace::new(start, jitter);
        let mut random = Random::new(1);
        let mut last = start;
        let mut delays = Vec::new();
        for frame in 0..10_000_u32 {
            let at = pace.send_at(FRAME * frame, &mut random);
            assert!(at >= last);
            last = at;
            delays.push(at - (start + FRAME * frame));
        }
        assert!(delays.iter().all(|delay| *delay <= jitter));
        assert!(delays.iter().any(|delay| *delay > jitter / 2));
    }
}
