//! Every bound of the slate, with its unit, its default and its reason.

use std::time::Duration;

use genlock_feed::FeedLimits;

/// Presentation time minus decoding time in 90 kHz ticks: 100 ms, which every camera's sync samples have
/// too.
pub const COMPOSITION_SHIFT_TICKS: i32 = 9_000;

/// How late a picture may be and still be shown: 1 s. After a longer pause of the machine the slate goes
/// on at the present, with a sync sample.
pub const LATE_MAX: Duration = Duration::from_secs(1);

/// Stills that are encoded at the same time: 1. A second of CPU for each, in the middle of an outage.
pub const MAKING_MAX: usize = 1;

/// What a slate's Feed holds: 4 s. Its readers start at its newest sync sample; nobody looks back.
pub const FEED_LIMITS: FeedLimits = FeedLimits {
    span: Duration::from_secs(4),
    held_span: Duration::from_secs(4),
    bytes: 4 << 20,
    samples: 256,
};
