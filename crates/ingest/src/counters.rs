//! What the listener has done, for metrics.

use std::sync::Arc;

use crate::guard::Occupancy;

/// A reading of the counters. Totals count since the listener was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct IngestStats {
    /// Connections open now, publishing or not.
    pub connections_open: usize,
    /// Connections accepted.
    pub connections: u64,
    /// Connections closed at once because there were too many, in all or of one address.
    pub connections_refused: u64,
}

/// The counters of an [`Ingest`](crate::Ingest), to read while it runs. Clones read the same.
#[derive(Debug, Clone)]
pub struct IngestCounters(pub(crate) Arc<Occupancy>);

impl IngestCounters {
    /// The counters as they are now.
    #[must_use]
    pub fn read(&self) -> IngestStats {
        self.0.read()
    }
}
