//! What the owner of a packager decides.
//!
//! All of it is fixed for the life of a playlist URL: players stop for good when a target duration,
//! a part target or a hold-back changes (rfc8216bis-22 §6.2.1). Nothing here is measured.

use std::time::Duration;

/// Configuration of a [`Packager`](crate::Packager).
///
/// A value outside its range is moved to the nearest bound by [`Packager::new`](crate::Packager::new).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackagerConfig {
    /// First part of every URI. Must be new for each packager, so that a URI is never reused for other
    /// bytes, also across restarts. Characters other than `A-Z a-z 0-9 _` are left out.
    pub session: String,
    /// Media sequence number of the first segment. Must be greater than any number that was published
    /// at the same playlist URL before (RFC 8216 §6.2.2).
    pub first_media_sequence: u64,
    /// `EXT-X-DISCONTINUITY-SEQUENCE` of the first playlist; 0 for a new playlist URL.
    pub first_discontinuity_sequence: u64,
    /// Wall time at the event clock's zero, in Unix milliseconds. Only labels segments.
    pub wall_clock_at_zero_ms: i64,
    /// A segment ends at the first sync sample at or after this. Default 2 s, 500 ms to 8 s.
    pub segment_target: Duration,
    /// `PART-TARGET`. Default 500 ms, 200 ms to 2 s. `PART-HOLD-BACK` is three times it.
    pub part_target: Duration,
    /// `EXT-X-TARGETDURATION` in seconds. Default 4, 2 to 10, and never below the segment target.
    /// [`target_duration_for`] chooses it from the longest GOP seen.
    pub target_duration: u8,
    /// Media listed in the playlist. Default 16 s; at least three target durations and six segments
    /// are always listed once there are as many. Removed segments stay fetchable for as long again.
    pub window: Duration,
    /// Fill what is missing with `EXT-X-GAP`, so that the playlist grows while nothing arrives. Without
    /// it the playlist stands still and goes on with a discontinuity. Default true.
    pub gap_fill: bool,
    /// How long nothing may arrive before a gap is published. Default 1.5 s, the default
    /// `PART-HOLD-BACK`: what viewers have buffered. 500 ms to 10 s.
    pub hold_off: Duration,
}

impl PackagerConfig {
    /// The defaults, with what has none.
    #[must_use]
    pub fn new(
        session: impl Into<String>,
        first_media_sequence: u64,
        wall_clock_at_zero_ms: i64,
    ) -> Self {
        Self {
            session: session.into(),
            first_media_sequence,
            first_discontinuity_sequence: 0,
            wall_clock_at_zero_ms,
            segment_target: Duration::from_secs(2),
            part_target: Duration::from_millis(500),
            target_duration: TARGET_DURATION_DEFAULT,
            window: Duration::from_secs(16),
            gap_fill: true,
            hold_off: Duration::from_millis(1500),
        }
    }

    /// Moves every value into its range.
    pub(crate) fn normalised(mut self) -> Self {
        self.session.retain(|c| c.is_ascii_alphanumeric() || c == '_');
        self.part_target = in_range(self.part_target, 200, 2_000);
        self.segment_target = in_range(self.segment_target, 500, 8_000).max(self.part_target);
        self.hold_off = in_range(self.hold_off, 500, 10_000);
        let segment_seconds = self.segment_target.as_millis().div_ceil(1000);
        let least = u8::try_from(segment_seconds).unwrap_or(TARGET_DURATION_MAX).max(2);
        self.target_duration = self.target_duration.clamp(least, TARGET_DURATION_MAX);
        self.window = self.window.max(3 * self.target_duration());
        self
    }

    pub(crate) fn target_duration(&self) -> Duration {
        Duration::from_secs(self.target_duration.into())
    }

    pub(crate) fn part_hold_back(&self) -> Duration {
        self.part_target * PART_HOLD_BACK_PARTS
    }

    /// Six target durations, the least that rfc8216bis-22 §4.4.3.8 allows.
    pub(crate) fn can_skip_until(&self) -> Duration {
        self.target_duration() * 6
    }
}

/// The target duration for a source whose longest GOP so far is `longest_gop`: that, rounded up,
/// between 4 and 10 seconds. A camera with longer GOPs gets segments that do not start with a sync
/// sample.
#[must_use]
pub fn target_duration_for(longest_gop: Duration) -> u8 {
    u8::try_from(longest_gop.as_millis().div_ceil(1000))
        .unwrap_or(TARGET_DURATION_MAX)
        .clamp(TARGET_DURATION_DEFAULT, TARGET_DURATION_MAX)
}

fn in_range(value: Duration, least_ms: u64, most_ms: u64) -> Duration {
    // Whole milliseconds are whole ticks of 90 kHz and short decimals in the playlist.
    let whole = Duration::from_millis(u64::try_from(value.as_millis()).unwrap_or(u64::MAX));
    whole.clamp(Duration::from_millis(least_ms), Duration::from_millis(most_ms))
}

/// Twice the segment target, so that a cut that just missed its sync sample still fits.
const TARGET_DURATION_DEFAULT: u8 = 4;
const TARGET_DURATION_MAX: u8 = 10;
/// rfc8216bis-22 §4.4.3.8: "SHOULD be at least three times the Part Target Duration".
const PART_HOLD_BACK_PARTS: u32 = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_duration_follows_the_longest_gop_within_bounds() {
        assert_eq!(target_duration_for(Duration::from_millis(500)), 4);
        assert_eq!(target_duration_for(Duration::from_millis(4_001)), 5);
        assert_eq!(target_duration_for(Duration::from_secs(400)), 10);
    }

    #[test]
    fn values_out_of_range_are_moved_to_the_bound() {
        let mut config = PackagerConfig::new("a-b/..c", 0, 0);
        config.part_target = Duration::from_millis(1);
        config.segment_target = Duration::from_secs(60);
        config.target_duration = 1;
        config.window = Duration::ZERO;
        let config = config.normalised();
        assert_eq!(config.session, "abc");
        assert_eq!(config.part_target, Duration::from_millis(200));
        assert_eq!(config.segment_target, Duration::from_secs(8));
        assert_eq!(config.target_duration, 8);
        assert_eq!(config.window, Duration::from_secs(24));
    }
}
