//! Axes: from values to pixels, and the round numbers to write beside them.

/// A linear axis that starts and ends on round numbers.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Scale {
    from: f64,
    to: f64,
    step: f64,
}

impl Scale {
    /// A scale that holds all values and zero, with at most about `ticks` labels.
    pub(super) fn around(values: impl Iterator<Item = f64>, ticks: u32) -> Self {
        let finite = values.filter(|value| value.is_finite());
        let (low, high) =
            finite.fold((0.0_f64, 0.0_f64), |(low, high), v| (low.min(v), high.max(v)));
        let span = if high > low { high - low } else { 1.0 };
        let step = round_step(span / f64::from(ticks.max(1)));
        Self { from: (low / step).floor() * step, to: (high / step).ceil().max(1.0) * step, step }
    }

    /// Where a value lies, 0..=1.
    pub(super) fn place(&self, value: f64) -> f64 {
        (value - self.from) / (self.to - self.from)
    }

    /// Values to label, with their labels.
    pub(super) fn ticks(&self) -> Vec<(f64, String)> {
        let count = ((self.to - self.from) / self.step).round() as u32;
        let decimals = (-self.step.log10().floor()).max(0.0) as usize;
        let tick = |index| self.from + f64::from(index) * self.step;
        (0..=count).map(|index| (tick(index), format!("{:.decimals$}", tick(index)))).collect()
    }
}

/// The smallest of 1, 2 and 5 times a power of ten that is not below.
fn round_step(step: f64) -> f64 {
    let magnitude = 10_f64.powf(step.log10().floor());
    let factors = [1.0, 2.0, 5.0, 10.0];
    // A step like 0.30000000000000004 is still 3 tenths.
    let fits = |factor: &&f64| **factor * magnitude >= step * (1.0 - 1e-9);
    factors.iter().find(fits).unwrap_or(&10.0) * magnitude
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(values: &[f64], ticks: u32) -> Vec<String> {
        Scale::around(values.iter().copied(), ticks)
            .ticks()
            .into_iter()
            .map(|(_, label)| label)
            .collect()
    }

    #[test]
    fn labels_are_round_and_enclose_the_values() {
        assert_eq!(labels(&[3.0, 97.0], 5), ["0", "20", "40", "60", "80", "100"]);
        assert_eq!(labels(&[0.0021], 3), ["0.000", "0.001", "0.002", "0.003"]);
        assert_eq!(labels(&[-1.0, 1.0], 2), ["-1", "0", "1"]);
    }

    #[test]
    fn no_values_and_equal_values_still_make_an_axis() {
        for values in [&[][..], &[0.0], &[7.0, 7.0], &[f64::NAN]] {
            let scale = Scale::around(values.iter().copied(), 4);
            assert!(scale.to > scale.from, "{values:?}");
            assert!(scale.place(0.0).is_finite());
        }
    }

    #[test]
    fn places_run_from_zero_to_one() {
        let scale = Scale::around([0.0, 100.0].into_iter(), 5);
        assert_eq!((scale.place(0.0), scale.place(50.0), scale.place(100.0)), (0.0, 0.5, 1.0));
    }
}
