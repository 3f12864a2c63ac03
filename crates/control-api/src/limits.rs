//! Everything that a client can grow, bounded: unit and reason beside each number.

use std::time::Duration;

/// Bytes of a request body. The largest legal one, a name of 200 characters in escapes, is below 4 kB.
pub const BODY_BYTES_MAX: usize = 64 * 1024;

/// Time in which a request body must have arrived. Phones on bad networks send 4 kB in less.
pub const BODY_TIME_MAX: Duration = Duration::from_secs(10);

/// Time in which an uploaded picture must have arrived: 8 MiB at 4.5 Mb/s. Below [`REQUEST_TIME_MAX`].
pub const UPLOAD_TIME_MAX: Duration = Duration::from_secs(15);

/// Time after which a request is answered whatever happens. Above the body's time and a call of the store.
pub const REQUEST_TIME_MAX: Duration = Duration::from_secs(20);

/// Time that a change of events or cameras waits for those before it. Each takes a commit of the store and a word
/// to the running system, some milliseconds; one that waits longer stands behind a fault.
pub const CHANGE_WAIT_MAX: Duration = Duration::from_secs(10);

/// Entries in a page of the switch log when the client names no number.
pub const SWITCH_PAGE_DEFAULT: u16 = 50;

/// How far ahead a take may be scheduled, in milliseconds: 366 days. What is further ahead is a typing error in the year.
pub const SCHEDULED_AHEAD_MAX: i64 = 366 * 24 * 60 * 60 * 1000;
