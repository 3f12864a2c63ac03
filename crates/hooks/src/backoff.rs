//! When a delivery that failed is tried again.

use std::time::Duration;

/// Doubling pauses with jitter, and an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The first pause.
    pub first: Duration,
    /// The longest.
    pub max: Duration,
    /// Tries, after which a delivery is given up.
    pub attempts: u32,
}

impl Default for Backoff {
    /// From 1 s to 5 min in 30 tries: given up after about two hours, the length of an event.
    fn default() -> Self {
        Self { first: Duration::from_secs(1), max: Duration::from_secs(300), attempts: 30 }
    }
}

impl Backoff {
    /// The pause after the try with this number (from 1); `None` if it was the last.
    ///
    /// Between three and five quarters of the doubled pause, by `seed`: those that failed together do not come
    /// back together.
    #[must_use]
    pub fn pause(&self, attempt: u32, seed: u64) -> Option<Duration> {
        if attempt >= self.attempts {
            return None;
        }
        let doublings = attempt.saturating_sub(1).min(31);
        let full = self.first.saturating_mul(1 << doublings).min(self.max);
        let permille = 750 + u32::try_from(mix(seed) % 501).unwrap_or(250);
        Some(full / 1000 * permille)
    }
}

/// SplitMix64: every bit of the seed counts for every bit of the result.
const fn mix(seed: u64) -> u64 {
    let mut bits = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn pauses_double_up_to_the_longest_and_jitter_by_a_quarter(attempt in 1_u32..30, seed: u64) {
            let backoff = Backoff::default();
            let pause = backoff.pause(attempt, seed).unwrap();
            let full = Duration::from_secs(1 << (attempt - 1).min(20)).min(backoff.max);
            prop_assert!(pause >= full * 3 / 4 && pause <= full * 5 / 4, "{pause:?} of {full:?}");
        }
    }

    #[test]
    fn the_last_try_is_the_last() {
        let backoff = Backoff { attempts: 3, ..Backoff::default() };
        assert!(backoff.pause(2, 0).is_some());
        assert_eq!(backoff.pause(3, 0), None);
        assert_eq!(
            Backoff { attempts: u32::MAX, ..backoff }
                .pause(1000, 7)
                .map(|p| p <= backoff.max * 5 / 4),
            Some(true)
        );
    }

    #[test]
    fn seeds_scatter() {
        let backoff = Backoff::default();
        let pauses: std::collections::BTreeSet<_> =
            (0..100).map(|seed| backoff.pause(9, seed)).collect();
        assert!(pauses.len() > 50, "{}", pauses.len());
    }
}
