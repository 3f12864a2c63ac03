//! Frames per second as editing programs know them.

/// Rates that cameras have, as frames in a number of seconds.
const KNOWN: [Rate; 8] = [
    Rate::new(24_000, 1_001),
    Rate::new(24, 1),
    Rate::new(25, 1),
    Rate::new(30_000, 1_001),
    Rate::new(30, 1),
    Rate::new(50, 1),
    Rate::new(60_000, 1_001),
    Rate::new(60, 1),
];

/// Frames per second, as an exact fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Frames in [`Rate::seconds`].
    frames: u32,
    seconds: u32,
}

impl Rate {
    /// 30 frames a second.
    pub const USUAL: Self = Self::new(30, 1);

    const fn new(frames: u32, seconds: u32) -> Self {
        Self { frames, seconds }
    }

    /// The rate at which `pictures` last `ticks` of 90 kHz: one that cameras have where that is within one per
    /// cent, else the nearest whole number. [`Rate::USUAL`] of nothing.
    #[must_use]
    pub fn measured(pictures: u64, ticks: u64) -> Self {
        if pictures == 0 || ticks == 0 {
            return Self::USUAL;
        }
        let micro = u128::from(pictures) * 90_000 * 1_000_000 / u128::from(ticks);
        let distance = |rate: &Self| rate.micro().abs_diff(micro);
        match KNOWN.iter().min_by_key(|rate| distance(rate)) {
            Some(near) if distance(near) * 100 <= micro => *near,
            _ => {
                let whole = u32::try_from((micro + 500_000) / 1_000_000).unwrap_or(u32::MAX);
                Self::new(whole.clamp(1, 240), 1)
            }
        }
    }

    /// The rate of most of the runs of pictures, each so many in so many ticks of 90 kHz: of the middle half of them.
    #[must_use]
    pub fn of_most(mut runs: Vec<(u64, u64)>) -> Self {
        runs.sort_by_key(|(pictures, ticks)| ticks * 1_000 / (*pictures).max(1));
        let aside = runs.len() / 4;
        let middle = runs.get(aside..runs.len() - aside).unwrap_or_default().iter();
        let (pictures, ticks) =
            middle.fold((0, 0), |(pictures, ticks), run| (pictures + run.0, ticks + run.1));
        Self::measured(pictures, ticks)
    }

    /// Frames in a million seconds.
    fn micro(&self) -> u128 {
        u128::from(self.frames) * 1_000_000 / u128::from(self.seconds)
    }

    /// The frame that is shown `micros` behind frame 0, rounded to the nearest.
    #[must_use]
    pub fn frame(&self, micros: i64) -> i64 {
        let scaled = i128::from(micros) * i128::from(self.frames);
        let unit = i128::from(self.seconds) * 1_000_000;
        i64::try_from((scaled * 2 + unit).div_euclid(unit * 2)).unwrap_or(i64::MAX)
    }

    /// Frames per second as programs count timecode: 30 of 29.97.
    #[must_use]
    pub const fn nominal(&self) -> i64 {
        self.frames.div_ceil(self.seconds) as i64
    }

    /// Frames per second, for text.
    #[must_use]
    pub fn as_f64(&self) -> f64 {
        f64::from(self.frames) / f64::from(self.seconds)
    }

    /// `frames` as a number of seconds, for FCPXML: `1001/30000s`.
    #[must_use]
    pub(super) fn seconds_text(&self, frames: i64) -> String {
        format!("{}/{}s", i128::from(frames) * i128::from(self.seconds), self.frames)
    }

    /// `frames` as timecode that drops no numbers: `01:02:03:04`.
    #[must_use]
    pub(super) fn timecode(&self, frames: i64) -> String {
        let rate = self.nominal();
        let (seconds, frame) = (frames.div_euclid(rate), frames.rem_euclid(rate));
        let (hours, minutes, seconds) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
        format!("{hours:02}:{minutes:02}:{seconds:02}:{frame:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_of_cameras_are_found_through_rounded_times() {
        let check = |pictures, ticks, frames, seconds| {
            assert_eq!(Rate::measured(pictures, ticks), Rate::new(frames, seconds));
        };
        check(900, 2_700_090, 30, 1);
        check(900, 2_702_790, 30_000, 1_001);
        check(750, 2_699_950, 25, 1);
        check(1_800, 2_700_000, 60, 1);
        check(300, 2_700_000, 10, 1);
        check(0, 0, 30, 1);
    }

    #[test]
    fn what_was_played_faster_does_not_change_the_rate() {
        let mut runs = vec![(30, 90_000); 20];
        runs.extend([(45, 90_000), (30, 22_500), (10, 90_000)]);
        assert_eq!(Rate::of_most(runs), Rate::new(30, 1));
        assert_eq!(Rate::of_most(vec![(25, 90_000)]), Rate::new(25, 1));
        assert_eq!(Rate::of_most(Vec::new()), Rate::USUAL);
    }

    #[test]
    fn a_frame_is_the_nearest() {
        let rate = Rate::new(30, 1);
        assert_eq!(rate.frame(33_333), 1);
        assert_eq!(rate.frame(16_000), 0);
        assert_eq!(rate.frame(17_000), 1);
        assert_eq!(rate.frame(-33_334), -1);
        // Six hours of 29.97: 647 352.6 frames.
        assert_eq!(Rate::new(30_000, 1_001).frame(6 * 3_600 * 1_000_000), 647_353);
    }

    #[test]
    fn timecode_counts_nominal_frames() {
        assert_eq!(Rate::new(25, 1).timecode(25 * 3_723 + 7), "01:02:03:07");
        assert_eq!(Rate::new(30_000, 1_001).timecode(30), "00:00:01:00");
        assert_eq!(Rate::new(30_000, 1_001).seconds_text(2), "2002/30000s");
    }
}
