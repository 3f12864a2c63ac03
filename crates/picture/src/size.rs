//! The size of a coded picture.

use crate::limits::{CODED_LONG_SIDE_MAX, CODED_SHORT_SIDE_MAX, CODED_SIDE_MIN};

/// Width and height that the encoder takes: even, and within its limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Size {
    width: u32,
    height: u32,
}

impl Size {
    /// 1280 x 720, where nothing else is known.
    pub const HD: Self = Self { width: 1280, height: 720 };

    /// The nearest size to `width` x `height`: shrunk in proportion where it is too large, widened where
    /// a side is too short, and even.
    #[must_use]
    pub fn near(width: u32, height: u32) -> Self {
        let (width, height) = (width.max(1), height.max(1));
        let landscape = width >= height;
        let (long, short) = if landscape { (width, height) } else { (height, width) };
        let (long, short) = shrink(long, short, CODED_LONG_SIDE_MAX);
        let (short, long) = shrink(short, long, CODED_SHORT_SIDE_MAX);
        let (long, short) = (legal(long), legal(short));
        let (width, height) = if landscape { (long, short) } else { (short, long) };
        Self { width, height }
    }

    /// Pixels, even.
    #[must_use]
    pub const fn width(self) -> u32 {
        self.width
    }

    /// Pixels, even.
    #[must_use]
    pub const fn height(self) -> u32 {
        self.height
    }
}

/// `side` at most `limit`, `other` in proportion.
fn shrink(side: u32, other: u32, limit: u32) -> (u32, u32) {
    if side <= limit {
        return (side, other);
    }
    let scaled = u64::from(other) * u64::from(limit) / u64::from(side);
    (limit, u32::try_from(scaled).unwrap_or(limit))
}

/// Rounded down to even, and not too short.
fn legal(side: u32) -> u32 {
    (side & !1).max(CODED_SIDE_MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(width: u32, height: u32) -> (u32, u32) {
        let size = Size::near(width, height);
        (size.width(), size.height())
    }

    #[test]
    fn usual_sizes_stay() {
        for (width, height) in [(1920, 1080), (1280, 720), (720, 1280), (3840, 2160), (640, 480)] {
            assert_eq!(near(width, height), (width, height));
        }
    }

    #[test]
    fn others_are_brought_within_the_limits() {
        assert_eq!(near(7680, 4320), (3840, 2160));
        assert_eq!(near(4096, 2160), (3840, 2024));
        assert_eq!(near(2160, 4320), (1920, 3840));
        assert_eq!(near(3000, 3000), (2160, 2160));
        assert_eq!(near(1919, 1079), (1918, 1078));
        assert_eq!(near(0, u32::MAX), (64, 3840));
    }
}
