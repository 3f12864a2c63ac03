//! What a Feed may hold.

use std::time::Duration;

/// Bounds of a Feed's ring. Whatever is reached first evicts the oldest entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedLimits {
    /// Media time kept for whoever comes, measured by arrival. Default 14 s: a window of camera HLS at once, and
    /// a programme that runs 10 s behind its cameras.
    pub span: Duration,
    /// Media time kept for who needs it: from the newest sync sample on, and what a reader that holds
    /// ([`FeedReader::holding`](crate::FeedReader::holding)) has not read. Default 30 s: what a recorder
    /// whose disk hangs can make good, and the longest GOP that can be cut to at once.
    pub held_span: Duration,
    /// Payload bytes kept. Default 64 MiB: 30 s at 17 Mb/s, so that a camera above that keeps less time
    /// and not more memory.
    pub bytes: usize,
    /// Entries kept. Default 16 384: 30 s of 60 fps video and 48 kHz AAC is 3 200; the rest is for
    /// publishers that send tiny samples.
    pub samples: usize,
}

impl Default for FeedLimits {
    fn default() -> Self {
        Self {
            span: Duration::from_secs(14),
            held_span: Duration::from_secs(30),
            bytes: 64 << 20,
            samples: 16_384,
        }
    }
}
