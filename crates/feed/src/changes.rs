//! The wake-up: everyone who waits is woken at the next change.
//!
//! tokio's `watch` would do, but it keeps its waiters in eight lists and locks each of them at every push, also
//! while nobody waits: half of what a push cost.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Notify;

/// Counts changes, and wakes at each.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    count: AtomicU64,
    waiters: Notify,
}

impl Changes {
    /// There was a change.
    pub(crate) fn note(&self) {
        self.count.fetch_add(1, Ordering::Release);
        self.waiters.notify_waiters();
    }

    /// How many there have been.
    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Acquire)
    }

    /// Resolves when there have been others than `seen`, with their number. Cancel-safe.
    pub(crate) async fn beyond(&self, seen: u64) -> u64 {
        loop {
            // A `Notified` hears of what is noted since it was made: nothing between the look and the wait is missed.
            let noted = self.waiters.notified();
            let count = self.count();
            if count != seen {
                return count;
            }
            noted.await;
        }
    }
}
