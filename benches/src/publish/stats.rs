//! Counters that all cameras of a run share. They live on one thread, hence cells.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use crate::histogram::Histogram;

/// What the cameras did.
#[derive(Debug, Default)]
pub(super) struct Stats {
    pub(super) live: Cell<usize>,
    pub(super) ended: Cell<usize>,
    pub(super) connects: Cell<u64>,
    pub(super) drops: Cell<u64>,
    pub(super) access_units: Cell<u64>,
    pub(super) left_out: Cell<u64>,
    pub(super) bytes: Cell<u64>,
    reported_bytes: Cell<u64>,
    pub(super) behind: RefCell<Histogram>,
    pub(super) connect_time: RefCell<Histogram>,
    pub(super) failures: RefCell<BTreeMap<String, u64>>,
}

impl Stats {
    /// Bytes sent since the last call.
    pub(super) fn take_recent_bytes(&self) -> u64 {
        let bytes = self.bytes.get();
        bytes - self.reported_bytes.replace(bytes)
    }
}
