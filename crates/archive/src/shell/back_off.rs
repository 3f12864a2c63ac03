//! When something is tried again that has failed.

use std::time::Duration;

use super::time::millis;
use crate::limits::{RETRY_FIRST, RETRY_MAX};

/// Times are in milliseconds since 1970.
#[derive(Debug, Default)]
pub(super) struct BackOff {
    rest_until: i64,
    failures: u32,
}

impl BackOff {
    pub(super) const fn is_due(&self, now: i64) -> bool {
        self.rest_until <= now
    }

    /// It went well, and there is nothing to do before `at`.
    pub(super) const fn succeeded(&mut self, at: i64) {
        *self = Self { rest_until: at, failures: 0 };
    }

    /// It has failed. Returns how many times in a row.
    pub(super) fn failed(&mut self, now: i64) -> u32 {
        let wait: Duration = RETRY_FIRST.saturating_mul(1 << self.failures.min(16)).min(RETRY_MAX);
        self.failures = self.failures.saturating_add(1);
        self.rest_until = now.saturating_add(millis(wait));
        self.failures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_doubles_the_rest_up_to_the_longest() {
        let mut back_off = BackOff::default();
        assert!(back_off.is_due(0));
        assert_eq!(back_off.failed(1_000), 1);
        assert!(!back_off.is_due(1_999) && back_off.is_due(2_000));
        assert_eq!(back_off.failed(2_000), 2);
        assert!(!back_off.is_due(3_999) && back_off.is_due(4_000));
        for _ in 0..100 {
            back_off.failed(0);
        }
        assert!(back_off.is_due(millis(RETRY_MAX)) && !back_off.is_due(millis(RETRY_MAX) - 1));
        back_off.succeeded(0);
        assert_eq!(back_off.failed(0), 1);
    }
}
