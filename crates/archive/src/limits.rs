//! Everything that a store, or a folder written by somebody else, can make grow, with its bound.

use std::time::Duration;

/// Bytes of a part of a file. Default 8 MiB: what is in memory at once, and sent again after a fault. S3 wants 5 MiB or more.
pub const PART_BYTES: u64 = 8 << 20;

/// Parts of a file. S3 takes 10 000; files above 70 GiB have larger parts.
pub const PARTS_MAX: u64 = 9_000;

/// Longest ledger that is read. Default 16 MiB: 9000 parts of one file need 1.5 MB, and parts are forgotten when a file is
/// verified.
pub const LEDGER_BYTES_MAX: u64 = 16 << 20;

/// Longest index that is sent, the longest that a recorder reads.
pub const INDEX_BYTES_MAX: u64 = 64 << 20;

/// How often the recordings' folder is looked at. Default 5 s.
pub const LOOK_EACH: Duration = Duration::from_secs(5);

/// How often the index of a recording is read that may be over by its age. Default 60 s.
pub const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// How long to wait after the first failure; each further one doubles it. Default 1 s.
pub const RETRY_FIRST: Duration = Duration::from_secs(1);

/// The longest wait after a failure. Default 5 min. It is tried again for ever.
pub const RETRY_MAX: Duration = Duration::from_secs(300);

/// Time to connect to a store. Default 5 s.
pub const CONNECT_TIME_MAX: Duration = Duration::from_secs(5);

/// Time that a part may take. Default 10 min: 8 MiB at 112 kb/s.
pub const PART_TIME_MAX: Duration = Duration::from_secs(600);

/// Time that a read for a client may take, with what is tried again. Default 15 s, less than a request may take.
pub const READ_TIME_MAX: Duration = Duration::from_secs(15);

/// What happened and nobody has taken. Default 1024; beyond it the oldest is forgotten, as states can be read.
pub const HAPPENED_MAX: usize = 1024;

/// Longest text of an error. Default 300 characters.
pub const ERROR_CHARS_MAX: usize = 300;
