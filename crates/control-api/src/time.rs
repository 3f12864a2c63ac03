//! Wall time in answers: RFC 3339 in UTC with milliseconds.

use std::time::SystemTime;

use genlock_store::Timestamp;
use serde::{Serialize, Serializer};

/// The wall clock, sampled at the edge to label what a request does.
pub(crate) fn now() -> Timestamp {
    Timestamp::from(SystemTime::now())
}

/// Writes a time.
pub(crate) fn rfc3339<S: Serializer>(time: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(time)
}

/// Writes a time that may be missing.
pub(crate) fn rfc3339_option<S: Serializer>(
    time: &Option<Timestamp>,
    to: S,
) -> Result<S::Ok, S::Error> {
    time.map(|time| time.to_string()).serialize(to)
}
