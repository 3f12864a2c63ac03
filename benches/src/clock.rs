//! The wall clock, for markers: publisher and viewer may be different processes on one machine.
//!
//! Everything else is timed by `tokio::time::Instant`, which is monotonic.

use std::time::{SystemTime, UNIX_EPOCH};

/// Microseconds since 1970.
pub(crate) fn unix_us() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_micros().try_into().unwrap_or(u64::MAX)
}
