//! What others can make grow, bounded.

use std::time::Duration;

/// Bytes of an answer's head. Real ones have some hundred.
pub const ANSWER_HEAD_BYTES_MAX: usize = 16 * 1024;

/// Bytes of an answer's body that are read before the connection is closed. What it says does not matter; it
/// is read so that the target's own log does not tell of a broken connection.
pub const ANSWER_BODY_BYTES_MAX: usize = 16 * 1024;

/// Time to connect to one address, TLS included. Longer than a lost packet's repetition.
pub const CONNECT_TIME_MAX: Duration = Duration::from_secs(3);

/// Addresses of one name that are tried.
pub const ADDRESSES_MAX: usize = 4;

/// Time for one JSON delivery from the look-up to the answer.
pub const DELIVERY_TIME_MAX: Duration = Duration::from_secs(10);

/// JSON deliveries at the same time to one target. Events beyond it wait for their turn, so that a slow target
/// takes no more than this from the others.
pub const IN_FLIGHT_PER_TARGET_MAX: usize = 8;

/// Bytes of a target's name, which stands in each of its deliveries.
pub const TARGET_NAME_BYTES_MAX: usize = 64;

/// Notices between those who tell and the store. A burst; a store that is slower for longer loses notices, and
/// says so.
pub const NOTICES_MAX: usize = 1024;

/// Deliveries that were given up and are kept. The oldest goes for a newer one.
pub const DEAD_MAX: usize = 1000;

/// Longest `Retry-After` that is heeded.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(3600);

/// Time for deliveries under way to end when the server stops. They are made again at the next start.
pub const STOP_TIME_MAX: Duration = Duration::from_secs(2);

/// Tries for `on_publish_done`, and the time between them.
pub const DONE_TRIES: u32 = 3;
/// See [`DONE_TRIES`].
pub const DONE_PAUSE: Duration = Duration::from_secs(2);
