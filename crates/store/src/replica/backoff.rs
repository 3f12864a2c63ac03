//! How long to wait before the next attempt.

use std::time::Duration;

/// Doubles from the first wait to the longest.
#[derive(Debug)]
pub(super) struct Backoff {
    first: Duration,
    longest: Duration,
    next: Duration,
}

impl Backoff {
    pub(super) const fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, next: first }
    }

    /// The wait before the attempt after one that failed.
    pub(super) fn next(&mut self) -> Duration {
        let wait = self.next;
        self.next = (wait * 2).min(self.longest);
        wait
    }

    /// An attempt succeeded.
    pub(super) const fn succeeded(&mut self) {
        self.next = self.first;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_begin_anew_after_a_success() {
        let millis = Duration::from_millis;
        let mut backoff = Backoff::new(millis(100), millis(350));
        let waits: Vec<_> = (0..4).map(|_| backoff.next()).collect();
        assert_eq!(waits, [millis(100), millis(200), millis(350), millis(350)]);
        backoff.succeeded();
        assert_eq!(backoff.next(), millis(100));
    }
}
