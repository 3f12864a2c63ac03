//! Where the pictures of a catch-up are shown: a function from the camera's own times.

use crate::limits::{
    CATCH_UP_MAX_TICKS, CATCH_UP_PICTURE_TICKS, CATCH_UP_RATE, SQUEEZED_MAX_TICKS,
    SQUEEZED_PICTURE_TICKS,
};

/// Where a camera's pictures are shown. All times are 90 kHz ticks on the event clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Line {
    /// The sync sample's own presentation time.
    from: i64,
    /// When it is shown.
    at: i64,
    /// From this own time on the rate is constant.
    knee: i64,
    /// When the picture at the knee is shown.
    pub(super) knee_at: i64,
    /// From this time on pictures are shown at their own.
    meets: i64,
    /// Distance of the camera's own pictures.
    frame: i64,
}

impl Line {
    /// The line of a GOP whose sync sample, of the time `from`, is shown at `at`; its pictures are
    /// `frame` apart. The identity if it is not late.
    pub(crate) fn new(from: i64, at: i64, frame: i64) -> Self {
        let late = at.saturating_sub(from);
        let frame = frame.max(1);
        let (tail, squeezed) = split(late, frame);
        let (knee, knee_at) = (at.saturating_sub(tail), at.saturating_add(squeezed));
        // shown at = knee_at + (own - knee) / rate = own
        let behind = knee_at.saturating_sub(knee).max(0);
        let meets = knee_at.saturating_add(behind / (CATCH_UP_RATE - 1));
        let meets = if late > 0 { meets } else { from };
        Self { from, at, knee, knee_at, meets, frame }
    }

    /// When the picture of the own time `pts` is shown.
    pub(crate) fn shown_at(&self, pts: i64) -> i64 {
        if pts >= self.meets {
            return pts;
        }
        if pts >= self.knee {
            return self.before_the_next_shown(pts).unwrap_or_else(|| self.sped_up(pts));
        }
        let (own, shown) =
            (self.knee.saturating_sub(self.from), self.knee_at.saturating_sub(self.at));
        let since = i128::from(pts.saturating_sub(self.from)) * i128::from(shown);
        let since = i64::try_from(since / i128::from(own.max(1))).unwrap_or(0);
        self.at.saturating_add(since)
    }

    /// When a sync sample of the own time `pts` is shown that replaces the rest: it is shown, whatever would
    /// have been made of it.
    pub(crate) fn replaced_at(&self, pts: i64) -> i64 {
        if pts >= self.knee && pts < self.meets { self.sped_up(pts) } else { self.shown_at(pts) }
    }

    /// Along the constant rate.
    fn sped_up(&self, pts: i64) -> i64 {
        let since = pts.saturating_sub(self.knee);
        self.knee_at.saturating_add(since / CATCH_UP_RATE).max(pts)
    }

    /// Of a picture that displays would not show: a moment before the next one that they do. Continuous
    /// but for a jump, so that pictures keep their order whatever their times are rounded to.
    fn before_the_next_shown(&self, pts: i64) -> Option<i64> {
        let pictures = (CATCH_UP_PICTURE_TICKS * CATCH_UP_RATE - 1) / self.frame + 1;
        let span = self.frame.saturating_mul(pictures);
        let since = pts.saturating_sub(self.knee) % span;
        let next = pts.saturating_add(span - since);
        if since < self.frame / 2 || pictures == 1 || next >= self.meets {
            return None;
        }
        let ahead = (span - since).saturating_mul(SQUEEZED_PICTURE_TICKS) / self.frame;
        Some(self.sped_up(next).saturating_sub(ahead))
    }

    /// When the camera is back on the event clock.
    pub(crate) const fn meets(&self) -> i64 {
        self.meets
    }

    /// How long it takes until then.
    pub(crate) const fn length(&self) -> i64 {
        self.meets.saturating_sub(self.at)
    }

    /// When the sync sample is shown.
    pub(crate) const fn at(&self) -> i64 {
        self.at
    }
}

/// Of a sync sample that is shown `late`: how much of its GOP is played at the constant rate, and how
/// long all that is older takes.
fn split(late: i64, frame: i64) -> (i64, i64) {
    let most = CATCH_UP_MAX_TICKS * (CATCH_UP_RATE - 1);
    if late <= most {
        return (late.max(0), 0);
    }
    // squeezed + (squeezed + tail) / (rate - 1) = longest catch-up, and squeezed = (late - tail) / frame
    // pictures, give one of the two.
    let pictures = (late - most) / frame + 1;
    let growth = frame.saturating_sub(CATCH_UP_RATE * SQUEEZED_PICTURE_TICKS);
    let exact = if growth > 0 {
        pictures.saturating_mul(SQUEEZED_PICTURE_TICKS).saturating_mul(frame) / growth
    } else {
        SQUEEZED_MAX_TICKS
    };
    let squeezed = exact.min(SQUEEZED_MAX_TICKS);
    (most - CATCH_UP_RATE * squeezed, squeezed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 90_000;

    #[test]
    fn a_gop_of_a_second_is_caught_up_with_in_a_third_of_it() {
        let line = Line::new(0, SECOND, 3_000);
        assert_eq!(line.meets(), SECOND + SECOND / 3);
        assert_eq!(line.shown_at(0), SECOND);
        assert_eq!(line.shown_at(12_000), SECOND + 3_000);
        assert_eq!(line.shown_at(line.meets()), line.meets());
        assert_eq!(line.shown_at(5 * SECOND), 5 * SECOND);
    }

    #[test]
    fn a_sync_sample_that_is_not_late_is_the_identity() {
        let line = Line::new(5_000, 5_000, 3_000);
        for pts in [5_000, 5_001, 90_000] {
            assert_eq!(line.shown_at(pts), pts);
        }
    }
}
