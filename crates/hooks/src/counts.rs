//! What has become of JSON hooks, for metrics.

use std::sync::atomic::{AtomicU64, Ordering};

/// A reading of the counters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HookCounts {
    /// Deliveries that wait, those under way counted.
    pub waiting: u64,
    /// Deliveries that were given up and are kept.
    pub dead: u64,
    /// Notices, one for each target that wants it, that no delivery was made of since the server started.
    pub lost: u64,
}

/// The counters behind [`HookCounts`].
#[derive(Debug, Default)]
pub(crate) struct Counts {
    waiting: AtomicU64,
    dead: AtomicU64,
    lost: AtomicU64,
}

impl Counts {
    pub(crate) fn set(&self, waiting: usize, dead: usize) {
        self.waiting.store(waiting as u64, Ordering::Relaxed);
        self.dead.store(dead as u64, Ordering::Relaxed);
    }

    pub(crate) fn lose_one(&self) {
        self.lost.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> HookCounts {
        HookCounts {
            waiting: self.waiting.load(Ordering::Relaxed),
            dead: self.dead.load(Ordering::Relaxed),
            lost: self.lost.load(Ordering::Relaxed),
        }
    }
}
