//! Counters that tasks of one thread share.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

/// Different failure texts kept; further ones are counted together.
const FAILURE_TEXTS_MAX: usize = 50;

/// Adds to a counter.
pub(crate) fn add(counter: &Cell<u64>, amount: u64) {
    counter.set(counter.get() + amount);
}

/// Counts a failure by its text.
pub(crate) fn count_failure(failures: &RefCell<BTreeMap<String, u64>>, error: &anyhow::Error) {
    let mut failures = failures.borrow_mut();
    let text = format!("{error:#}");
    let known = failures.contains_key(&text) || failures.len() < FAILURE_TEXTS_MAX;
    *failures.entry(if known { text } else { "others".to_owned() }).or_default() += 1;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_counted_by_text_in_bounded_memory() {
        let failures = RefCell::default();
        for index in 0..500 {
            count_failure(&failures, &anyhow::anyhow!("failure {}", index % 100));
        }
        let failures = failures.into_inner();
        assert_eq!(failures.get("failure 3"), Some(&5));
        assert_eq!(failures.len(), FAILURE_TEXTS_MAX + 1);
        assert_eq!(failures.values().sum::<u64>(), 500);
    }
}
