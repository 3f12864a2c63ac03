//! RTMP's 32-bit millisecond timestamps.
//!
//! "Because timestamps are 32 bits long, they roll over every 49 days, 17 hours, 2 minutes and
//! 47.296 seconds" (RTMP 1.0 §5): they are compared and subtracted by serial number arithmetic (RFC
//! 1982), never as plain integers. Unwrapping to a 64-bit line is the consumer's business: only it
//! knows what a jump means.

use std::fmt;

/// A message timestamp: milliseconds, wrapping at 2³².
///
/// Deliberately not `Ord`: "later" is only defined for timestamps less than 2³¹ ms apart.
///
/// ```
/// use genlock_rtmp::RtmpTimestamp;
///
/// let before_wrap = RtmpTimestamp(u32::MAX);
/// let after_wrap = before_wrap.wrapping_add(41);
/// assert_eq!(after_wrap, RtmpTimestamp(40));
/// assert_eq!(after_wrap.since(before_wrap), 41);
/// assert!(before_wrap.is_before(after_wrap));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct RtmpTimestamp(pub u32);

impl RtmpTimestamp {
    /// This timestamp moved forward by `delta_ms`, wrapping.
    #[must_use]
    pub fn wrapping_add(self, delta_ms: u32) -> Self {
        Self(self.0.wrapping_add(delta_ms))
    }

    /// Signed distance from `earlier` to `self` in milliseconds, the shorter way around the circle.
    ///
    /// A distance of exactly 2³¹ ms is undefined in RFC 1982 and comes out as `i32::MIN` here.
    #[must_use]
    pub fn since(self, earlier: Self) -> i32 {
        self.0.wrapping_sub(earlier.0).cast_signed()
    }

    /// Whether `self` lies before `other` by serial number arithmetic.
    #[must_use]
    pub fn is_before(self, other: Self) -> bool {
        self.since(other) < 0
    }
}

impl fmt::Display for RtmpTimestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_takes_the_shorter_way_around() {
        let check = |a: u32, b: u32, expect: i32| {
            assert_eq!(RtmpTimestamp(a).since(RtmpTimestamp(b)), expect, "{a} since {b}");
        };
        check(10, 5, 5);
        check(5, 10, -5);
        check(3, u32::MAX, 4);
        check(u32::MAX, 3, -4);
        // RFC 1982 leaves this distance undefined; it must only not panic.
        check(1 << 31, 0, i32::MIN);
    }
}
