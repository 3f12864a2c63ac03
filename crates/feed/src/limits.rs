//! What a Feed may hold.

use std::time::Duration;

/// Bounds of a Feed's ring. Whatever is reached first evicts the oldest entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedLimits {
    /// Media time kept, measured by arrival. Default 30 s: enough for camera HLS to start with a full
    /// window at once, and for two of the longest GOPs that OBS makes by itself (8.3 s).
    pub span: Duration,
    /// Payload bytes kept. Default 64 MiB: 30 s at 17 Mb/s, so that a camera above that keeps less time
    /// and not more memory.
    pub bytes: usize,
    /// Entries kept. Default 16 384: 30 s of 60 fps video and 48 kHz AAC is 3 200; the rest is for
    /// publishers that send tiny samples.
    pub samples: usize,
}

impl Default for FeedLimits {
    fn default() -> Self {
        Self { span: Duration::from_secs(30), bytes: 64 << 20, samples: 16_384 }
    }
}
