//! The wall clock in milliseconds since 1970, which outlast a restart.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub(super) fn unix_millis() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    millis(since)
}

pub(super) fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}
