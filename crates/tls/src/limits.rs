//! Bounds of what is read from files.

use std::time::Duration;

/// Bytes of a file of certificates or of a key. Default 256 KiB: a chain of four certificates has 8 KiB.
pub const PEM_BYTES_MAX: u64 = 256 << 10;

/// How long a certificate that was made here is good for. Default 365 days.
pub const SELF_SIGNED_TIME: Duration = Duration::from_secs(365 * 24 * 3600);

/// A certificate that was made here is made anew when less than this is left. Default 30 days.
pub const SELF_SIGNED_REST_MIN: Duration = Duration::from_secs(30 * 24 * 3600);
